"""The judgement of recorded documents: their kinds, what they are about, and their edges and backends. Pure.

Each function returns, or raises RequirementFailed with what was expected and found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from pytest_smi.scenario.metrics import quantities
from pytest_smi.scenario.metrics.recording import Document, Recording, SplitFacts
from pytest_smi.scenario.metrics.records import Backend, Item, Ref, ref
from pytest_smi.scenario.verdict import RequirementFailed, require

ELEVEN = frozenset(
    {"namespaces", "nodes", "pods", "replicationcontrollers", "services", "trafficsplits"}
    | {"daemonsets", "deployments", "replicasets", "statefulsets", "jobs"}
)
"""The kinds of resource that the API has metrics of, in the plural."""


def available(apiservice: Mapping[str, Any], group: str, version: str) -> None:
    """An APIService is of this group and version, and available."""
    spec, status = apiservice.get("spec") or {}, apiservice.get("status") or {}
    found = (spec.get("group"), spec.get("version"))
    require(
        found == (group, version),
        f"the APIService is of group {found[0]!r}, version {found[1]!r}, expected {group}, {version}",
    )
    condition: Mapping[str, Any] = next((c for c in status.get("conditions") or () if c.get("type") == "Available"), {})
    words = condition.get("message") or condition.get("reason") or "no such condition"
    require(condition.get("status") == "True", f"the APIService is not available: {words}")


def resource_list(document: Document, group_version: str) -> None:
    """An APIResourceList of the group's version."""
    body = document.granted()
    fields = body if isinstance(body, dict) else {}
    require(
        fields.get("kind") == "APIResourceList",
        f"GET {document.path}: expected an APIResourceList, found {str(body)[:120]}",
    )
    found = fields.get("groupVersion")
    require(found == group_version, f"GET {document.path}: groupVersion is {found!r}, expected {group_version!r}")


def resources(document: Document) -> list[Mapping[str, Any]]:
    """Return the resources that an APIResourceList names, without sub-resources."""
    body = document.granted()
    listed = body.get("resources") if isinstance(body, dict) else None
    found: list[Mapping[str, Any]] = [
        entry for entry in listed or () if isinstance(entry, dict) and "/" not in str(entry.get("name") or "/")
    ]
    require(bool(found), f"GET {document.path} lists no resources")
    return found


def list_of(document: Document, kind: str, namespace: str) -> list[Item]:
    """Return a TrafficMetricsList about a kind, with items of that kind and namespace alone."""
    items = document.items()
    body = document.granted()
    require(
        body.get("kind") == "TrafficMetricsList",
        f"GET {document.path}: expected a TrafficMetricsList, found {body.get('kind')!r}",
    )
    about = ref(body.get("resource"))
    require(about.kind == kind, f"GET {document.path}: its resource has kind {about.kind!r}, expected {kind!r}")
    strangers = [
        str(item.resource) for item in items if (item.resource.kind, item.resource.namespace) != (kind, namespace)
    ]
    require(not strangers, f"GET {document.path}: items that are no {kind} of {namespace}: {', '.join(strangers[:5])}")
    return items


def edges_about(document: Document, subject: Ref) -> None:
    """A list about one object, whose items are all about it."""
    items = document.items()
    about = ref(document.granted().get("resource"))
    require(about == subject, f"GET {document.path}: the list is about {about}, expected {subject}")
    strangers = [str(item) for item in items if item.resource != subject]
    require(bool(items), f"GET {document.path}: no edges, although the object exchanged traffic")
    require(not strangers, f"GET {document.path}: items that are not about {subject}: {', '.join(strangers[:5])}")


def peers(document: Document, expected: Iterable[Ref]) -> None:
    """The edges lead to just these peers."""
    found, wanted = {str(item.peer) for item in document.items()}, {str(peer) for peer in expected}
    require(
        found == wanted,
        f"GET {document.path}: edges with {_listed(found)}; traffic was exchanged with {_listed(wanted)}",
    )


def directions(document: Document, peer: Ref, expected: str) -> None:
    """The edges with a peer have one direction."""
    found = {item.direction for item in document.items() if item.peer == peer}
    require(found == {expected}, f"GET {document.path}: direction with {peer} is {_listed(found)}, expected {expected}")


def edge(document: Document, direction: str, peer: Ref) -> Item:
    """Return the one edge with a peer in a direction."""
    found = [item for item in document.items() if (item.direction, item.peer) == (direction, peer)]
    require(len(found) == 1, f"GET {document.path}: {len(found)} items {direction} {peer}, expected one")
    return found[0]


def sides(recording: Recording) -> None:
    """Every item says on which side it was measured."""
    for document, item in recording.every_item():
        require(
            item.side in ("client", "server"),
            f"GET {document.path}: side of {item} is {item.side!r}, expected client or server",
        )


def one_item_each(document: Document, split: SplitFacts) -> None:
    """A split has one item for each of its backends."""
    found = Counter(
        item.backend.name if item.backend else "no backend"
        for item in document.items()
        if item.resource == split.resource
    )
    wanted = Counter(split.weights.keys())
    require(
        found == wanted,
        f"GET {document.path}: items of {split.resource} for {_tally(found)}, expected {_tally(wanted)}",
    )


def backends(document: Document, split: SplitFacts) -> None:
    """A split's items name its apex, its backends and their weights."""
    found = {_described(item.backend) for item in document.items() if item.resource == split.resource}
    wanted = {_described(Backend(apex=split.apex, name=name, weight=weight)) for name, weight in split.weights.items()}
    require(
        found == wanted,
        f"GET {document.path}: backends of {split.resource} are {_listed(found)}, expected {_listed(wanted)}",
    )


def idle_reading(document: Document) -> str:
    """Say how an object without traffic is shown; nothing of this is wrong."""
    if document.status != 200:
        return f"an object without traffic is answered {document.status}"
    try:
        shown = sum(item.requests for item in document.items())
    except RequirementFailed as error:
        return f"an object without traffic is answered 200, but without counts ({error})"
    return "an object without traffic has zeros" if shown == 0 else f"an object without traffic has {shown:g} requests"


def _tally(counts: Mapping[str, int]) -> str:
    return (
        ", ".join(f"{name} ({times} times)" if times > 1 else name for name, times in sorted(counts.items())) or "none"
    )


def _described(backend: Backend | None) -> str:
    if backend is None:
        return "none"
    try:
        weight = f"{quantities.quantity(backend.weight):g}"
    except ValueError:
        weight = repr(backend.weight)
    return f"{backend.apex} to {backend.name} with weight {weight}"


def _listed(values: Iterable[str]) -> str:
    return "; ".join(sorted(values)) or "nothing"
