"""The rows of the catalogue as text for a terminal and as Markdown. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from pytest_smi.cli.catalogue_row import Row
from pytest_smi.core.catalogue import Assertion
from pytest_smi.core.clauses import Clause, clauses_of
from pytest_smi.core.informative import WORD, Informative
from pytest_smi.reports.render.wording import API_TITLES

_NOBODY = "none that this release knows of"
_LEVELS = {
    "MUST": "the specification says so in its text",
    "MUST (derived)": "it follows from the specification's examples, schemas or purpose",
    "SHOULD": "recommended; fails a run only with --smi-fail-on=should",
    "unspecified": "the specification leaves it open: observed and reported, never failed",
    WORD: "no test can decide it: it gets no verdict",
}
_HEADER = """# Requirements

What the suite tests, and how each requirement is decided. Made by `pytest-smi catalogue --markdown`; do not edit.

*sent* is what the sample application does, *decides* what fails the mesh, *controls* what must hold for the verdict to
mean anything (else the row is errored). Names such as `a` and `srv` are those of the test. A denial is decided by the
server's journal: a request that is not in it never arrived, whatever the client was answered.
"""


def table_lines(records: Iterable[Assertion | Informative]) -> Iterator[str]:
    """Yield the table: one requirement with its clause on two lines."""
    for record in records:
        yield f"{record.requirement:<7} {record.api:<8} {record.level:<14} {record.statement}"
        yield f"{'':<31} {record.source}"


def row_lines(row: Row | Informative, width: int) -> Iterator[str]:
    """Yield everything about one requirement, for a terminal."""
    import textwrap

    record = _record(row)
    yield from textwrap.wrap(f"{record.requirement}  {record.statement}", width, subsequent_indent=" " * 7)
    for label, texts in _parts(row):
        for number, text in enumerate(texts):
            lead = f"  {'' if number else label:<11} "
            yield from textwrap.wrap(
                text,
                width,
                initial_indent=lead,
                subsequent_indent=" " * len(lead),
                break_long_words=False,
                break_on_hyphens=False,
            )


def markdown(rows: Sequence[Row | Informative]) -> Iterator[str]:
    """Yield the document: for each API its rows in full."""
    yield _HEADER
    for api, title in API_TITLES.items():
        own = [(row, record) for row in rows if (record := _record(row)).api == api.value]
        yield f"## {title}\n"
        yield "| requirement | level | statement |\n|---|---|---|"
        for _, record in own:
            name = record.requirement
            yield f"| [{name}](#{name.lower()}) | {record.level} | {_cell(record.statement)} |"
        yield ""
        for row, record in own:
            yield f"### {record.requirement}\n\n{record.statement}\n"
            for label, texts in _parts(row, linked=True):
                yield f"- {label}: {texts[0]}" if len(texts) == 1 else f"- {label}:"
                yield from (f"  - {text}" for text in texts if len(texts) > 1)
            yield ""


def _record(row: Row | Informative) -> Assertion | Informative:
    return row if isinstance(row, Informative) else row.record


def _parts(row: Row | Informative, *, linked: bool = False) -> Iterator[tuple[str, Sequence[str]]]:
    record = _record(row)
    yield "level", [f"{record.level}: {_LEVELS[record.level]}"]
    if isinstance(row, Informative):
        yield "clause", _places(clauses_of(row.source), linked)
        yield "versions", [f"{row.api} {', '.join(row.versions)}"]
        yield "why", [row.reason]
        return
    yield "clause", _places(row.clauses, linked)
    yield from _parts_of_assertion(row, linked)


def _places(clauses: Iterable[Clause], linked: bool) -> list[str]:
    return [
        (f"[{one.text}]({one.url})" if linked else f"{one.text}  {one.url}") if one.url else one.text for one in clauses
    ]


def _parts_of_assertion(row: Row, linked: bool) -> Iterator[tuple[str, Sequence[str]]]:
    steps, record = row.steps, row.record
    code = _code if linked else str
    versions = "; ".join(f"{api} {', '.join(some)}" for api, some in row.versions.items())
    yield "versions", [versions]
    if record.features:
        yield "features", [f"{', '.join(record.features)} (in the profile of the mesh)"]
    for label, texts in (
        ("sent", steps.sent),
        ("decides", steps.decides),
        ("controls", steps.controls),
        ("readings", steps.readings),
    ):
        if texts:
            yield label, [code(text) for text in texts]
    module, _, function = record.name.partition("::")
    yield "test", [f"{code_name(linked, f'conformance/test_{module}.py')} test_{function}"]
    faults = [f"{code_name(linked, name)}: {code(description)}" for name, description in row.faults]
    yield "broken by", faults or ["no fault of the reference mesh"]
    deviations = [
        f"{one.mesh}: {code(one.what)}{f' ({code(one.source)})' if one.source else ''}" for one in row.deviations
    ]
    yield "deviations", deviations or [_NOBODY]


def code_name(linked: bool, text: str) -> str:
    """Return a name as code where the output is Markdown."""
    return f"`{text}`" if linked else text


def _code(text: str) -> str:
    """Text for Markdown: what it would take for markup is escaped, what stands in backticks stays."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(part if part.startswith("`") else re.sub(r"([*_<>\[\]])", r"\\\1", part) for part in parts)


def _cell(text: str) -> str:
    return _code(text).replace("|", "\\|")
