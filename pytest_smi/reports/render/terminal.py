"""The summary that pytest prints at the end of a run, as lines of text with the name of a style each. Pure:
nothing is printed here.

Styles, which the caller turns into colours or ignores: `title`, `good`, `bad`, `warn`, `plain`, `dim`. A line never is
wider than the width given unless a single word is.
"""

import textwrap
from collections import defaultdict
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Literal

from pytest_smi.core.printable import printable
from pytest_smi.core.terms import Status
from pytest_smi.matrix.matrix import Capability, Entry, Matrix, Run
from pytest_smi.reports.render.failure import Failure, failure_rows, failures_of
from pytest_smi.reports.render.wording import counts_text, notes_of, run_label

__all__ = ["Line", "Style", "summary_lines"]

Style = Literal["title", "good", "bad", "warn", "plain", "dim"]
Line = tuple[Style, str]

_CAPABILITY: dict[Capability, Style] = {
    Capability.FULL: "good",
    Capability.PARTIAL: "warn",
    Capability.NONE: "bad",
    Capability.NOT_CLAIMED: "dim",
}
_MOST_GROUPED = 12
"""Requirements listed per reason before the rest is only counted."""


def summary_lines(
    matrix: Matrix,
    *,
    report: str,
    fingerprint: str | None,
    statements: Mapping[str, str] = MappingProxyType({}),
    evidence: Mapping[str, bytes] = MappingProxyType({}),
    width: int = 100,
    partial: str = "",
) -> Iterator[Line]:
    """Return the lines of the summary. `report`: the folder written, as the user knows it. `fingerprint`: of the key,
    None if unsigned.

    `statements`: requirement → its sentence. `evidence`: path → bytes, from which each failure is told.
    `partial`: what is to be said of a run of a part of the catalogue, once; empty for a whole run.
    """
    lines = _lines(
        matrix, report, fingerprint, max(60, min(width, 120)), statements, failures_of(matrix, evidence), partial
    )
    # The one way out: strings of the mesh and of its cluster may hold what a terminal obeys.
    yield from ((style, printable(line)) for style, line in lines)


def _lines(
    matrix: Matrix,
    report: str,
    fingerprint: str | None,
    width: int,
    statements: Mapping[str, str],
    failures: Mapping[str, Failure],
    partial: str,
) -> Iterator[Line]:
    for run in matrix.runs:
        yield from _run(run, report, width, statements, failures, partial)
        yield ("plain", "")
    if partial:
        yield from _wrapped("warn", "", f"{partial}: no capability and no conformance is claimed", width)
        yield ("plain", "")
    yield ("plain", f"Report  {report}")
    if fingerprint is None:
        yield ("warn", "Signed  no")
    else:
        yield ("plain", f"Signed  {fingerprint}")
        yield ("dim", f"        pytest-smi verify {report} --key {report.rstrip('/')}/signing-key.pub.pem")


def _run(
    run: Run, report: str, width: int, statements: Mapping[str, str], failures: Mapping[str, Failure], partial: str
) -> Iterator[Line]:
    yield ("title", f"{run_label(run)} on Kubernetes {run.kubernetes}".replace("  ", " "))
    yield from _rows_of_a_part(run, width) if partial else _apis(run, width)
    for note in notes_of(run):
        yield from _wrapped("dim", "  note     ", note, width)
    broken: tuple[tuple[Status, Style], ...] = ((Status.FAILED, "bad"), (Status.ERRORED, "warn"))
    for status, style in broken:
        yield from _broken(run, status, style, report, width, statements, failures)
    for status, title in ((Status.UNSUPPORTED, "Unsupported"), (Status.SKIPPED, "Skipped")):
        yield from _grouped(run, status, title, width)
    yield from _observed(run, width)
    verdict = list(_restricted(run, width, partial) if partial else _verdict(run, width))
    if verdict:
        yield ("plain", "")
    yield from verdict


