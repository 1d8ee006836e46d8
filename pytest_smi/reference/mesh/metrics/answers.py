"""What a query is answered: the one place where objects, traffic and rendering meet. Pure.

Laws: an object without traffic is answered with zeros, an unknown one with 404;
a selector chooses items and never changes their numbers.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_smi.reference.mesh.label_selectors import NO_SELECTOR, Selector
from pytest_smi.reference.mesh.metrics.measure import Measure
from pytest_smi.reference.mesh.metrics.render import Renderer
from pytest_smi.reference.mesh.metrics.resources import KINDS, ClusterView, Kind, Subject, subjects
from pytest_smi.reference.mesh.metrics.routes import EDGES, Query
from pytest_smi.reference.mesh.metrics.splits import Split
from pytest_smi.reference.mesh.metrics.statuses import Answer, object_not_found, resource_not_found


class Answers:
    """Answers to permitted queries, given the facts of one moment: the kinds that have metrics, the cluster's objects,
    the traffic seen."""

    def __init__(
        self,
        *,
        kinds: Mapping[str, Kind],
        view: ClusterView,
        splits: Sequence[Split],
        measure: Measure,
        renderer: Renderer,
    ) -> None:
        self.kinds = kinds
        self.view = view
        self.splits = splits
        self.measure = measure
        self.renderer = renderer

    def answer(self, query: Query, labels: Selector = NO_SELECTOR, fields: Mapping[str, str] | None = None) -> Answer:
        """Return the answer to one query; `labels` and `fields` are the selectors of a list."""
        if query.resource == EDGES and query.namespace and not query.name:
            namespace = Query(resource="namespaces", namespace=query.namespace, name=query.namespace)
            return self.edges(KINDS["namespaces"], namespace, labels)
        kind = self.kinds.get(query.resource)
        if kind is None or query.subresource not in ("", EDGES) or not _scope_fits(kind, query):
            return resource_not_found()
        if query.subresource == EDGES:
            return self.edges(kind, query, labels)
        if not query.name:
            return self.list(kind, query, labels, fields or {})
        return self.get_split(query) if kind.resource == "trafficsplits" else self.get(kind, query)

    def list(self, kind: Kind, query: Query, labels: Selector, fields: Mapping[str, str]) -> Answer:
        """Return the objects of the kind, with or without traffic; a split has one item for each backend."""
        if kind.resource == "trafficsplits":
            chosen = [split for split in self.splits if self.is_listed(split, query, labels, fields)]
            items = [item for split in chosen for item in self._split_items(split)]
        else:
            found = self.subjects(kind)
            items = [self._plain(subject) for subject in found if self.is_listed(subject, query, labels, fields)]
        return Answer(200, self.renderer.list_of_kind(kind, query.namespace, items, labels))

    def is_listed(self, thing: Subject | Split, query: Query, labels: Selector, fields: Mapping[str, str]) -> bool:
        """Return whether a list has the object: it is in the namespace of the path, if there is one,
        and the selectors match."""
        named = {"metadata.name": thing.name, "metadata.namespace": thing.namespace}
        return (
            query.namespace in ("", thing.namespace)
            and labels.matches(thing.labels)
            and all(named[field] == value for field, value in fields.items())
        )

    def get(self, kind: Kind, query: Query) -> Answer:
        """Return the one object that the query names, with or without traffic."""
        subject = self.find(kind, query)
        return Answer(200, self._plain(subject)) if subject is not None else object_not_found(query)

    def get_split(self, query: Query) -> Answer:
        """Return a list of the backends of one split, or the item itself where there is one backend."""
        for split in self.splits:
            if split.key == (query.namespace, query.name):
                items = self._split_items(split)
                if len(items) == 1:
                    return Answer(200, items[0])
                return Answer(
                    200, self.renderer.list_of_subject(KINDS["trafficsplits"], *split.key, items, NO_SELECTOR)
                )
        return object_not_found(query)

    def edges(self, kind: Kind, query: Query, labels: Selector) -> Answer:
        """Return the edges of one object; `labels` choose among the peers."""
        subject = self.find(kind, query)
        if subject is None:
            return object_not_found(query)
        found = self.measure.edges(subject, self.subjects(kind))
        items = [self.renderer.edge_item(subject, edge) for edge in found if labels.matches(edge.peer.labels)]
        return Answer(200, self.renderer.list_of_subject(kind, *subject.key, items, labels))

    def subjects(self, kind: Kind) -> Sequence[Subject]:
        """Return every object of the kind, with the pods that it contains."""
        return subjects(kind, self.view)

    def find(self, kind: Kind, query: Query) -> Subject | None:
        """Return the object that the query names, None when there is none."""
        key = (query.namespace if kind.namespaced else "", query.name)
        return next((subject for subject in self.subjects(kind) if subject.key == key), None)

    def _plain(self, subject: Subject) -> dict[str, Any]:
        return self.renderer.plain_item(subject, self.measure.received(subject))

    def _split_items(self, split: Split) -> Sequence[dict[str, Any]]:
        return [self.renderer.split_item(split, backend, tally) for backend, tally in self.measure.backends(split)]


def _scope_fits(kind: Kind, query: Query) -> bool:
    if kind.namespaced:
        return bool(query.namespace) or not query.name
    # A namespace is itself the namespace of its path; see routes.
    return not query.namespace or (
        kind.resource == "namespaces" and query.name == query.namespace and not query.subresource
    )
