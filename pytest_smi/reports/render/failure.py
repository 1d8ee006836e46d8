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

__all__ = ["Failure", "failure_of", "failure_rows", "failures_of"]

_EXPECTED = {
    "allowed": "allowed: arrives at the server and is answered",
    "steady": "allowed: arrives at the server and is answered, every time",
    "denied": "denied: never arrives at the server",
    "control": "control: arrives at the server and is answered, or nothing else can be judged",
    "closed": "control: does not arrive yet, or the mesh is not in the path",
}
_DELIVERED = "delivered"
_SMI = ("TrafficTarget", "TrafficSplit", "HTTPRouteGroup", "TCPRoute", "UDPRoute", "IdentityBinding")
_MOST_OBJECTS = 6
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


def failure_of(evidence: Mapping[str, Any]) -> Failure:
    """Return what an evidence document tells of its verdict.

    A document of any other form tells nothing; it never raises.
    """
    timeline = _mappings(evidence.get("timeline"))
    manifests = _mappings(evidence.get("manifests"))
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
            caller, decides = _decision(timeline, call)
            return Failure(
                sent=call + caller + after,
                expected=expected,
                got=got,
                decides=decides,
                objects=_objects(_left(timeline, manifests), call),
            )
    if asked := _read_documents(timeline):
        return Failure(sent=asked)
    return Failure(objects=_objects(_left(timeline, manifests), ""))


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
    for index, text in enumerate(failure.decides):
        yield "" if index else "decides", text
    for index, text in enumerate(failure.objects):
        yield "" if index else "objects", text
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
    for claim in _mappings(event.get("claims")):
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
            f"{_counts(event.get('last'))} after {event.get('seconds')} s"
            f"{f'; not delivered: {lost}' if (lost := event.get('lost')) else ''}",
        )
    return None


def _read_documents(timeline: Sequence[Mapping[str, Any]]) -> str:
    """The documents of the metrics API that were judged, where a verdict is about those."""
    for event in reversed(timeline):
        documents = event.get("documents")
        if event.get("event") == "judged" and isinstance(documents, Mapping):
            paths = [str(one["GET"]) for one in documents.values() if isinstance(one, Mapping) and "GET" in one]
            more = f" and {len(paths) - _MOST_PATHS} more" if len(paths) > _MOST_PATHS else ""
            return f"GET {', '.join(paths[:_MOST_PATHS])}{more}" if paths else ""
    return ""


def _decision(timeline: Sequence[Mapping[str, Any]], call: str) -> tuple[str, tuple[str, ...]]:
    """The caller's account, and what the objects say of the call, where the evidence tells it."""
    for event in reversed(timeline):
        if event.get("event") == "what should have decided" and event.get("call") == call:
            because = event.get("because")
            reasons = [str(reason) for reason in because] if isinstance(because, list) else []
            verdict = event.get("verdict")
            return f" as ServiceAccount {event.get('source')}", tuple(f"{verdict}: {reason}" for reason in reasons)
    return "", ()


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


def _left(timeline: Sequence[Mapping[str, Any]], manifests: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The SMI objects that were there at the end, each as it was applied last."""
    there: dict[str, Mapping[str, Any]] = {}
    for manifest in manifests:
        if manifest.get("kind") in _SMI:
            there[_name(manifest)] = manifest
    deleted: dict[str, bool] = {}
    for event in timeline:
        verb, _, name = str(event.get("event", "")).partition(" ")
        if verb in ("applied", "deleted"):
            deleted[name] = verb == "deleted"
    return [manifest for name, manifest in there.items() if not deleted.get(name)]


def _objects(manifests: Sequence[Mapping[str, Any]], call: str) -> tuple[str, ...]:
    """The objects about the server that was called, and the routes that they name;
    all of them where none is about it."""
    hosts = [word.partition(".")[0].partition(":")[0].rpartition("/")[2] for word in call.split() if "." in word]
    about = [
        manifest
        for manifest in manifests
        if any(host in _strings(manifest.get("spec"), manifest.get("destination")) for host in hosts)
    ]
    named = {text for manifest in about for text in _strings(manifest.get("spec"), manifest.get("specs"))}
    chosen = [
        m
        for m in manifests
        if m in about or (m.get("kind") not in ("TrafficTarget", "TrafficSplit") and _short(m) in named)
    ] or list(manifests)
    # Objects that split, then those that grant, come before the routes that they name.
    order = ("TrafficSplit", "TrafficTarget")
    ordered = sorted(chosen, key=lambda m: order.index(kind) if (kind := m.get("kind")) in order else len(order))
    lines = [f"{_name(m)}{_says(m)}" for m in ordered]
    more = len(lines) - _MOST_OBJECTS
    return (*lines[:_MOST_OBJECTS], f"and {more} more, in the evidence") if more > 0 else tuple(lines)


def _says(manifest: Mapping[str, Any]) -> str:
    """An object in a few words."""
    spec = manifest.get("spec") if isinstance(manifest.get("spec"), Mapping) else manifest
    assert isinstance(spec, Mapping)
    if manifest.get("kind") == "TrafficSplit":
        parts = [f"{backend.get('service')} {backend.get('weight')}" for backend in _mappings(spec.get("backends"))]
        return f" ({spec.get('service')}: {', '.join(parts)})"
    if manifest.get("kind") == "HTTPRouteGroup":
        parts = [
            f"{match.get('name')}: {','.join(map(str, match.get('methods') or ['*']))} "
            f"{match.get('pathRegex', '')}{_headers(match.get('headers'))}".rstrip()
            for match in _mappings(spec.get("matches"))
        ]
        return f" ({'; '.join(parts)})" if parts else ""
    if manifest.get("kind") == "TrafficTarget":
        sources = ", ".join(
            f"{source.get('namespace')}/{source.get('name')}" for source in _mappings(spec.get("sources"))
        )
        rules = [_rule(rule) for rule in _mappings(spec.get("rules") or spec.get("specs"))]
        return f" (from {sources}: {', '.join(rules) or 'no rules'})"
    return ""


def _headers(headers: object) -> str:
    """The header filters of a route: a list of maps, or one map."""
    maps = [headers] if isinstance(headers, Mapping) else _mappings(headers)
    return "".join(f" {name}: {pattern}" for one in maps for name, pattern in one.items())


def _rule(rule: Mapping[str, Any]) -> str:
    matches = rule.get("matches")
    named = f" {', '.join(map(str, matches))}" if isinstance(matches, list) else ""
    return f"{rule.get('kind')} {rule.get('name')}{named}"


def _document(data: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(data)
    except ValueError:
        return {}
    return document if isinstance(document, Mapping) else {}


def _name(manifest: Mapping[str, Any]) -> str:
    metadata = manifest.get("metadata")
    meta: Mapping[str, Any] = metadata if isinstance(metadata, Mapping) else {}
    return f"{manifest.get('kind')} {meta.get('namespace', '')}/{meta.get('name')}"


def _short(manifest: Mapping[str, Any]) -> str:
    return _name(manifest).rpartition("/")[2]


def _strings(*values: object) -> set[str]:
    found: set[str] = set()
    for value in values:
        if isinstance(value, str):
            found.add(value)
        elif isinstance(value, Mapping):
            found |= _strings(*value.values())
        elif isinstance(value, list):
            found |= _strings(*value)
    return found


def _mappings(value: object) -> list[Mapping[str, Any]]:
    return [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, list) else []


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
