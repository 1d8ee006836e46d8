"""The judgement of what the API offers, and of lists as such: scopes, kinds, selectors, what is unknown. Pure.

Each function returns, or raises RequirementFailed with what was expected and found.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pytest_smi.core.limits import Limits
from pytest_smi.scenario.metrics import numbers
from pytest_smi.scenario.metrics.documents import ELEVEN, resources
from pytest_smi.scenario.metrics.recording import Document
from pytest_smi.scenario.metrics.records import COUNTS, Item, Ref, ref
from pytest_smi.scenario.verdict import require

CLUSTER_SCOPED = frozenset({"namespaces", "nodes"})
KINDS: Mapping[str, str] = {
    "namespaces": "Namespace",
    "nodes": "Node",
    "pods": "Pod",
    "replicationcontrollers": "ReplicationController",
    "services": "Service",
    "trafficsplits": "TrafficSplit",
    "daemonsets": "DaemonSet",
    "deployments": "Deployment",
    "replicasets": "ReplicaSet",
    "statefulsets": "StatefulSet",
    "jobs": "Job",
}
"""The kind of each resource, as Kubernetes spells it."""
SELECTORS: Mapping[str, tuple[str, str]] = {
    "==": ("{key}=={b}", "b"),
    "!=": ("{key}!={b}", "cw"),
    "in": ("{key} in ({b},{c})", "bc"),
    "notin": ("{key} notin ({b},{c})", "w"),
    "presence": ("{key}", "bcw"),
    "absence": ("!{key}", ""),
    "two": ("{key} in ({b},{c}),{key}!={c}", "b"),
}
"""Label selectors in the forms of Kubernetes beside `=`, and which of the Deployments b, c and w each matches."""
_REFERENCE = {"kind", "namespace", "apiVersion"}


def chosen(document: Document, names: Mapping[str, str], matched: str) -> None:
    """Of the objects with these names, by role, the list has those whose roles are `matched`, and no others."""
    found = {item.resource.name for item in document.items()}
    wanted = {names[role] for role in matched}
    wrong = (found ^ wanted) & set(names.values())
    require(
        not wrong,
        f"GET {document.path}: expected {', '.join(sorted(wanted)) or 'none'} of {', '.join(sorted(names.values()))}, "
        f"found {', '.join(sorted(found & set(names.values()))) or 'none'}",
    )


def scopes(root: Document) -> None:
    """Namespaces and nodes are listed as cluster-scoped, the other kinds as namespaced."""
    for entry in resources(root):
        name, found = str(entry["name"]), entry.get("namespaced")
        expected = name not in CLUSTER_SCOPED
        require(
            name not in ELEVEN or found is expected,
            f"GET {root.path}: {name} has namespaced {found!r}, expected {expected}",
        )


def namespaced(root: Any) -> list[str]:
    """Return the plurals that an APIResourceList offers in a namespace; none when it cannot be read."""
    listed = root.get("resources") if isinstance(root, dict) else None
    names = [str(entry.get("name") or "") for entry in listed or () if isinstance(entry, dict)]
    return [name for name in names if name in ELEVEN - CLUSTER_SCOPED]


def kinds(documents: Mapping[str, Document]) -> None:
    """The lists of all kinds, by plural, and their items name each kind as Kubernetes does."""
    judged = 0
    for plural, document in documents.items():
        if document.status != 200:  # judged by the requirement that every listed kind answers
            continue
        about = ref(document.granted().get("resource")).kind
        found = {about, *(item.resource.kind for item in document.items())}
        judged += 1
        require(
            found == {KINDS[plural]},
            f"GET {document.path}: kind {_named(found - {KINDS[plural]})}, expected {KINDS[plural]}",
        )
    require(bool(judged), "no kind can be listed")


def everywhere(document: Document, busy: Iterable[Ref]) -> None:
    """A list over all namespaces has the objects that had traffic in each of them."""
    missing = {str(one) for one in busy} - {str(item.resource) for item in document.items()}
    require(not missing, f"GET {document.path} leaves out {_named(missing)}, which had traffic")


def about_a_kind(document: Document) -> None:
    """The resource of a list of objects says their kind, namespace and API version, and no more."""
    document.items()
    about = document.granted().get("resource")
    fields = about if isinstance(about, dict) else {}
    more = {key: value for key, value in fields.items() if key not in _REFERENCE and value}
    require(bool(fields.get("kind")), f"GET {document.path}: its resource {about!r} names no kind")
    require(
        not more,
        f"GET {document.path}: its resource also has {_named(f'{key} {value!r}' for key, value in more.items())}",
    )


def same_numbers(plain: Item, selected: Item, limits: Limits) -> None:
    """An object has the same counts whether a selector chose it or not."""
    for name in COUNTS:
        expected, found = plain.value(name), selected.value(name)
        require(
            numbers.near(found, expected, limits),
            f"{name} of {plain} is {expected:g}, and {found:g} where a label selector chose it",
        )


def one_by_one(document: Document, objects: Iterable[Ref]) -> None:
    """A list that a selector restricts has an item for each object, none for them together."""
    items = document.items()
    missing = {str(one) for one in objects} - {str(item.resource) for item in items}
    nameless = [str(item.resource) for item in items if not item.resource.name]
    require(not nameless, f"GET {document.path}: an item is about {_named(nameless)}, not about one object")
    require(not missing, f"GET {document.path}: no item about {_named(missing)}, which the selector matches")


def unknown(kind: Document, thing: Document) -> None:
    """An unknown kind is answered 404; an unknown object has no traffic, whichever way that is said."""
    require(kind.status == 404, f"GET {kind.path}: an unknown kind was answered {kind.status}, expected 404")
    require(
        thing.status in (200, 404),
        f"GET {thing.path}: an unknown object was answered {thing.status}, expected 404, or 200 without traffic",
    )
    if thing.status == 200:
        shown = sum(item.requests for item in thing.items())
        require(shown == 0, f"GET {thing.path}: an unknown object has {shown:g} requests")


def _named(values: Iterable[str]) -> str:
    return ", ".join(sorted(value or "''" for value in values)) or "nothing"
