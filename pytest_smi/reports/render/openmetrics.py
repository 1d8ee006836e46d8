"""metrics.txt: the latest run of each mesh in the OpenMetrics text format, for a Prometheus to collect. Pure."""

from collections.abc import Iterable, Iterator

from pytest_smi.core.terms import Api, Status
from pytest_smi.matrix.matrix import Capability, Matrix, Run
from pytest_smi.reports.render.wording import latest_runs, moment

__all__ = ["openmetrics"]

_Sample = tuple[dict[str, str], float]


def openmetrics(matrix: Matrix) -> bytes:
    """Return the metrics: conformance, counts per API and status, capability, each judged requirement,
    and when the run finished."""
    runs = latest_runs(matrix)
    lines = [
        *_family(
            "smi_conformant", "gauge", "1 when the latest run of the mesh is conformant, else 0.", _conformant(runs)
        ),
        *_family("smi_results", "gauge", "Results of the latest run by API and status.", _results(runs)),
        *_family("smi_capability", "stateset", "How much of an API the mesh has.", _capability(runs)),
        *_family(
            "smi_requirement_held",
            "gauge",
            "1 when a requirement passed, 0 when it failed or errored.",
            _requirements(runs),
        ),
        *_family(
            "smi_run_finished_timestamp_seconds",
            "gauge",
            "When the latest run finished.",
            _finished(runs),
            unit="seconds",
        ),
        *_family(
            "smi_suite",
            "info",
            "The suite that ran.",
            [({"name": matrix.suite.name, "version": matrix.suite.version}, 1)],
        ),
        "# EOF",
    ]
    return ("\n".join(lines) + "\n").encode()


def _family(name: str, kind: str, text: str, samples: Iterable[_Sample], *, unit: str = "") -> Iterator[str]:
    yield f"# TYPE {name} {kind}"
    if unit:
        yield f"# UNIT {name} {unit}"
    yield f"# HELP {name} {text}"
    suffix = "_info" if kind == "info" else ""
    for labels, value in samples:
        inside = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        yield f"{name}{suffix}{{{inside}}} {value:.0f}"


def _mesh(run: Run) -> dict[str, str]:
    return {
        "mesh": run.mesh.name,
        "mesh_version": run.mesh.version,
        **({"variant": run.variant} if run.variant else {}),
    }


def _conformant(runs: Iterable[Run]) -> Iterator[_Sample]:
    yield from ((_mesh(run), int(run.conformant)) for run in runs)


def _results(runs: Iterable[Run]) -> Iterator[_Sample]:
    for run in runs:
        for api in Api:
            own = [entry.status for entry in run.results if entry.api is api]
            yield from (
                ({**_mesh(run), "api": str(api), "status": str(status)}, own.count(status)) for status in Status
            )


def _capability(runs: Iterable[Run]) -> Iterator[_Sample]:
    for run in runs:
        for api in Api:
            for one in Capability:
                yield {**_mesh(run), "api": str(api), "smi_capability": str(one)}, int(run.apis[api].capability is one)


def _requirements(runs: Iterable[Run]) -> Iterator[_Sample]:
    judged = {Status.PASSED: 1, Status.FAILED: 0, Status.ERRORED: 0}
    for run in runs:
        for entry in run.results:
            if entry.status in judged:
                labels = {
                    "requirement": entry.requirement,
                    "assertion": entry.id,
                    "level": str(entry.level),
                    "api": str(entry.api),
                }
                yield {**_mesh(run), **labels}, judged[entry.status]


def _finished(runs: Iterable[Run]) -> Iterator[_Sample]:
    for run in runs:
        when = moment(run.finished_at)
        if when is not None:
            yield _mesh(run), when.timestamp()


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