def _apis(run: Run, width: int) -> Iterator[Line]:
    for api, claim in run.apis.items():
        own = [entry for entry in run.results if entry.api is api]
        if claim.version is None and not own:
            continue
        counts = counts_text(own)
        lead = f"  {api:<8} {claim.version or '-':<9} {claim.capability:<11} "
        yield from _wrapped(_CAPABILITY[claim.capability], lead, counts or "nothing ran", width)


def _rows_of_a_part(run: Run, width: int) -> Iterator[Line]:
    for api, claim in run.apis.items():
        counts = counts_text(entry for entry in run.results if entry.api is api)
        if counts:
            yield from _wrapped("plain", f"  {api:<8} {claim.version or '-':<9} ", counts, width)


def _broken(
    run: Run,
    status: Status,
    style: Style,
    report: str,
    width: int,
    statements: Mapping[str, str],
    failures: Mapping[str, Failure],
) -> Iterator[Line]:
    entries = [entry for entry in run.results if entry.status is status]
    if not entries:
        return
    yield ("plain", "")
    yield (style, f"  {status.capitalize()} ({len(entries)})")
    for entry in entries:
        yield from _wrapped(
            style, f"  {entry.requirement:<6} {entry.level}  ", statements.get(entry.requirement, entry.id), width
        )
        for label, text in failure_rows(run, entry, failures, report=report):
            yield from _wrapped(
                "dim" if label in ("repeat", "evidence", "clause") else "plain", f"    {label:<9} ", text, width
            )


def _named(entry: Entry) -> str:
    # The id is worth its place only where it says more than the requirement does.
    return "" if entry.id == entry.requirement else f"{entry.id}: "


def _grouped(run: Run, status: Status, title: str, width: int) -> Iterator[Line]:
    reasons: defaultdict[str, list[str]] = defaultdict(list)
    for entry in run.results:
        if entry.status is status and entry.requirement not in reasons[entry.reason]:
            reasons[entry.reason].append(entry.requirement)
    total = run.summary[status]
    if not total:
        return
    yield ("plain", "")
    yield ("plain", f"  {title} ({total})")
    for reason, requirements in sorted(reasons.items(), key=lambda pair: (-len(pair[1]), pair[0])):
        if requirements:
            more = f" and {len(requirements) - _MOST_GROUPED} more" if len(requirements) > _MOST_GROUPED else ""
            yield from _wrapped(
                "dim", "  ", f"{reason or 'no reason given'}: {', '.join(requirements[:_MOST_GROUPED])}{more}", width
            )


def _observed(run: Run, width: int) -> Iterator[Line]:
    entries = [entry for entry in run.results if entry.status is Status.OBSERVED]
    if not entries:
        return
    yield ("plain", "")
    yield ("plain", f"  Observed ({len(entries)}), where the specification leaves it open")
    for entry in entries:
        yield from _wrapped(
            "dim", f"  {entry.requirement:<6} ", _named(entry) + (entry.reading or entry.reason or "no reading"), width
        )


def _verdict(run: Run, width: int) -> Iterator[Line]:
    counts = ", ".join(f"{count} {status}" for status, count in run.summary.items() if count) or "nothing ran"
    style: Style = "good" if run.conformant else "bad" if run.summary[Status.FAILED] else "warn"
    yield (style, f"  {'Conformant' if run.conformant else 'Not conformant'}: {counts}")
    advised = run.recommendations
    if advised.met or advised.unmet:
        yield ("warn" if advised.unmet else "plain", f"  Recommendations: {advised.met} met, {advised.unmet} not met")
    if not run.conformant:
        yield from _restricted(run, width, "")


def _restricted(run: Run, width: int, partial: str) -> Iterator[Line]:
    for reason in run.restricted:
        if reason != partial:
            yield from _wrapped("warn", "  restricted: " if partial else "    because ", reason, width)


def _wrapped(style: Style, lead: str, text: str, width: int) -> Iterator[Line]:
    indent = " " * len(lead)
    flat = " ".join(text.split())
    lines = textwrap.wrap(
        flat, width, initial_indent=lead, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    yield from ((style, line) for line in lines)
