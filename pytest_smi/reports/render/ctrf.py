"""ctrf.json: the results in the Common Test Report Format. What the format has no place for goes to `labels`
and `extra`. Pure.

`errored` becomes `failed`, since a reader that counts failures must not take it for good;
`rawStatus` always has our own word.
"""

import uuid
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pytest_smi.core.canonical import canonical_bytes
from pytest_smi.core.terms import Status
from pytest_smi.core.uris import CTRF_NAMESPACE
from pytest_smi.matrix.matrix import Entry, Matrix, Run
from pytest_smi.reports.render.failure import Failure, failure_rows
from pytest_smi.reports.render.wording import API_TITLES, latest_runs, moment, run_label

__all__ = ["ctrf_json"]

_SPEC = "0.0.0"
"""Version of the format's specification that the file follows."""
_NAMES = uuid.uuid5(uuid.NAMESPACE_URL, CTRF_NAMESPACE)
_STATUS = {
    Status.PASSED: "passed",
    Status.FAILED: "failed",
    Status.ERRORED: "failed",
    Status.UNSUPPORTED: "skipped",
    Status.SKIPPED: "skipped",
    Status.OBSERVED: "other",
}


def ctrf_json(
    matrix: Matrix,
    statements: Mapping[str, str],
    *,
    matrix_sha256: str,
    failures: Mapping[str, Failure] = MappingProxyType({}),
) -> bytes:
    """Return the latest run of each mesh, as one report."""
    runs = latest_runs(matrix)
    tests = [_test(run, entry, statements, failures) for run in runs for entry in run.results]
    statuses = [test["status"] for test in tests]
    start, stop = (
        min(_milliseconds(run.started_at) for run in runs),
        max(_milliseconds(run.finished_at) for run in runs),
    )
    summary: dict[str, Any] = {"tests": len(tests), "start": start, "stop": stop, "duration": max(0, stop - start)}
    summary |= {name: statuses.count(name) for name in ("passed", "failed", "skipped", "pending", "other")}
    report: dict[str, Any] = {
        "reportFormat": "CTRF",
        "specVersion": _SPEC,
        "reportId": str(uuid.uuid5(_NAMES, matrix_sha256)),
        "generatedBy": f"{matrix.suite.name} {matrix.suite.version}",
        "results": {
            "tool": {
                "name": matrix.suite.name,
                "version": matrix.suite.version,
                "extra": {"suiteSha256": matrix.suite.digest},
            },
            "summary": summary,
            "tests": tests,
            "environment": _environment(runs),
        },
        "extra": {"matrixSha256": matrix_sha256},
    }
    written = moment(matrix.generated_at)
    if written is not None:
        report["timestamp"] = written.isoformat()
    return canonical_bytes(report)


def _test(run: Run, entry: Entry, statements: Mapping[str, str], failures: Mapping[str, Failure]) -> dict[str, Any]:
    labels: dict[str, Any] = {
        "requirement": entry.requirement,
        "level": str(entry.level),
        "api": str(entry.api),
        "apiVersion": entry.version,
        "source": entry.source,
        "mesh": run_label(run),
        **({"variant": run.variant} if run.variant else {}),
    }
    if entry.reading is not None:
        labels["reading"] = entry.reading
    test: dict[str, Any] = {
        "id": str(uuid.uuid5(_NAMES, f"{run.name}/{entry.id}")),
        "name": f"{entry.requirement} {statements.get(entry.requirement, entry.id)}",
        "status": _STATUS[entry.status],
        "rawStatus": str(entry.status),
        "duration": round(entry.duration * 1000),
        "suite": [run_label(run), API_TITLES[entry.api]],
        "tags": [str(entry.api), str(entry.level)],
        "labels": labels,
        "extra": {"assertion": entry.id},
    }
    if entry.reason:
        test["message"] = entry.reason
    if entry.status in (Status.FAILED, Status.ERRORED):
        test["trace"] = "\n".join(f"{label:<9} {text}" for label, text in failure_rows(run, entry, failures))
    if entry.evidence is not None:
        test["attachments"] = [
            {
                "name": "evidence",
                "contentType": "application/json",
                "path": entry.evidence.path,
                "extra": {"sha256": entry.evidence.sha256},
            }
        ]
    return test


def _environment(runs: tuple[Run, ...]) -> dict[str, Any]:
    environment: dict[str, Any] = {
        "reportName": "Service Mesh Interface compatibility",
        "healthy": all(run.conformant for run in runs),
        "extra": {
            run_label(run): {"kubernetes": run.kubernetes, "nonce": run.nonce, "restricted": list(run.restricted)}
            for run in runs
        },
    }
    if len(runs) == 1:
        environment |= {"appName": runs[0].mesh.name, "appVersion": runs[0].mesh.version}
    return environment


def _milliseconds(text: str) -> int:
    when = moment(text)
    return 0 if when is None else round(when.timestamp() * 1000)
