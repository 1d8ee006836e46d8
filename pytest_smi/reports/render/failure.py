"""A failure as its maintainer needs it: what was sent, what was expected, what came of it,
and the objects that should decide it. Pure.

Everything is read from the evidence of the assertion, so that a report that was written before is told in the same way.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_smi.core.terms import Status
from pytest_smi.matrix.matrix import Entry, Matrix, Run
from pytest_smi.reports.render.clauses import clauses_of
from pytest_smi.reports.render.failure_objects import mappings, objects_about, objects_left

__all__ = ["Failure", "failure_of", "failure_rows", "failures_of"]

_EXPECTED = {
    "allowed": "allowed: arrives at the server and is answered",
    "steady": "allowed: arrives at the server and is answered, every time",
    "denied": "denied: never arrives at the server",
    "control": "control: arrives at the server and is answered, or nothing else can be judged",
    "closed": "control: does not arrive yet, or the mesh is not in the path",
}
_DELIVERED = "delivered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What the evidence says of a verdict that is not passed; a part that it does not tell is empty."""

    sent: str = ""
    expected: str = ""
    got: str = ""
    objects: tuple[str, ...] = ()
    cluster: tuple[str, ...] = ()
    """What the cluster showed out of the ordinary beside the verdict."""


def failure_of(evidence: Mapping[str, Any]) -> Failure:
    """Return what an evidence document tells of its verdict.

    A document of any other form tells nothing; it never raises.
    """
    timeline = mappings(evidence.get("timeline"))
    cluster = tuple(dict.fromkeys(_cluster(timeline)))
    manifests = mappings(evidence.get("manifests"))
    for index in range(len(timeline) - 1, -1, -1):
        found = _told(timeline[index])
        if found is not None:
            call, expected, got = found
            changed = [
                _number(event.get("at"))
                for event in timeline[:index]
                if str(event.get("event", "")).startswith(("applied", "deleted"))
            ]
            after = (
                f", until {_number(timeline[index].get('at')) - changed[-1]:.1f} s after the last change of an object"
                if changed
                else ""
            )
            return Failure(
                sent=call + after,
                expected=expected,
                got=got,
                objects=objects_about(objects_left(timeline, manifests), call),
                cluster=cluster,
            )
    return Failure(objects=objects_about(objects_left(timeline, manifests), ""), cluster=cluster)


def failures_of(matrix: Matrix, evidence: Mapping[str, bytes]) -> dict[str, Failure]:
    """Return, by path of the evidence, what it tells of each result that failed or errored; `evidence`:
    path → bytes."""
    found = {}
    for run in matrix.runs:
        for entry in run.results:
            data = (
                evidence.get(entry.evidence.path)
                if entry.evidence and entry.status in (Status.FAILED, Status.ERRORED)
                else None
            )
            if entry.evidence and data is not None:
                found[entry.evidence.path] = failure_of(_document(data))
    return found


def failure_rows(
    run: Run, entry: Entry, failures: Mapping[str, Failure], *, report: str = ""
) -> Iterator[tuple[str, str]]:
    """Yield what is known of a result that is not passed, each part with its label,
    in the order in which it is shown everywhere.

    `failures`: see `failures_of`. `report`: the report folder as the user knows it; empty: paths are relative to it.
    """
    failure = failures.get(entry.evidence.path, Failure()) if entry.evidence else Failure()
    # What was sent and what came of it is the reason of a failure; a verdict that could not be reached needs its own
    # words.
    reason = "" if failure.got and entry.status is Status.FAILED else entry.reason or "no reason given"
    for label, text in (
        ("sent", failure.sent),
        ("expected", failure.expected),
        ("got", failure.got),
        ("reason", reason),
    ):
        if text:
            yield label, text
    for label, lines in (("objects", failure.objects), ("cluster", failure.cluster)):
        for index, text in enumerate(lines):
            yield "" if index else label, text
    for index, clause in enumerate(clauses_of(entry.source)):
        yield "" if index else "clause", f"{clause.text}  {clause.url}" if clause.url else clause.text
    yield "repeat", _command(run, entry)
    if entry.evidence:
        yield "evidence", f"{report.rstrip('/')}/{entry.evidence.path}" if report else entry.evidence.path


def _command(run: Run, entry: Entry) -> str:
    """The command that runs the requirement again; on a cluster that stays,
    what it deployed can be looked at afterwards."""
    fault = run.options.get("fault")
    more = f" --smi-fault={fault}" if isinstance(fault, str) and fault else " --smi-keep"
    return (
        f"pytest --mesh={run.mesh.name} -k "
        f"{entry.requirement}{f' --smi-version={run.variant}' if run.variant else ''}{more}"
    )


def _told(event: Mapping[str, Any]) -> tuple[str, str, str] | None:
    """The call, what was expected of it and what came of it, if this event of the timeline is one
    that contradicts a claim."""
    for claim in mappings(event.get("claims")):
        kind, samples = str(claim.get("claim", "")), claim.get("samples")
        if kind not in _EXPECTED or not isinstance(samples, Mapping):
            continue
        wrong = [name for name in samples if (name == _DELIVERED) == (kind in ("denied", "closed"))]
        if wrong:
            return str(claim.get("call", "")), _EXPECTED[kind], _got(claim, samples[wrong[0]])
    test, call = event.get("test"), str(event.get("call", ""))
    if isinstance(test, Mapping) and test.get("decision") == "rejected":
        return call, _shares(test.get("expected")), f"{_counts(test.get('counts'))} of {test.get('n')}"
    if event.get("event") == "shares did not settle":
        return (
            call,
            str(event.get("expected", event.get("wanted", ""))),
            f"{_counts(event.get('last'))} after {event.get('seconds')} s",
        )
    return None


def _cluster(timeline: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What was known of the cluster, a shared scenario's own look first."""
    for event in timeline:
        yield from _cluster(mappings(event.get("timeline")))
        known = event.get("known")
        if event.get("event") == "looked at the cluster" and isinstance(known, list):
            yield from map(str, known)


def _got(claim: Mapping[str, Any], samples: object) -> str:
    outcomes = claim.get("outcomes")
    answers = (
        ", ".join(f"{name} in {n} of {claim.get('probes')}" for name, n in outcomes.items())
        if isinstance(outcomes, Mapping)
        else ""
    )
    example = str(samples[0]) if isinstance(samples, Sequence) and not isinstance(samples, str) and samples else ""
    return "; ".join(filter(None, (answers, example)))


def _shares(expected: object) -> str:
    return (
        ", ".join(f"{name} {_number(share):.1%}" for name, share in expected.items())
        if isinstance(expected, Mapping)
        else ""
    )


def _counts(counts: object) -> str:
    return (
        ", ".join(f"{n} at {name}" for name, n in counts.items()) if isinstance(counts, Mapping) else ""
    ) or "none anywhere"


def _document(data: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(data)
    except ValueError:
        return {}
    return document if isinstance(document, Mapping) else {}


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
