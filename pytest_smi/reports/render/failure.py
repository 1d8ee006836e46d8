"""A failure as its maintainer needs it: what was sent, what was expected, what came of it,
and the objects that should decide it. Pure.

Everything is read from the evidence of the assertion, so that a report that was written before is told in the same way.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_smi.core.clauses import clauses_of
from pytest_smi.core.terms import Status
from pytest_smi.matrix.matrix import Entry, Matrix, Run
from pytest_smi.reports.render.failure_calls import calls_of
from pytest_smi.reports.render.failure_objects import objects_about, objects_left
from pytest_smi.reports.render.loosely import mappings, number

__all__ = ["Failure", "failure_of", "failure_rows", "failures_in", "failures_of", "repeat_command", "rows_of"]

_MOST_PATHS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What the evidence says of a verdict that is not passed; a part that it does not tell is empty."""

    sent: str = ""
    expected: str = ""
    got: str = ""
    decides: tuple[str, ...] = ()
    """Which object should have decided the call, and how."""
    objects: tuple[str, ...] = ()
    cluster: tuple[str, ...] = ()
    """What the cluster showed beside it: pods that are not ready, restarts, events, an admission webhook's words."""


def failure_of(evidence: Mapping[str, Any]) -> Failure:
    """Return what an evidence document tells of its verdict.

    A document of any other form tells nothing; it never raises.
    """
    timeline = mappings(evidence.get("timeline"))
    left = objects_left(timeline, mappings(evidence.get("manifests")))
    cluster = tuple(dict.fromkeys(_cluster(timeline)))
    for index in range(len(timeline) - 1, -1, -1):
        wrong = next((call for call in calls_of(timeline[index]) if call.wrong), None)
        if wrong is not None:
            caller, decides = _decision(timeline, wrong.call)
            return Failure(
                sent=wrong.call + caller + _after_changes(timeline[: index + 1]),
                expected=wrong.expected,
                got=wrong.told,
                decides=decides,
                objects=objects_about(left, wrong.call),
                cluster=cluster,
            )
    if asked := _read_documents(timeline):
        return Failure(sent=asked, cluster=cluster)
    return Failure(objects=objects_about(left, ""), cluster=cluster)


def _read_documents(timeline: Sequence[Mapping[str, Any]]) -> str:
    """Return the documents of the metrics API that were judged, where a verdict is about those."""
    for event in reversed(timeline):
        documents = event.get("documents")
        if event.get("event") == "judged" and isinstance(documents, Mapping):
            paths = [str(one["GET"]) for one in documents.values() if isinstance(one, Mapping) and "GET" in one]
            more = f" and {len(paths) - _MOST_PATHS} more" if len(paths) > _MOST_PATHS else ""
            return f"GET {', '.join(paths[:_MOST_PATHS])}{more}" if paths else ""
    return ""


def _decision(timeline: Sequence[Mapping[str, Any]], call: str) -> tuple[str, tuple[str, ...]]:
    """Return the caller's account, and what the objects say of the call, where the evidence tells it."""
    for event in reversed(timeline):
        if event.get("event") == "what should have decided" and event.get("call") == call:
            because = event.get("because")
            reasons = [str(reason) for reason in because] if isinstance(because, list) else []
            verdict = event.get("verdict")
            return f" as ServiceAccount {event.get('source')}", tuple(f"{verdict}: {reason}" for reason in reasons)
    return "", ()


def _cluster(timeline: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield what was known of the cluster, a shared scenario's own look first."""
    for event in timeline:
        yield from _cluster(mappings(event.get("timeline")))
        known = event.get("known")
        if event.get("event") == "looked at the cluster" and isinstance(known, list):
            yield from map(str, known)


def _after_changes(timeline: Sequence[Mapping[str, Any]]) -> str:
    """Return how long after the last change of an object the last event was."""
    changed = [
        number(event.get("at"))
        for event in timeline[:-1]
        if str(event.get("event", "")).startswith(("applied", "deleted"))
    ]
    if not changed:
        return ""
    return f", until {number(timeline[-1].get('at')) - changed[-1]:.1f} s after the last change of an object"


def failures_of(matrix: Matrix, evidence: Mapping[str, bytes]) -> dict[str, Failure]:
    """Return, by path of the evidence, what it tells of each result that failed or errored.

    `evidence`: path → bytes.
    """
    return failures_in([entry for run in matrix.runs for entry in run.results], evidence)


def failures_in(entries: Iterable[Entry], evidence: Mapping[str, bytes]) -> dict[str, Failure]:
    """Return the same for these results."""
    return {
        entry.evidence.path: failure_of(_document(evidence[entry.evidence.path]))
        for entry in entries
        if entry.evidence and entry.status in (Status.FAILED, Status.ERRORED) and entry.evidence.path in evidence
    }


def failure_rows(
    run: Run, entry: Entry, failures: Mapping[str, Failure], *, report: str = ""
) -> Iterator[tuple[str, str]]:
    """Yield what is known of a result that is not passed, each part with its label.

    `failures`: see `failures_of`. `report`: the report folder as the user knows it; empty: paths are relative to it.
    """
    path = entry.evidence.path if entry.evidence else ""
    yield from rows_of(
        failures.get(path, Failure()),
        status=entry.status,
        reason=entry.reason,
        source=entry.source,
        repeat=repeat_command(run.mesh.name, entry.requirement, run.variant, run.options.get("fault")),
        evidence=f"{report.rstrip('/')}/{path}" if report and path else path,
    )


def rows_of(
    failure: Failure, *, status: Status, reason: str, source: str, repeat: str, evidence: str
) -> Iterator[tuple[str, str]]:
    """Yield the parts with their labels, in the order in which they are shown everywhere; a part that goes on has none.

    `repeat`: the command that runs it again; `evidence`: where its evidence is, empty for nowhere.
    """
    # What was sent and what came of it is the reason of a failure; a verdict that could not be reached needs its own
    # words.
    said = "" if failure.got and status is Status.FAILED else reason or "no reason given"
    for label, text in (("sent", failure.sent), ("expected", failure.expected), ("got", failure.got), ("reason", said)):
        if text:
            yield label, text
    for label, lines in (
        ("decides", failure.decides),
        ("objects", failure.objects),
        ("cluster", failure.cluster),
    ):
        for index, text in enumerate(lines):
            yield "" if index else label, text
    for index, clause in enumerate(clauses_of(source)):
        yield "" if index else "clause", f"{clause.text}  {clause.url}" if clause.url else clause.text
    yield "repeat", repeat
    if evidence:
        yield "evidence", evidence


def repeat_command(mesh: str, requirement: str, variant: str, fault: object) -> str:
    """Return the command that runs the requirement again.

    On a cluster that stays, what it deployed can be looked at afterwards.
    """
    version = f" --smi-version={variant}" if variant else ""
    more = f" --smi-fault={fault}" if isinstance(fault, str) and fault else " --smi-keep"
    return f"pytest --mesh={mesh} -k {requirement}{version}{more}"


def _document(data: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(data)
    except ValueError:
        return {}
    return document if isinstance(document, Mapping) else {}
