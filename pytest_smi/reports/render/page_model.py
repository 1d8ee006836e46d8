"""What the page shows, decided: columns, rows, groups, cells, cards and the document that its script reads. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pytest_smi.core.terms import Api, Level, Status
from pytest_smi.matrix.matrix import Entry, Matrix, Run
from pytest_smi.reports.render.clauses import clauses_of
from pytest_smi.reports.render.page_evidence import EvidencePool
from pytest_smi.reports.render.page_records import ApiLine, Cell, Column, Group, Page, Past, Row
from pytest_smi.reports.render.wording import API_TITLES, LEVEL_TITLES, requirement_order, runs_by_mesh

__all__ = ["page_of"]

_MOST_MESHES = 60
_MOST_COLUMNS = 90
_MOST_EARLIER_COLUMNS = 5
_MOST_RUNS = 150
_MOST_RUNS_PER_MESH = 20
_LONGEST_TEXT = 4000
_WORST = (Status.FAILED, Status.ERRORED, Status.SKIPPED, Status.UNSUPPORTED, Status.OBSERVED, Status.PASSED)
_LEVELS = tuple(Level)


def page_of(
    matrix: Matrix, evidence: Mapping[str, bytes], statements: Mapping[str, str], *, evidence_links: bool
) -> Page:
    """Decide the page.

    `evidence`: path → bytes, as far as it is at hand. `evidence_links`: the evidence lies beside the page.
    """
    grouped = runs_by_mesh(matrix)
    meshes = list(grouped)[:_MOST_MESHES]
    # The latest run of each mesh has its place; what is left is shared out among the earlier ones.
    kept = max(1, min(_MOST_RUNS_PER_MESH, _MOST_RUNS // max(1, len(meshes))))
    wide = max(1, min(1 + _MOST_EARLIER_COLUMNS, _MOST_COLUMNS // max(1, len(meshes))))
    runs = [run for mesh in meshes for run in grouped[mesh][:kept]]
    index = {run.nonce: number for number, run in enumerate(runs)}
    columns = tuple(
        _column(run, index, number > 0, grouped[mesh][:kept])
        for mesh in meshes
        for number, run in enumerate(grouped[mesh][: min(kept, wide)])
    )
    by_requirement = {run.nonce: _by_requirement(run.results) for run in runs}
    groups = tuple(group for api in Api if (group := _group(api, columns, by_requirement, statements)).levels)
    rows = [row for group in groups for _, _, listed in group.levels for row in listed]
    present = [{cell.status for cell in row.cells if not cell.column.earlier} for row in rows]
    document = _document(columns, runs, evidence, rows, evidence_links)
    return Page(
        matrix=matrix,
        columns=columns,
        groups=groups,
        statuses=tuple((status, sum(status in found for found in present)) for status in Status),
        levels=tuple((level, count) for level in _LEVELS if (count := sum(row.level is level for row in rows))),
        rows=len(rows),
        meshes=len(grouped),
        left_out=len(grouped) - len(meshes),
        document=document,
    )


def _column(run: Run, index: Mapping[str, int], earlier: bool, siblings: Sequence[Run]) -> Column:
    past = tuple(Past(index=index[one.nonce], run=one, status=_mark(one)) for one in reversed(siblings))
    return Column(
        index=index[run.nonce],
        run=run,
        earlier=earlier,
        lines=tuple(_line(run, api) for api in Api),
        broken=_sorted(entry for entry in run.results if entry.status in (Status.FAILED, Status.ERRORED)),
        observed=_sorted(entry for entry in run.results if entry.status is Status.OBSERVED),
        history=past if len(past) > 1 else (),
    )


def _line(run: Run, api: Api) -> ApiLine:
    own = [entry.status for entry in run.results if entry.api is api]
    counts = {status: count for status in Status if (count := own.count(status))}
    bar, left = [], 0.0
    for status, count in counts.items():
        width = 100 * count / len(own)
        bar.append((status, round(left, 3), round(width, 3)))
        left += width
    return ApiLine(api=api, title=API_TITLES[api], claim=run.apis[api], counts=counts, bar=tuple(bar))


def _group(
    api: Api,
    columns: Sequence[Column],
    by_requirement: Mapping[str, Mapping[str, list[Entry]]],
    statements: Mapping[str, str],
) -> Group:
    found: dict[str, Level] = {}
    for column in columns:
        for requirement, entries in by_requirement[column.run.nonce].items():
            if entries[0].api is api:
                found.setdefault(requirement, entries[0].level)
    rows = [
        _row(requirement, level, columns, by_requirement, statements)
        for requirement, level in sorted(found.items(), key=lambda pair: requirement_order(pair[0]))
    ]
    levels = tuple(
        (level, LEVEL_TITLES[level], own)
        for level in _LEVELS
        if (own := tuple(row for row in rows if row.level is level))
    )
    claims = tuple((column, column.run.apis[api]) for column in columns)
    versions = ", ".join(sorted({claim.version for _, claim in claims if claim.version}))
    return Group(api=api, title=API_TITLES[api], versions=versions, columns=claims, levels=levels)


def _row(
    requirement: str,
    level: Level,
    columns: Sequence[Column],
    by_requirement: Mapping[str, Mapping[str, list[Entry]]],
    statements: Mapping[str, str],
) -> Row:
    cells, words = [], [requirement, statements.get(requirement, "")]
    for column in columns:
        entries = by_requirement[column.run.nonce].get(requirement, [])
        cells.append(Cell(column=column, status=_worst(entries)))
        if not column.earlier:
            words += [
                piece for entry in entries for piece in (entry.id, entry.reason, entry.reading or "", entry.source)
            ]
    text = " ".join(dict.fromkeys(" ".join(words).lower().split()))
    statement = statements.get(requirement, "") or requirement
    return Row(requirement=requirement, statement=statement, level=level, cells=tuple(cells), text=text[:_LONGEST_TEXT])


def _document(
    columns: Sequence[Column],
    runs: Sequence[Run],
    evidence: Mapping[str, bytes],
    rows: Iterable[Row],
    evidence_links: bool,
) -> dict[str, Any]:
    pool = EvidencePool()
    shown = {column.run.nonce for column in columns if not column.earlier}
    # The latest runs first: what is left of the allowance is for them.
    embedded = {
        (run.nonce, entry.id): pool.add(evidence[entry.evidence.path])
        for run in runs
        if run.nonce in shown
        # What failed is what people open, so it comes before what passed.
        for entry in sorted(run.results, key=lambda entry: _WORST.index(entry.status))
        if entry.evidence is not None and entry.evidence.path in evidence
    }
    return {
        "requirements": {row.requirement: {"statement": row.statement, "level": str(row.level)} for row in rows},
        "runs": [_run_document(run, embedded, evidence_links) for run in runs],
        "events": pool.events,
        "manifests": pool.manifests,
    }


def _run_document(
    run: Run, embedded: Mapping[tuple[str, str], dict[str, Any] | None], evidence_links: bool
) -> dict[str, Any]:
    return {
        "mesh": run.name,
        "version": run.mesh.version,
        "kubernetes": run.kubernetes,
        "finished": run.finished_at,
        "conformant": run.conformant,
        "results": {
            requirement: [
                _entry_document(entry, embedded.get((run.nonce, entry.id)), evidence_links) for entry in entries
            ]
            for requirement, entries in _by_requirement(run.results).items()
        },
    }


def _entry_document(entry: Entry, evidence: dict[str, Any] | None, evidence_links: bool) -> dict[str, Any]:
    document: dict[str, Any] = {
        "id": entry.id,
        "status": str(entry.status),
        "version": entry.version,
        "reason": "" if entry.status is Status.OBSERVED and entry.reading else _cut(entry.reason),
        "clauses": [{"text": clause.text, "url": clause.url} for clause in clauses_of(entry.source)],
        "duration": entry.duration,
    }
    if entry.reading is not None:
        document["reading"] = _cut(entry.reading)
    if entry.evidence is not None:
        document["file"] = {"path": entry.evidence.path, "sha256": entry.evidence.sha256, "link": evidence_links}
    if evidence is not None:
        document["evidence"] = evidence
    return document


def _cut(text: str) -> str:
    return (
        text
        if len(text) <= _LONGEST_TEXT
        else f"{text[:_LONGEST_TEXT]} … ({len(text) - _LONGEST_TEXT} more characters)"
    )


def _by_requirement(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    grouped: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        grouped[entry.requirement].append(entry)
    return dict(grouped)


def _worst(entries: Iterable[Entry]) -> Status | None:
    found = {entry.status for entry in entries}
    return next((status for status in _WORST if status in found), None)


def _mark(run: Run) -> Status:
    if run.conformant:
        return Status.PASSED
    return next((status for status in (Status.FAILED, Status.ERRORED) if run.summary[status]), Status.SKIPPED)


def _sorted(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    return tuple(
        sorted(entries, key=lambda entry: (_WORST.index(entry.status), requirement_order(entry.requirement), entry.id))
    )
