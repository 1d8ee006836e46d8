"""Truth tables and counterexamples in words, as people read them: rows are clients, columns are requests. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence

from pytest_smi.core.printable import printable
from pytest_smi.explore.case import Ask
from pytest_smi.explore.table import Disagreement, Expected, Seen, Table
from pytest_smi.matrix.exploration import Cell, Counterexample, Exploration
from pytest_smi.oracle.words import percent


def cells(table: Table, seen: Mapping[Ask, Seen], wrong: Sequence[Disagreement]) -> tuple[Cell, ...]:
    """Return the truth table with what was seen of it."""
    marks = {one.ask: str(one.fault) for one in wrong}
    return tuple(
        Cell(
            client=ask.client,
            request=ask.words,
            expected=expected_words(wanted),
            seen=seen_words(seen.get(ask, Seen())),
            mark=marks.get(ask, ""),
        )
        for ask, wanted in table.items()
    )


def expected_words(wanted: Expected) -> str:
    """`allowed`, `denied`, `open (AMB-1)`, with the shares of a split."""
    if wanted.questions and wanted.verdict.value == "open":
        return f"open ({', '.join(wanted.questions)})"
    if wanted.weights is not None:
        parts = ", ".join(f"{server} {percent(part)}" for server, part in wanted.weights.items())
        return f"{wanted.verdict}: {parts}"
    return f"{wanted.verdict}" + (f": each of {', '.join(sorted(wanted.each))}" if wanted.each else "")


def seen_words(seen: Seen) -> str:
    """`3 of 3 arrived at t1/v1:8080`."""
    if not seen.sent:
        return "not sent"
    if not seen.arrivals:
        return f"0 of {seen.sent} arrived"
    total = sum(seen.arrivals.values())
    places = ", ".join(
        f"{server}:{port}" + (f" {number}" if len(seen.arrivals) > 1 else "")
        for (server, port), number in sorted(seen.arrivals.items())
    )
    lost = f", {seen.sent - seen.delivered} not answered" if seen.delivered < min(seen.sent, total) else ""
    return f"{total} of {seen.sent} arrived at {places}{lost}"


def table_text(table: Sequence[Cell]) -> str:
    """Return expected and actual side by side: a row for each client, two columns for each request."""
    requests = list(dict.fromkeys(cell.request for cell in table))
    clients = list(dict.fromkeys(cell.client for cell in table))
    found = {(cell.client, cell.request): cell for cell in table}
    lines: list[str] = []
    for request in requests:
        rows = [("", "expected", "actual", "")]
        for client in clients:
            cell = found.get((client, request))
            if cell is not None:
                rows.append((client, cell.expected, cell.seen, cell.mark.upper()))
        widths = [max(len(row[at]) for row in rows) for at in range(4)]
        lines.append(request)
        lines += [
            "  " + "  ".join(part.ljust(width) for part, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]
    return printable_lines(lines)


def printable_lines(lines: Sequence[str]) -> str:
    """Return lines that cannot steer a terminal."""
    return "\n".join(printable(line) for line in lines)


def summary(exploration: Exploration, *, folder: str = "counterexamples") -> Iterator[tuple[str, str]]:
    """Yield (style, line) for the terminal: one line for what was done, then each counterexample."""
    found = len(exploration.counterexamples)
    done = (
        f"Explored  {exploration.worlds} worlds, {exploration.states} states, {exploration.requests:,} requests in "
        f"{exploration.seconds:.0f} s, seed {exploration.seed}: "
        + (f"{found} counterexample{'s' if found > 1 else ''}" if found else "no counterexample")
    )
    yield ("bad" if found else "good", done)
    if exploration.stopped not in ("time", "count"):
        yield "warn", f"          ended early: {exploration.stopped}"
    if exploration.unsettled:
        yield (
            "warn",
            f"          states that did not converge: {exploration.unsettled}; the mesh kept changing its answers",
        )
    for requirement, times in exploration.declared.items():
        yield "plain", f"          {times} of the declared gap {requirement}, not reported"
    for note in exploration.notes:
        yield "plain", f"          {note}"
    for one in exploration.counterexamples:
        yield from _counterexample(one, folder)


def _counterexample(one: Counterexample, folder: str) -> Iterator[tuple[str, str]]:
    fits = f" ({one.requirement})" if one.requirement else ""
    for line in textwrap.wrap(printable(f"{one.number}  {one.summary}{fits}"), 94, subsequent_indent="   "):
        yield "bad", f"  {line}"
    yield "dim", f"     repeat: --smi-replay {folder}/{one.number}"
