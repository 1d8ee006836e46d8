"""What the API answers, as records: items with resource, edge, backend and metrics. Pure.

Reading is lenient, so that a gap is found only by who looks there.
What cannot be read where a requirement needs it raises
RequirementFailed: the document is the mesh's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_smi.scenario.metrics import quantities
from pytest_smi.scenario.verdict import RequirementFailed

COUNTS = ("success_count", "failure_count")
LATENCIES = ("p99_response_latency", "p90_response_latency", "p50_response_latency")
NAMES = frozenset(COUNTS + LATENCIES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ref:
    """An object reference; what it does not say is empty."""

    kind: str = ""
    namespace: str = ""
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind or '?'} {self.namespace + '/' if self.namespace else ''}{self.name or '?'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """One backend of a split; `weight` as the document has it."""

    apex: str
    name: str
    weight: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One TrafficMetrics; `timestamp`, `window` and the metrics are still as the document has them."""

    resource: Ref
    direction: str
    side: str
    peer: Ref
    backend: Backend | None
    timestamp: object
    window: object
    metrics: tuple[Mapping[str, Any], ...]

    def __str__(self) -> str:
        edge = f" {self.direction} {self.peer}" if self.peer != Ref() else ""
        return f"{self.resource}{edge}{f' backend {self.backend.name}' if self.backend else ''}"

    def metric(self, name: str) -> Mapping[str, Any]:
        """Return the first metric of this name."""
        for metric in self.metrics:
            if metric.get("name") == name:
                return metric
        raise RequirementFailed(f"{self} has no metric {name}")

    def value(self, name: str) -> float:
        """Return a metric's value as a number, in whatever unit it has."""
        return self._read(name, lambda metric: quantities.quantity(metric.get("value")))

    def latency(self, name: str) -> float:
        """Return a latency in seconds, by the unit that it names."""
        return self._read(
            name, lambda metric: quantities.quantity(metric.get("value")) * quantities.unit_seconds(metric.get("unit"))
        )

    @property
    def requests(self) -> float:
        """Successes and failures together."""
        return sum(self.value(name) for name in COUNTS)

    def _read(self, name: str, read: Callable[[Mapping[str, Any]], float]) -> float:
        try:
            return read(self.metric(name))
        except ValueError as error:
            raise RequirementFailed(f"{name} of {self} cannot be read: {error}") from error


def items_of(body: Any) -> list[Item]:
    """Return the items of a TrafficMetricsList, or the one TrafficMetrics itself."""
    kind = body.get("kind") if isinstance(body, dict) else None
    if kind == "TrafficMetrics":
        return [_item(body)]
    items = body.get("items") if kind == "TrafficMetricsList" else None
    if isinstance(items, list):
        return [_item(item) for item in items]
    raise RequirementFailed(f"expected TrafficMetrics or a TrafficMetricsList with items, found {str(body)[:120]}")


def ref(value: Any) -> Ref:
    """Read an object reference; an empty or missing one is `Ref()`."""
    fields = _mapping(value)
    return Ref(**{key: str(fields.get(key) or "") for key in ("kind", "namespace", "name")})


def _item(body: Any) -> Item:
    fields = _mapping(body)
    edge, backend = _mapping(fields.get("edge")), fields.get("backend")
    metrics = fields.get("metrics")
    return Item(
        resource=ref(fields.get("resource")),
        direction=str(edge.get("direction") or ""),
        side=str(edge.get("side") or ""),
        peer=ref(edge.get("resource")),
        backend=Backend(
            apex=str(backend.get("apex") or ""), name=str(backend.get("name") or ""), weight=backend.get("weight")
        )
        if isinstance(backend, dict)
        else None,
        timestamp=fields.get("timestamp"),
        window=fields.get("window"),
        metrics=tuple(_mapping(metric) for metric in metrics) if isinstance(metrics, list) else (),
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
