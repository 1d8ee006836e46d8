"""What a query is answered: the one place where objects, traffic and rendering meet. Pure.

Laws: an object without traffic is answered with zeros, an unknown one with 404; a selector chooses items and never changes their numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pytest_smi.reference.mesh.faults.active import NO_FAULTS, ActiveFaults
from pytest_smi.reference.mesh.metrics import measure, render, statuses
from pytest_smi.reference.mesh.metrics.resources import KINDS, ClusterView, Kind, Subject, as_asked, served_kinds, subjects
from pytest_smi.reference.mesh.metrics.routes import EDGES, Query
from pytest_smi.reference.mesh.metrics.selectors import Selector
from pytest_smi.reference.mesh.metrics.splits import Split
from pytest_smi.reference.mesh.metrics.windows import Observed

_NO_SELECTOR = Selector()


@dataclass(frozen=True, slots=True)
class Answer:
    """HTTP status and JSON body."""

    code: int
    body: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What answers are made of: the cluster's objects, its splits, the traffic seen, and the faults to have."""

    view: ClusterView
    splits: Sequence[Split]
    observed: Observed
    faults: ActiveFaults = NO_FAULTS


def answer(query: Query, facts: Facts, *, labels: Selector = _NO_SELECTOR, fields: dict[str, str] | None = None) -> Answer:
    """The answer to a permitted query. `labels` and `fields` are the selectors of a list."""
    if facts.faults.on("metrics-selector-ignored"):
        labels = _NO_SELECTOR
    if query.resource == EDGES and query.namespace and not query.name:
        namespace = Query(resource="namespaces", namespace=query.namespace, name=query.namespace)
        return _edges(KINDS["namespaces"], namespace, facts, labels)
    kind = served_kinds(faults=facts.faults).get(query.resource)
    if kind is None or query.subresource not in ("", EDGES) or not _scope_fits(kind, query):
        return Answer(404, statuses.resource_not_found())
    if query.subresource == EDGES:
        return _edges(kind, query, facts, labels)
    if query.name:
        return _get_split(query, facts) if kind.resource == "trafficsplits" else _get(kind, query, facts)
    if facts.faults.on("metrics-listed-kind-refused") and kind.resource in ("jobs", "replicationcontrollers"):
        return Answer(405, statuses.method_not_allowed())
    return _list(kind, query, facts, labels, fields or {})


def _scope_fits(kind: Kind, query: Query) -> bool:
    if kind.namespaced:
        return bool(query.namespace) or not query.name
    # A namespace is itself the namespace of its path; see routes.
    return not query.namespace or (kind.resource == "namespaces" and query.name == query.namespace and not query.subresource)


def _list(kind: Kind, query: Query, facts: Facts, labels: Selector, fields: dict[str, str]) -> Answer:
    def chosen(thing: Subject | Split) -> bool:
        mine = query.namespace in ("", thing.namespace)
        if facts.faults.on("metrics-foreign-items") and not mine and isinstance(thing, Subject) and not labels.requirements:
            mine = not facts.observed.ever(lambda traffic: measure.is_received(thing, traffic))
        named = {"metadata.name": thing.name, "metadata.namespace": thing.namespace}
        return mine and labels.matches(thing.labels) and all(named[field] == value for field, value in fields.items())

    if kind.resource == "trafficsplits":
        items = [item for split in facts.splits if chosen(split) for item in _split_items(split, facts)]
    else:
        items = [_plain(subject, facts) for subject in subjects(kind, facts.view) if chosen(subject)]
    return Answer(200, render.list_of_kind(kind, query.namespace, items, labels))


def _get(kind: Kind, query: Query, facts: Facts) -> Answer:
    everything = subjects(kind, facts.view)
    subject = _find(everything, kind, query)
    if subject is None:
        return Answer(404, statuses.object_not_found(query))
    if facts.faults.on("metrics-idle-error") and not facts.observed.ever(lambda traffic: measure.is_received(subject, traffic)):
        return Answer(500, statuses.failure(500, f"no samples for {query.resource} {query.name}"))
    item = _plain(subject, facts)
    if facts.faults.on("metrics-other-object"):
        others = [other for other in everything if other.key != subject.key]
        item["resource"] = render.reference(kind, *others[0].key) if others else {"kind": kind.name}
    return Answer(200, item)


def _get_split(query: Query, facts: Facts) -> Answer:
    for split in facts.splits:
        if split.key == (query.namespace, query.name):
            items = _split_items(split, facts)
            if len(items) == 1:
                return Answer(200, items[0])
            kind = KINDS["trafficsplits"]
            return Answer(200, render.list_of_subject(kind, *split.key, items, _NO_SELECTOR, faults=facts.faults))
    return Answer(404, statuses.object_not_found(query))


def _edges(kind: Kind, query: Query, facts: Facts, labels: Selector) -> Answer:
    peers = subjects(kind, facts.view)
    subject = _find(peers, kind, query)
    if subject is None:
        return Answer(404, statuses.object_not_found(query))
    found = measure.edges(as_asked(subject, faults=facts.faults), peers, facts.observed, faults=facts.faults)
    items = [
        render.edge_item(subject, edge, facts.observed.window, faults=facts.faults) for edge in found if labels.matches(edge.peer.labels)
    ]
    return Answer(200, render.list_of_subject(kind, *subject.key, items, labels, faults=facts.faults))


def _find(things: Sequence[Subject], kind: Kind, query: Query) -> Subject | None:
    key = (query.namespace if kind.namespaced else "", query.name)
    return next((subject for subject in things if subject.key == key), None)


def _plain(subject: Subject, facts: Facts) -> dict[str, Any]:
    tally = measure.received(as_asked(subject, faults=facts.faults), facts.observed, faults=facts.faults)
    return render.plain_item(subject, tally, facts.observed.window, faults=facts.faults)


def _split_items(split: Split, facts: Facts) -> list[dict[str, Any]]:
    counted = measure.backends(split, facts.observed, faults=facts.faults)
    return [render.split_item(split, backend, tally, facts.observed.window, faults=facts.faults) for backend, tally in counted]
