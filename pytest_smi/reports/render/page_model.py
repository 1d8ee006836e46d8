"""What the page shows, decided: the table of meshes, the matrix, and the document that its script reads. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from pytest_smi.core.terms import Api, Level, Status
from pytest_smi.matrix.matrix import Entry, Matrix, Run
from pytest_smi.reports.render.badge import badge_svg
from pytest_smi.reports.render.history import WORST, by_requirement, history_of, keys_of, worst_of
from pytest_smi.reports.render.page_document import page_document
from pytest_smi.reports.render.page_records import Cell, Column, Group, Line, Links, Page, Row
from pytest_smi.reports.render.table import TABLE_FILE, table_csv
from pytest_smi.reports.render.wording import (
    API_TITLES,
    LEVEL_TITLES,
    data_url,
    moment,
    requirement_order,
    runs_by_mesh,
    visible,
)

__all__ = ["lines_of", "page_of"]

_MOST_MESHES = 60
_MOST_RUNS = 720
_MOST_RUNS_PER_MESH = 60
_LONGEST_TEXT = 4000


def page_of(
    matrix: Matrix,
    evidence: Mapping[str, bytes],
    statements: Mapping[str, str],
    *,
    links: Links,
    signed: bool = False,
    now: datetime | None = None,
    max_age: timedelta | None = None,
) -> Page:
    """Decide the page.

    `evidence`: path → bytes, as far as it is at hand. `signed`: the matrix was verified, so that meshes get badges.
    `max_age`: a mesh whose latest run is older is shown as stale.
    """
    lines = lines_of(matrix, now=now, max_age=max_age)
    columns = tuple(_column(line) for line in lines)
    # A page without results has no room for their words: there, what is seen is searched.
    said = not links.details
    found = [by_requirement(line.run.results) for line in lines]
    groups = tuple(group for api in Api if (group := _group(api, columns, found, statements, said)).levels)
    rows = [row for group in groups for _, _, listed in group.levels for row in listed]
    present = [{cell.status for cell in row.cells} for row in rows]
    badges = {line.name: badge_svg(line.run, now=now, max_age=max_age) for line in lines if signed}
    return Page(
        matrix=matrix,
        lines=lines,
        columns=columns,
        groups=groups,
        statuses=tuple((status, sum(status in found for found in present)) for status in Status),
        levels=tuple((level, count) for level in Level if (count := sum(row.level is level for row in rows))),
        rows=len(rows),
        left_out=len(runs_by_mesh(matrix)) - len(lines),
        runs=sum(len(line.history) for line in lines),
        links=links,
        files=tuple(_files(lines, links)),
        document=page_document(lines, rows, evidence, links, {} if links.badges else badges),
    )


def lines_of(matrix: Matrix, *, now: datetime | None = None, max_age: timedelta | None = None) -> tuple[Line, ...]:
    """Return the meshes of a matrix with their history, as many as a page shows."""
    grouped = runs_by_mesh(matrix)
    meshes = list(grouped)[:_MOST_MESHES]
    # The latest run of each mesh has its place; what is left is shared out among the earlier ones.
    kept = max(1, min(_MOST_RUNS_PER_MESH, _MOST_RUNS // max(1, len(meshes))))
    keys = keys_of(matrix.runs)
    # What only earlier runs had is not asked any more.
    asked = {entry.requirement for mesh in meshes for entry in grouped[mesh][0].results}
    requirements = sorted(asked, key=requirement_order)
    return tuple(
        Line(
            index=index,
            name=visible(mesh),
            history=history_of(grouped[mesh][:kept], keys, requirements),
            claims=tuple((api, grouped[mesh][0].apis[api]) for api in Api),
            stale=_is_stale(grouped[mesh][0], now or datetime.now(UTC), max_age),
        )
        for index, mesh in enumerate(meshes)
    )


def _is_stale(run: Run, now: datetime, max_age: timedelta | None) -> bool:
    finished = moment(run.finished_at)
    return max_age is not None and (finished is None or now - finished > max_age)


def _files(lines: Sequence[Line], links: Links) -> Iterable[tuple[str, str, str]]:
    if links.beside:
        yield "matrix.json", "matrix.json", ""
    if links.table:
        yield "Table as CSV", links.table, ""
    else:
        yield "Table as CSV", data_url("text/csv", table_csv(lines)), TABLE_FILE


def _column(line: Line) -> Column:
    return Column(
        index=line.index,
        line=line,
        broken=_sorted(entry for entry in line.run.results if entry.status in (Status.FAILED, Status.ERRORED)),
        observed=_sorted(entry for entry in line.run.results if entry.status is Status.OBSERVED),
    )


def _group(
    api: Api,
    columns: Sequence[Column],
    found: Sequence[Mapping[str, list[Entry]]],
    statements: Mapping[str, str],
    said: bool,
) -> Group:
    levels_of: dict[str, Level] = {}
    for results in found:
        for requirement, entries in results.items():
            if entries[0].api is api:
                levels_of.setdefault(requirement, entries[0].level)
    rows = [
        _row(requirement, level, columns, found, statements, said)
        for requirement, level in sorted(levels_of.items(), key=lambda pair: requirement_order(pair[0]))
    ]
    levels = tuple(
        (level, LEVEL_TITLES[level], own)
        for level in Level
        if (own := tuple(row for row in rows if row.level is level))
    )
    claims = tuple((column, column.run.apis[api]) for column in columns)
    versions = ", ".join(sorted({claim.version for _, claim in claims if claim.version}))
    return Group(api=api, title=API_TITLES[api], versions=versions, columns=claims, levels=levels)


def _row(
    requirement: str,
    level: Level,
    columns: Sequence[Column],
    found: Sequence[Mapping[str, list[Entry]]],
    statements: Mapping[str, str],
    said: bool,
) -> Row:
    cells, words = [], [requirement, statements.get(requirement, "")]
    for column, results in zip(columns, found, strict=True):
        entries = results.get(requirement, [])
        cells.append(Cell(column=column, status=worst_of(entries)))
        words += [piece for entry in entries for piece in (entry.id, entry.reason, entry.reading or "", entry.source)]
    text = " ".join(dict.fromkeys(" ".join(words).lower().split()))
    statement = statements.get(requirement, "") or requirement
    return Row(
        requirement=requirement,
        statement=statement,
        level=level,
        cells=tuple(cells),
        text=text[:_LONGEST_TEXT] if said else "",
    )


def _sorted(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    return tuple(
        sorted(entries, key=lambda entry: (WORST.index(entry.status), requirement_order(entry.requirement), entry.id))
    )
