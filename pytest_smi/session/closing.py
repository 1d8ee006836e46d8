"""The last words of a run on the terminal: the summary of its matrix, and what the matrix does not say."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_smi.core.printable import printable
from pytest_smi.matrix.matrix import Matrix
from pytest_smi.session.results import ResultCollector

if TYPE_CHECKING:
    from pytest_smi.reports.render.terminal import Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The report that was written."""

    matrix: Matrix
    evidence: Mapping[str, bytes]
    statements: Mapping[str, str]
    folder: Path
    fingerprint: str
    moved: Path | None
    """Where an older report was moved to."""
    new_key: str
    """Where a signing key was made for this run; empty: there was one."""


def closing_lines(collector: ResultCollector, written: Written | None, *, selected_nothing: str = "") -> Iterator[Line]:
    """Return the lines, each with the name of its style.

    `written`: None where no report came of the run. `selected_nothing`: what to look at where nothing was selected.
    """
    lines = _without_report(collector, selected_nothing) if written is None else _of_report(collector, written)
    yield from lines
    yield from ((style, printable(line)) for style, line in _beside(collector))


def _of_report(collector: ResultCollector, written: Written) -> Iterator[Line]:
    from pytest_smi.reports.render.terminal import summary_lines

    partial = collector.coverage is not None and collector.coverage.partial
    yield from summary_lines(
        written.matrix,
        report=str(written.folder),
        fingerprint=written.fingerprint,
        statements=written.statements,
        evidence=written.evidence,
        partial=str(collector.coverage) if partial else "",
    )
    if written.moved is not None:
        yield "plain", printable(f"        the older report is in {written.moved}")
    if written.new_key:
        yield "plain", printable(f"        a signing key of your own was made: {written.new_key}")


def _without_report(collector: ResultCollector, selected_nothing: str) -> Iterator[Line]:
    yield "bad", "no result, so no matrix was written"
    if collector.coverage is not None and not collector.coverage.collected:
        yield "bad", printable(selected_nothing)


def _beside(collector: ResultCollector) -> Iterator[Line]:
    if known := sorted({f"{result.requirement} ({result.mesh})" for result in collector.known_failures()}):
        yield "warn", f"Known   {len(known)} failure(s) of the baseline: {', '.join(known)}"
    for line in collector.unmet_recommendations():
        yield "warn", line
    if kept := collector.targets.kept:
        given = collector.options.kubeconfig
        cluster = f" --kubeconfig={shlex.quote(str(given))}" if given else ""
        yield "plain", f"Kept    {', '.join(kept)}"
        yield "plain", f"        look at it: kubectl{cluster} get pods,services,events -n {kept[0].split()[0]}"
        yield "plain", f"        remove it:  pytest-smi clean{cluster}"
    for line in collector.closed_gaps():
        yield "warn", line
    for line in collector.silent():
        yield "bad", line
    for problem in collector.problems:
        yield "bad", f"problem: {problem}"
