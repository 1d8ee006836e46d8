"""Faults of lists: what the API says there is, what a selector does, and what an unknown object is answered."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.label_selectors import NO_SELECTOR, Selector
from pytest_smi.reference.mesh.metrics.answers import Answers
from pytest_smi.reference.mesh.metrics.discovery import Discovery
from pytest_smi.reference.mesh.metrics.measure import is_received
from pytest_smi.reference.mesh.metrics.render import Renderer
from pytest_smi.reference.mesh.metrics.resources import Kind, MetricKinds, Subject, subjects
from pytest_smi.reference.mesh.metrics.routes import Query
from pytest_smi.reference.mesh.metrics.splits import Split
from pytest_smi.reference.mesh.metrics.statuses import Answer, failure, resource_not_found
from pytest_smi.reference.mesh.metrics.windows import Tally, add_up


class _AllNamespaced(Discovery):
    def entry(self, kind: Kind) -> dict[str, Any]:
        return {**super().entry(kind), "namespaced": True}


ALL_NAMESPACED = Fault(
    name="metrics-all-namespaced",
    description="Discovery calls every kind namespaced, namespaces and nodes too.",
    breaks=("TM-05",),
    overrides=(_AllNamespaced,),
)


class _OneNamespaceOnly(Answers):
    def is_listed(self, thing: Subject | Split, query: Query, labels: Selector, fields: Mapping[str, str]) -> bool:
        if isinstance(thing, Subject) and thing.kind.namespaced and not query.namespace:
            first = min(subject.namespace for subject in subjects(thing.kind, self.view))
            query = replace(query, namespace=first)
        return super().is_listed(thing, query, labels, fields)


ONE_NAMESPACE_ONLY = Fault(
    name="metrics-one-namespace-only",
    description="A list over all namespaces has the objects of one of them.",
    breaks=("TM-08",),
    overrides=(_OneNamespaceOnly,),
)


class _ListNamed(Renderer):
    def list_of_kind(
        self, kind: Kind, namespace: str, items: Sequence[dict[str, Any]], selector: Selector
    ) -> dict[str, Any]:
        body = super().list_of_kind(kind, namespace, items, selector)
        name = items[0]["resource"]["name"] if items else "none"
        return {**body, "resource": {**body["resource"], "name": name}}


LIST_NAMED = Fault(
    name="metrics-list-named",
    description="The resource of a list has the name of its first item.",
    breaks=("TM-09",),
    overrides=(_ListNamed,),
)


class _SelectorOnSeries(Answers):
    def list(self, kind: Kind, query: Query, labels: Selector, fields: Mapping[str, str]) -> Answer:
        if kind.resource == "trafficsplits" or not labels.requirements:
            return super().list(kind, query, labels, fields)
        chosen = [thing for thing in subjects(kind, self.view) if self.is_listed(thing, query, labels, fields)]
        items = [self.renderer.plain_item(thing, self._among(thing, chosen)) for thing in chosen]
        return Answer(200, self.renderer.list_of_kind(kind, query.namespace, items, labels))

    def _among(self, thing: Subject, chosen: Sequence[Subject]) -> Tally:
        pods = {pod for other in chosen for pod in other.pods}
        return self.measure.observed.count(lambda traffic: is_received(thing, traffic) and traffic.source in pods)


SELECTOR_ON_SERIES = Fault(
    name="metrics-selector-on-series",
    description="A label selector also chooses whose requests are counted: those of callers that it matches.",
    breaks=("TM-12",),
    overrides=(_SelectorOnSeries,),
)


class _SelectorAggregates(Answers):
    def list(self, kind: Kind, query: Query, labels: Selector, fields: Mapping[str, str]) -> Answer:
        answer = super().list(kind, query, labels, fields)
        chosen = [thing for thing in subjects(kind, self.view) if self.is_listed(thing, query, labels, fields)]
        if kind.resource == "trafficsplits" or not labels.requirements or len(chosen) < 2:
            return answer
        item = self.renderer.plain_item(chosen[0], add_up(self.measure.received(thing) for thing in chosen))
        together = {key: value for key, value in item["resource"].items() if key != "name"}
        return Answer(200, {**answer.body, "items": [{**item, "resource": together}]})


SELECTOR_AGGREGATES = Fault(
    name="metrics-selector-aggregates",
    description="A label selector that matches several objects gives one item for all of them.",
    breaks=("TM-11", "TM-45"),
    overrides=(_SelectorAggregates,),
)


class _UnknownError(Answers):
    def get(self, kind: Kind, query: Query) -> Answer:
        if self.find(kind, query) is None:
            return failure(500, f"unable to look up metrics of {query.resource} {query.name}")
        return super().get(kind, query)


UNKNOWN_ERROR = Fault(
    name="metrics-unknown-error",
    description="A get of an object that does not exist answers 500.",
    breaks=("TM-60",),
    overrides=(_UnknownError,),
)


class _OwnSpelling(MetricKinds):
    def served(self) -> dict[str, Kind]:
        spelled = {"daemonsets": "Daemonset", "statefulsets": "Statefulset"}
        return {plural: replace(kind, name=spelled.get(plural, kind.name)) for plural, kind in super().served().items()}


OWN_SPELLING = Fault(
    name="metrics-own-spelling",
    description="DaemonSet and StatefulSet are spelled Daemonset and Statefulset, as in the SDK.",
    breaks=("TM-64",),
    overrides=(_OwnSpelling,),
)


class _ListSlashRefused(Answers):
    def answer(self, query: Query, labels: Selector = NO_SELECTOR, fields: Mapping[str, str] | None = None) -> Answer:
        return resource_not_found() if query.slash else super().answer(query, labels, fields)


LIST_SLASH_REFUSED = Fault(
    name="metrics-list-slash-refused",
    description="A list with a trailing slash answers 404.",
    breaks=("TM-66",),
    overrides=(_ListSlashRefused,),
)

LIST_FAULTS = (
    ALL_NAMESPACED,
    ONE_NAMESPACE_ONLY,
    LIST_NAMED,
    SELECTOR_ON_SERIES,
    SELECTOR_AGGREGATES,
    UNKNOWN_ERROR,
    OWN_SPELLING,
    LIST_SLASH_REFUSED,
)
