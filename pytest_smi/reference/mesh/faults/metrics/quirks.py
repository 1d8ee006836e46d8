"""How the metrics of real meshes depart from the reference readings; nothing here claims to break a requirement."""

from typing import Any

from pytest_smi.reference.mesh.faults.fault import Deviation
from pytest_smi.reference.mesh.metrics.resources import Kind, MetricKinds
from pytest_smi.reference.mesh.metrics.values import MetricValues, milli_quantity
from pytest_smi.reference.mesh.metrics.windows import Tally


class _InMilliseconds(MetricValues):
    def latency(self, name: str, share: float, tally: Tally) -> dict[str, Any]:
        return {
            **super().latency(name, share, tally),
            "unit": "ms",
            "value": milli_quantity(tally.quantile(share) * 1000),
        }


IN_MILLISECONDS = Deviation(
    name="metrics-in-milliseconds",
    description="Latencies are given in milliseconds.",
    overrides=(_InMilliseconds,),
)


class _FiveKinds(MetricKinds):
    def served(self) -> dict[str, Kind]:
        five = ("pods", "deployments", "statefulsets", "daemonsets", "namespaces")
        return {name: kind for name, kind in super().served().items() if name in five}


FIVE_KINDS = Deviation(
    name="metrics-five-kinds",
    description="Only pods, deployments, statefulsets, daemonsets and namespaces have metrics.",
    overrides=(_FiveKinds,),
)

METRICS_DEVIATIONS = (IN_MILLISECONDS, FIVE_KINDS)
