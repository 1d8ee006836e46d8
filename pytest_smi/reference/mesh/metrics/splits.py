"""What the metrics API needs to know of TrafficSplits: apex, backends, weights."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_smi.reference.mesh.metrics.resources import ClusterView, KubeObject
from pytest_smi.reference.mesh.metrics.samples import ObjectKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """A backend Service and its weight as the split has it."""

    name: str
    weight: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A TrafficSplit; backends in their order, one entry a name."""

    namespace: str
    name: str
    labels: Mapping[str, str]
    apex: str
    backends: tuple[Backend, ...]

    @property
    def key(self) -> ObjectKey:
        """(namespace, name)."""
        return (self.namespace, self.name)


class SplitReader:
    """The TrafficSplits of a cluster, as they are whenever they are read."""

    def read(self, view: ClusterView) -> list[Split]:
        """Return every TrafficSplit, by namespace and name. What is malformed in one leaves gaps in that one only."""
        return sorted((_split(thing) for thing in view.objects("trafficsplits")), key=lambda split: split.key)


def _split(thing: KubeObject) -> Split:
    metadata, spec = thing["metadata"], thing.get("spec") or {}
    weights: dict[str, Any] = {}
    for backend in spec.get("backends") or []:
        name, weight = str(backend.get("service", "")), backend.get("weight", 0)
        known = weights.get(name)
        both_add_up = isinstance(known, int | float) and isinstance(weight, int | float)
        weights[name] = known + weight if both_add_up else weight
    return Split(
        namespace=metadata.get("namespace", ""),
        name=metadata["name"],
        labels=metadata.get("labels") or {},
        # The prose allows the apex to be written as the Service's full DNS name; the metrics name the Service.
        apex=str(spec.get("service", "")).split(".")[0],
        backends=tuple(Backend(name=name, weight=weight) for name, weight in weights.items()),
    )
