"""What a mesh makes of what the specification leaves open: readings, in words. Pure; nothing here is wrong of a mesh.

A document that cannot be read is told of as it is answered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import Any

from pytest_smi.cluster.connection import Answer
from pytest_smi.core.limits import Limits
from pytest_smi.scenario.metrics import numbers
from pytest_smi.scenario.metrics.recording import Document, Recording
from pytest_smi.scenario.metrics.records import LATENCIES, Item, Ref
from pytest_smi.scenario.verdict import RequirementFailed


def selector_echo(document: Document) -> str:
    """Say whether a list repeats the selector by which it was chosen."""
    if document.status != 200:
        return f"a list with a label selector is answered {document.status}"
    shown = isinstance(document.body, dict) and document.body.get("selector")
    return f"a list {'repeats' if shown else 'does not repeat'} its label selector"


def single_edge(document: Document) -> str:
    """Say how the address of one edge is answered."""
    return (
        f"one edge has no address: it is answered {document.status}"
        if document.status >= 400
        else (f"one edge has an address: it is answered {document.status}")
    )


def partial_peers(recording: Recording) -> str:
    """Say whether edges lead to whole objects, or to all of a namespace or of a kind."""
    partial = {
        "only a kind" if item.peer.kind and not item.peer.namespace else "no name"
        for _, item in recording.every_item()
        if item.peer != Ref() and not item.peer.name
    }
    return f"some edges name their peer with {_listed(partial)}" if partial else "every edge names its peer in full"


def plain_edge(document: Document) -> str:
    """Say which edge an object shown by itself has."""
    return _item_or_status(document, "an object by itself", _edge)


def get_split(document: Document) -> str:
    """Say what a get of one split is."""
    if document.status != 200 or not isinstance(document.body, dict):
        return f"a get of a split is answered {document.status}"
    try:
        found = len(document.items())
    except RequirementFailed:
        return "a get of a split is neither TrafficMetrics nor a list of them"
    kind = str(document.body.get("kind"))
    return (
        f"a get of a split is a {kind} with {found} items"
        if kind.endswith("List")
        else f"a get of a split is one {kind}"
    )


def units(recording: Recording) -> str:
    """Say in which units latencies are given."""
    found = {
        str(metric.get("unit") or "none")
        for _, item in recording.every_item()
        for metric in item.metrics
        if metric.get("name") in LATENCIES
    }
    return f"latencies are in {_listed(found)}"


def versions(group: Any, version: str, recording: Recording) -> str:
    """Say which versions the group offers, and whether the one that is tested has `side` and `backend`."""
    offered = group.get("versions") if isinstance(group, dict) else None
    names = {str(entry.get("version")) for entry in offered or () if isinstance(entry, dict)} or {version}
    items = [item for _, item in recording.every_item()]
    having = {
        name
        for name, present in (("side", any(i.side for i in items)), ("backend", any(i.backend for i in items)))
        if present
    }
    return f"{_listed(names)} is offered; {version} has {_listed(having)} of `side` and `backend`"


def classified(success: float, by_status: Mapping[int, int], others: int, limits: Limits) -> str:
    """Say which statuses count as success: `success` is the count of an object that got `by_status` and `others` more
    answers of 200."""
    statuses = sorted(status for status in by_status if status != 200)
    for size in range(len(statuses), -1, -1):
        for chosen in combinations(statuses, size):
            if numbers.near(success, others + sum(by_status[status] for status in chosen), limits):
                failed = [status for status in statuses if status not in chosen]
                parts = [f"{_codes(chosen)} count as success"] if chosen else []
                parts += (
                    [f"{_codes(failed)} as failure" if parts else f"{_codes(failed)} count as failure"]
                    if failed
                    else []
                )
                return ", ".join(parts)
    return f"success_count is {success:g}, which no choice of {_codes(statuses)} explains"


def service(document: Document, endpoints: int) -> str:
    """Say what a Service counts whose pods were addressed by their own addresses alone."""

    def counted(item: Item) -> str:
        if item.requests >= endpoints / 2:
            return f"a Service counts what its endpoints received ({item.requests:g} of {endpoints})"
        return f"a Service counts what was sent to its name ({item.requests:g}; its endpoints received {endpoints})"

    return _item_or_status(document, "a Service", counted)


def refused(document: Document, subject: Ref, times: int) -> str:
    """Say how requests that access policy refused are counted at the server, to which no other request failed."""
    try:
        failures = document.about(subject).value("failure_count")
    except RequirementFailed as error:
        return f"requests that policy refuses are not told of: {error}"
    counted = "are failures" if failures >= times / 2 else "are not counted"
    return f"requests that policy refuses {counted} at the server ({failures:g} of {times})"


def permission(answer: Answer) -> str:
    """Say which resource a Role must name for the edges of a namespace, by the refusal of one who has none."""
    if answer.status != 403:
        return f"the edges of a namespace are answered {answer.status} without any permission"
    found = re.search(r'resource "([^"]+)"', str(answer.message))
    return f"a Role for the edges of a namespace names {found[1] if found else 'a resource that the refusal hides'}"


def _item_or_status(document: Document, what: str, say: Any) -> str:
    if document.status != 200:
        return f"{what} is answered {document.status}"
    try:
        return str(say(document.only()))
    except RequirementFailed as error:
        return f"{what} cannot be read: {error}"


def _edge(item: Item) -> str:
    peer = "an empty edge resource" if item.peer == Ref() else f"the edge resource {item.peer}"
    return (
        f"an object by itself has direction {item.direction or 'none'}, side {item.side or 'none'} and {peer}, "
        f"with {item.requests:g} requests"
    )


def _codes(values: Iterable[int]) -> str:
    return " and ".join(map(str, values))


def _listed(values: Iterable[str]) -> str:
    return " and ".join(sorted(values)) or "none"
