"""Faults of what is counted for an object, and of what a split is said to be."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.metrics.measure import Edge, Measure
from pytest_smi.reference.mesh.metrics.resources import ClusterView, Subject
from pytest_smi.reference.mesh.metrics.samples import ObjectKey, Traffic
from pytest_smi.reference.mesh.metrics.splits import Backend, Split, SplitReader
from pytest_smi.reference.mesh.metrics.windows import Observed, Tally, Window, add_up


class _NumbersStay(Observed):
    def count(self, wanted: Callable[[Traffic], bool]) -> Tally:
        tally = super().count(wanted)
        cells = [cell for traffic, found in self.cells.items() if wanted(traffic) for cell in found]
        if tally.requests or not cells:
            return tally
        last = Window(end=max(cell.start for cell in cells), seconds=self.window.seconds)
        return add_up(cell for cell in cells if last.holds(cell))


NUMBERS_STAY = Fault(
    name="metrics-numbers-stay",
    description="The numbers of the last window with traffic stay when traffic stops.",
    breaks=("TM-38",),
    overrides=(_NumbersStay,),
)


class _OnePodOnly(Measure):
    def received(self, subject: Subject) -> Tally:
        return super().received(self._one_pod_of(subject))

    def edges(self, subject: Subject, peers: Sequence[Subject]) -> list[Edge]:
        return super().edges(self._one_pod_of(subject), peers)

    def _one_pod_of(self, subject: Subject) -> Subject:
        return (
            replace(subject, pods=frozenset(sorted(subject.pods)[:1]))
            if subject.kind.resource == "deployments"
            else subject
        )


ONE_POD_ONLY = Fault(
    name="metrics-one-pod-only",
    description="A deployment has the numbers of one of its pods.",
    breaks=("TM-39",),
    overrides=(_OnePodOnly,),
)


class _NamespaceTwice(Measure):
    def received(self, subject: Subject) -> Tally:
        tally = super().received(subject)
        return add_up([tally, tally]) if subject.kind.resource == "namespaces" else tally


NAMESPACE_COUNTS_TWICE = Fault(
    name="metrics-namespace-counts-twice",
    description="A namespace counts every request received in it twice.",
    breaks=("TM-40",),
    overrides=(_NamespaceTwice,),
)


class _SplitAggregated(Measure):
    def backends(self, split: Split) -> list[tuple[Backend, Tally]]:
        counted = super().backends(split)
        return [(backend, add_up(tally for _, tally in counted)) for backend, _ in counted[:1]]


SPLIT_AGGREGATED = Fault(
    name="metrics-split-aggregated",
    description="A split has one item for all backends, named after the first.",
    breaks=("TM-49", "TM-50", "TM-51"),
    overrides=(_SplitAggregated,),
)


class _StaleWeight(SplitReader):
    def __init__(self) -> None:
        self._first: dict[tuple[ObjectKey, str], Any] = {}

    def read(self, view: ClusterView) -> list[Split]:
        return [
            replace(split, backends=tuple(self._as_first_seen(split, backend) for backend in split.backends))
            for split in super().read(view)
        ]

    def _as_first_seen(self, split: Split, backend: Backend) -> Backend:
        return replace(backend, weight=self._first.setdefault((split.key, backend.name), backend.weight))


STALE_WEIGHT = Fault(
    name="metrics-stale-weight",
    description="The weight of a backend stays what it was when it was first seen.",
    breaks=("TM-50",),
    overrides=(_StaleWeight,),
)

COUNTING_FAULTS = (NUMBERS_STAY, ONE_POD_ONLY, NAMESPACE_COUNTS_TWICE, SPLIT_AGGREGATED, STALE_WEIGHT)
