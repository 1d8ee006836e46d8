"""summary.md for people and summary.json for dashboards: the verdict per mesh, without the single results. Pure."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pytest_smi.core.canonical import canonical_bytes
from pytest_smi.core.terms import Api, Status
from pytest_smi.matrix.matrix import Matrix, Run
from pytest_smi.reports.render.wording import (
    API_TITLES,
    conformance_word,
    counts_text,
    latest_runs,
    moment,
    run_label,
    runs_by_mesh,
    visible,
)

__all__ = ["SUMMARY_SCHEMA_VERSION", "summary_json", "summary_markdown"]

SUMMARY_SCHEMA_VERSION = 1
"""Version of the form of summary.json; fields may be added without a new one."""
_MOST_LISTED = 200


def summary_json(matrix: Matrix, *, matrix_sha256: str, signer: str | None) -> bytes:
    """Return a flat document: one object per run, scalars only.

    `signer`: fingerprint of the key that verified the matrix, or None.
    """
    latest = {run.nonce for run in latest_runs(matrix)}
    return canonical_bytes(
        {
            "schemaVersion": SUMMARY_SCHEMA_VERSION,
            "generatedAt": matrix.generated_at,
            "suite": matrix.suite.name,
            "suiteVersion": matrix.suite.version,
            "matrixSha256": matrix_sha256,
            "verifiedSigner": signer,
            "runs": [_flat(run, run.nonce in latest) for runs in runs_by_mesh(matrix).values() for run in runs],
        }
    )


def _flat(run: Run, latest: bool) -> dict[str, Any]:
    flat: dict[str, Any] = {
        "mesh": run.mesh.name,
        "meshVersion": run.mesh.version,
        "variant": run.variant,
        "kubernetes": run.kubernetes,
        "latest": latest,
        "conformant": run.conformant,
        "restrictedReasons": len(run.restricted),
        "startedAt": run.started_at,
        "finishedAt": run.finished_at,
        "nonce": run.nonce,
        "results": len(run.results),
    }
    flat |= {str(status): run.summary[status] for status in Status}
    for api in Api:
        claim = run.apis[api]
        flat[f"{api}Version"] = claim.version
        flat[f"{api}Capability"] = str(claim.capability)
        own = [entry.status for entry in run.results if entry.api is api]
        flat[f"{api}Passed"] = own.count(Status.PASSED)
        flat[f"{api}Failed"] = own.count(Status.FAILED)
        flat[f"{api}Errored"] = own.count(Status.ERRORED)
    return flat


def summary_markdown(matrix: Matrix, statements: Mapping[str, str], *, signer: str | None) -> bytes:
    """Return a page for a pull request or a job summary: verdicts, capability,
    and everything that did not pass in the latest runs."""
    return ("\n".join(_page(matrix, statements, signer)) + "\n").encode()


def _page(matrix: Matrix, statements: Mapping[str, str], signer: str | None) -> Iterator[str]:
    grouped = runs_by_mesh(matrix)
    yield "# Service Mesh Interface compatibility"
    yield ""
    yield f"| mesh | Kubernetes | {' | '.join(API_TITLES[api] for api in Api)} | verdict |"
    yield "|---|---|" + "---|" * (len(Api) + 1)
    for runs in grouped.values():
        yield _row(runs[0])
    for runs in grouped.values():
        yield from _details(runs[0], statements)
    if any(len(runs) > 1 for runs in grouped.values()):
        yield from _history(grouped)
    yield ""
    yield "---"
    yield f"{_md(matrix.suite.name)} {_md(matrix.suite.version)}, written {_md(matrix.generated_at)}."
    yield f"Matrix verified, signed by {_md(signer)}." if signer else "This page was made without verifying the matrix."


def _row(run: Run) -> str:
    cells = [_md(run_label(run)), _md(run.kubernetes)]
    for api in Api:
        claim = run.apis[api]
        cells.append(f"{claim.capability}" + (f" ({_md(claim.version)})" if claim.version else ""))
    cells.append(f"{'✅' if run.conformant else '❌'} {conformance_word(run)}")
    return "| " + " | ".join(cells) + " |"


def _details(run: Run, statements: Mapping[str, str]) -> Iterator[str]:
    yield ""
    yield f"## {_md(run_label(run))}"
    yield ""
    yield f"{conformance_word(run).capitalize()}: {counts_text(run.results)}. Finished {_md(run.finished_at)}."
    if run.restricted:
        yield ""
        yield from (f"- not conformant because {_md(reason)}" for reason in run.restricted)
    for status in (Status.FAILED, Status.ERRORED):
        broken = [entry for entry in run.results if entry.status is status]
        if broken:
            yield ""
            yield f"### {status.capitalize()} ({len(broken)})"
            yield ""
            for entry in broken[:_MOST_LISTED]:
                yield (
                    f"- **{_md(entry.requirement)}** ({entry.level}) {_md(statements.get(entry.requirement, entry.id))}"
                )
                yield f"  {_md(entry.reason) or 'no reason given'}"
            if len(broken) > _MOST_LISTED:
                yield f"- and {len(broken) - _MOST_LISTED} more"
    seen = [entry for entry in run.results if entry.status is Status.OBSERVED]
    if seen:
        yield ""
        yield f"### Observed ({len(seen)}), where the specification leaves it open"
        yield ""
        for entry in seen[:_MOST_LISTED]:
            yield f"- **{_md(entry.requirement)}** {_md(entry.reading or entry.reason)}"


def _history(grouped: Mapping[str, tuple[Run, ...]]) -> Iterator[str]:
    yield ""
    yield "## Earlier runs"
    yield ""
    yield "| mesh | finished | verdict | results |"
    yield "|---|---|---|---|"
    for runs in grouped.values():
        for run in sorted(runs[1:51], key=lambda one: moment(one.finished_at) is None):
            yield (
                f"| {_md(run_label(run))} | {_md(run.finished_at)} | {conformance_word(run)} | "
                f"{counts_text(run.results)} |"
            )


def _md(text: str | None) -> str:
    """Return text as Markdown shows it: one line, nothing in it is markup."""
    flat = re.sub(r"([\\`*_{}\[\]()#|~!@])", r"\\\1", " ".join(visible(text or "").split()))
    return flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
