"""The rows of the catalogue as text for a terminal and as Markdown. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from pytest_smi.cli.catalogue_row import Row
from pytest_smi.core.catalogue import Assertion
from pytest_smi.reports.render.wording import API_TITLES

_NOBODY = "none that this release knows of"
_LEVELS = {
    "MUST": "the specification says so in its text",
    "MUST (derived)": "it follows from the specification's examples, schemas or purpose",
    "SHOULD": "recommended; fails a run only with --smi-fail-on=should",
    "unspecified": "the specification leaves it open: observed and reported, never failed",
}
_HEADER = """# Requirements

What the suite tests, and how each requirement is decided. Made by `pytest-smi catalogue --markdown`; do not edit.

*sent* is what the sample application does, *decides* what fails the mesh, *controls* what must hold for the verdict to
mean anything (else the row is errored). Names such as `a` and `srv` are those of the test. A denial is decided by the
server's journal: a request that is not in it never arrived, whatever the client was answered.
"""


def table_lines(records: Iterable[Assertion]) -> Iterator[str]:
    """Yield the table: one requirement with its clause on two lines."""
    for record in records:
        yield f"{record.requirement:<7} {record.api:<8} {record.level:<14} {record.statement}"
        yield f"{'':<31} {record.source}"


def row_lines(row: Row, width: int) -> Iterator[str]:
    """Yield everything about one requirement, for a terminal."""
    import textwrap

    yield from textwrap.wrap(f"{row.record.requirement}  {row.record.statement}", width, subsequent_indent=" " * 7)
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


def markdown(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the document: for each API its rows in full."""
    yield _HEADER
    for api, title in API_TITLES.items():
        own = [row for row in rows if row.record.api == api.value]
        yield f"## {title}\n"
        yield "| requirement | level | statement |\n|---|---|---|"
        for row in own:
            name = row.record.requirement
            yield f"| [{name}](#{name.lower()}) | {row.record.level} | {_cell(row.record.statement)} |"
        yield ""
        for row in own:
            yield f"### {row.record.requirement}\n\n{row.record.statement}\n"
            for label, texts in _parts(row, linked=True):
                yield f"- {label}: {texts[0]}" if len(texts) == 1 else f"- {label}:"
                yield from (f"  - {text}" for text in texts if len(texts) > 1)
            yield ""


def _parts(row: Row, *, linked: bool = False) -> Iterator[tuple[str, Sequence[str]]]:
    steps, record = row.steps, row.record
    code = _code if linked else str
    versions = "; ".join(f"{api} {', '.join(some)}" for api, some in row.versions.items())
    yield "level", [f"{record.level}: {_LEVELS[record.level]}"]
    yield (
        "clause",
        [
            (f"[{one.text}]({one.url})" if linked else f"{one.text}  {one.url}") if one.url else one.text
            for one in row.clauses
        ],
    )
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
