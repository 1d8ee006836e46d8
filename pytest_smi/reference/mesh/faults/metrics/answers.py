"""Faults of which objects a query is answered with."""

from collections.abc import Mapping
from dataclasses import replace

from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.label_selectors import NO_SELECTOR, Selector
from pytest_smi.reference.mesh.metrics.answers import Answers
from pytest_smi.reference.mesh.metrics.measure import is_received
from pytest_smi.reference.mesh.metrics.render import reference
from pytest_smi.reference.mesh.metrics.resources import Kind, Subject, subjects
from pytest_smi.reference.mesh.metrics.routes import Query
from pytest_smi.reference.mesh.metrics.splits import Split
from pytest_smi.reference.mesh.metrics.statuses import Answer, failure, method_not_allowed


def _ever_received(answers: Answers, subject: Subject) -> bool:
    """Return whether any traffic to the subject is on record, in the window or before it."""
    return any(is_received(subject, traffic) for traffic in answers.measure.observed.cells)


class _ListedKindRefused(Answers):
    def list(self, kind: Kind, query: Query, labels: Selector, fields: Mapping[str, str]) -> Answer:
        if kind.resource in ("jobs", "replicationcontrollers"):
            return method_not_allowed()
        return super().list(kind, query, labels, fields)


LISTED_KIND_REFUSED = Fault(
    name="metrics-listed-kind-refused",
    description="Jobs and replicationcontrollers are in discovery, but listing them answers 405.",
    breaks=("TM-06",),
    overrides=(_ListedKindRefused,),
)


class _ForeignItems(Answers):
    def is_listed(self, thing: Subject | Split, query: Query, labels: Selector, fields: Mapping[str, str]) -> bool:
        if isinstance(thing, Subject) and not labels.requirements and not _ever_received(self, thing):
            query = replace(query, namespace="")
        return super().is_listed(thing, query, labels, fields)


FOREIGN_ITEMS = Fault(
    name="metrics-foreign-items",
    description="A list in a namespace, unless by selector, also carries idle objects of other namespaces.",
    breaks=("TM-07",),
    overrides=(_ForeignItems,),
)


class _ForeignSplits(Answers):
    def is_listed(self, thing: Subject | Split, query: Query, labels: Selector, fields: Mapping[str, str]) -> bool:
        if isinstance(thing, Split):
            query = replace(query, namespace="")
        return super().is_listed(thing, query, labels, fields)


FOREIGN_SPLITS = Fault(
    name="metrics-foreign-splits",
    description="A list of splits in a namespace has those of all namespaces.",
    breaks=("TM-07",),
    overrides=(_ForeignSplits,),
)


class _OtherObject(Answers):
    def get(self, kind: Kind, query: Query) -> Answer:
        answer = super().get(kind, query)
        subject = self.find(kind, query)
        if answer.code != 200 or subject is None:
            return answer
        others = [other for other in subjects(kind, self.view) if other.key != subject.key]
        resource = reference(kind, *others[0].key) if others else {"kind": kind.name}
        return Answer(200, {**answer.body, "resource": resource})


OTHER_OBJECT = Fault(
    name="metrics-other-object",
    description="A get names another object of its kind in `resource`, with the numbers of the one asked for.",
    breaks=("TM-10",),
    overrides=(_OtherObject,),
)


class _SelectorIgnored(Answers):
    def answer(self, query: Query, labels: Selector = NO_SELECTOR, fields: Mapping[str, str] | None = None) -> Answer:
        return super().answer(query, NO_SELECTOR, fields)


SELECTOR_IGNORED = Fault(
    name="metrics-selector-ignored",
    description="The label selector is ignored.",
    breaks=("TM-11",),
    overrides=(_SelectorIgnored,),
)


class _EqualityAlone(Answers):
    def answer(self, query: Query, labels: Selector = NO_SELECTOR, fields: Mapping[str, str] | None = None) -> Answer:
        known = tuple(one for one in labels.requirements if one.operator == "In" and len(one.values) == 1)
        return super().answer(query, Selector(requirements=known), fields)


SELECTOR_EQUALITY_ALONE = Fault(
    name="metrics-selector-equality-alone",
    description="Of a label selector only `key=value` is read: `!=`, `in`, `notin` and presence are ignored.",
    breaks=("TM-11",),
    overrides=(_EqualityAlone,),
)


class _IdleError(Answers):
    def get(self, kind: Kind, query: Query) -> Answer:
        subject = self.find(kind, query)
        if subject is not None and not _ever_received(self, subject):
            return failure(500, f"no samples for {query.resource} {query.name}")
        return super().get(kind, query)


IDLE_ERROR = Fault(
    name="metrics-idle-error",
    description="A get of an object that never had traffic answers 500.",
    breaks=("TM-68",),
    overrides=(_IdleError,),
)

ANSWER_FAULTS = (
    LISTED_KIND_REFUSED,
    FOREIGN_ITEMS,
    FOREIGN_SPLITS,
    OTHER_OBJECT,
    SELECTOR_IGNORED,
    SELECTOR_EQUALITY_ALONE,
    IDLE_ERROR,
)
