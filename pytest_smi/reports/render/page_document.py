"""The document that the page's script reads: requirements, versions of each mesh, results and evidence. Pure.

The latest run of a mesh has its statuses as a string of letters; each earlier one follows from what changed. Results
with reasons are there for the latest runs, and for earlier ones where they are not a plain pass: the rest would be
large and says nothing. A page whose runs have `details` elsewhere holds no results at all.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pytest_smi.core.clauses import clauses_of
from pytest_smi.core.terms import Status
from pytest_smi.matrix.matrix import Entry, Run
from pytest_smi.reports.render.failure import failure_rows, failures_in
from pytest_smi.reports.render.history import WORST, by_requirement
from pytest_smi.reports.render.page_evidence import EvidencePool
from pytest_smi.reports.render.page_records import Line, Links, Past, Row
from pytest_smi.reports.render.wording import requirement_order

__all__ = ["details_document", "page_document"]

_LONGEST_TEXT = 4000
_SHOWN_ELSEWHERE = ("reason", "clause", "evidence")
"""Parts of a failure that the panel has in places of their own."""


def page_document(
    lines: Sequence[Line], rows: Sequence[Row], evidence: Mapping[str, bytes], links: Links, badges: Mapping[str, str]
) -> dict[str, Any]:
    """Return the document of a page. `badges`: name of a mesh → its badge as an SVG image."""
    results = _Results(evidence)
    ordered = sorted(rows, key=lambda row: requirement_order(row.requirement))
    index = {row.requirement: number for number, row in enumerate(ordered)}
    embedded = {}
    for line in lines:
        # The latest runs first: what is left of the allowance is for them.
        if line.run.nonce not in links.details:
            embedded[line.run.nonce] = results.of(line.run, links)
    return {
        # Their statements stand in the matrix, where the script takes them from.
        "requirements": [row.requirement for row in ordered],
        "meshes": [
            {
                "name": line.name,
                **({"badge": badges[line.name]} if line.name in badges else {}),
                **({"badgeFile": links.badges[line.name]} if line.name in links.badges else {}),
                **({"folder": links.folders[line.name]} if line.name in links.folders else {}),
                "runs": [
                    _run(line, past, index, links)
                    | (
                        {}
                        if past.run.nonce in links.details
                        else {"results": embedded.get(past.run.nonce) or results.of(past.run, links, earlier=True)}
                    )
                    for past in line.history
                ],
            }
            for line in lines
        ],
        "root": links.root,
        **results.shared(),
    }


def details_document(run: Run, evidence: Mapping[str, bytes], links: Links) -> dict[str, Any]:
    """Return the results of one run with their evidence: what a page loads when it is asked for."""
    results = _Results(evidence)
    return {"kubernetes": run.kubernetes, "results": results.of(run, links), **results.shared()}


class _Results:
    """Results as the script reads them, with what several of them share in pools."""

    def __init__(self, evidence: Mapping[str, bytes]) -> None:
        self._evidence = evidence
        self._pool = EvidencePool()
        self._clauses: dict[str, int] = {}

    def shared(self) -> dict[str, Any]:
        return {
            "clauses": [
                [{"text": clause.text, "url": clause.url} for clause in clauses_of(source)] for source in self._clauses
            ],
            "events": self._pool.events,
            "manifests": self._pool.manifests,
        }

    def of(self, run: Run, links: Links, *, earlier: bool = False) -> dict[str, Any]:
        evidence = {} if earlier else self._evidence
        # What failed is what people open, so it comes before what passed: the allowance may not last for all.
        shown = {
            entry.id: self._pool.add(evidence[entry.evidence.path])
            for entry in sorted(run.results, key=lambda entry: WORST.index(entry.status))
            if entry.evidence is not None and entry.evidence.path in evidence
        }
        return {
            requirement: [self._entry(run, entry, shown.get(entry.id), links) for entry in entries]
            for requirement, entries in by_requirement(run.results).items()
            if not earlier or any(entry.status is not Status.PASSED for entry in entries)
        }

    def _entry(self, run: Run, entry: Entry, evidence: dict[str, Any] | None, links: Links) -> dict[str, Any]:
        document: dict[str, Any] = {
            "id": entry.id,
            "status": str(entry.status),
            "version": entry.version,
            "reason": "" if entry.status is Status.OBSERVED and entry.reading else _cut(entry.reason),
            "clauses": self._clauses.setdefault(entry.source, len(self._clauses)),
            "duration": entry.duration,
        }
        if entry.reading is not None:
            document["reading"] = _cut(entry.reading)
        if entry.evidence is not None:
            document["file"] = {
                "path": entry.evidence.path,
                "sha256": entry.evidence.sha256,
                "link": links.beside or bool(links.details),
            }
        if evidence is not None:
            document["evidence"] = evidence
            if entry.status in (Status.FAILED, Status.ERRORED):
                document["failure"] = list(self._failure(run, entry))
        return document

    def _failure(self, run: Run, entry: Entry) -> Iterator[list[str]]:
        part = ""
        for label, text in failure_rows(run, entry, failures_in([entry], self._evidence)):
            part = label or part
            if part not in _SHOWN_ELSEWHERE:
                yield [label, _cut(text)]


def _run(line: Line, past: Past, index: Mapping[str, int], links: Links) -> dict[str, Any]:
    """Return a run; what goes without saying is left out, since a site has hundreds of them."""
    run = past.run
    document: dict[str, Any] = {
        "version": run.mesh.version,
        "finished": run.finished_at,
        "passed": past.passed,
        "tested": past.tested,
        "percent": past.percent,
    }
    if past.key != f"{line.name}@{run.mesh.version}":
        document["key"] = past.key
    if run.conformant:
        document["conformant"] = True
    if since := _since(past, index):
        document["since"] = since
    if past is line.latest:
        document["statuses"] = past.statuses
    if run.nonce not in links.details:
        document["kubernetes"] = run.kubernetes
    page = links.pages.get(run.nonce)
    if run.nonce in links.details and links.details[run.nonce] != f"{page}run.json":
        document["details"] = links.details[run.nonce]
    if page is not None and page != f"{links.folders.get(line.name)}{run.mesh.version}/":
        document["page"] = page
    if run.nonce in links.matrices:
        document["matrix"] = links.matrices[run.nonce]
    return document


def _since(past: Past, index: Mapping[str, int]) -> list[list[int | str]]:
    """Return what changed: number of the requirement, its letter before, and whether it is better, worse or neither."""
    kinds: Iterable[tuple[str, tuple[str, ...]]] = (("+", past.better), ("-", past.worse), ("~", past.other))
    return [[index[name], past.before[name], kind] for kind, names in kinds for name in names]


def _cut(text: str) -> str:
    return (
        text
        if len(text) <= _LONGEST_TEXT
        else f"{text[:_LONGEST_TEXT]} … ({len(text) - _LONGEST_TEXT} more characters)"
    )
