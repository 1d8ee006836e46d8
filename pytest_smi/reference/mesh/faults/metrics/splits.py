"""Faults of the metrics of splits: what is counted for a backend, and between whom."""

from typing import Any

from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.metrics.measure import Measure
from pytest_smi.reference.mesh.metrics.render import Renderer
from pytest_smi.reference.mesh.metrics.samples import Traffic
from pytest_smi.reference.mesh.metrics.splits import Backend, Split
from pytest_smi.reference.mesh.metrics.windows import Tally, add_up


class _TotalForEach(Measure):
    def backends(self, split: Split) -> list[tuple[Backend, Tally]]:
        counted = super().backends(split)
        total = add_up(tally for _, tally in counted)
        return [(backend, total) for backend, _ in counted]


TOTAL_FOR_EACH = Fault(
    name="metrics-split-total-for-each",
    description="Every backend of a split has the numbers of the whole split.",
    breaks=("TM-51",),
    overrides=(_TotalForEach,),
)


class _StraightCounted(Measure):
    def backends(self, split: Split) -> list[tuple[Backend, Tally]]:
        return [
            (backend, add_up((tally, self.observed.count(self._straight(split, backend)))))
            for backend, tally in super().backends(split)
        ]

    def _straight(self, split: Split, backend: Backend) -> Any:
        def sent_to_the_backend(traffic: Traffic) -> bool:
            return traffic.side == "client" and traffic.apex == (split.namespace, backend.name)

        return sent_to_the_backend


STRAIGHT_COUNTED = Fault(
    name="metrics-split-counts-straight",
    description="A backend of a split is counted by its Service: what is sent there by its own name is counted too.",
    breaks=("TM-51", "TM-52"),
    overrides=(_StraightCounted,),
)


class _SplitSends(Renderer):
    def split_item(self, split: Split, backend: Backend, tally: Tally) -> dict[str, Any]:
        item = super().split_item(split, backend, tally)
        return {**item, "edge": {**item["edge"], "direction": "to"}}


SPLIT_SENDS = Fault(
    name="metrics-split-sends",
    description="The edge of a split has the direction `to`.",
    breaks=("TM-53",),
    overrides=(_SplitSends,),
)

SPLIT_NUMBER_FAULTS = (TOTAL_FOR_EACH, STRAIGHT_COUNTED, SPLIT_SENDS)
