"""The JSON of TrafficMetrics and TrafficMetricsList (metrics v1alpha1). Pure.

Laws: every item names its object in `resource` and the observed traffic in `edge` by direction, side and peer; a list
of objects has a `resource` without a name, a list about one object names it.
"""

from collections.abc import Sequence
from typing import Any, Literal

from pytest_smi.reference.mesh.label_selectors import Selector
from pytest_smi.reference.mesh.metrics.measure import Edge
from pytest_smi.reference.mesh.metrics.resources import KINDS, Kind, Subject
from pytest_smi.reference.mesh.metrics.routes import GROUP_VERSION
from pytest_smi.reference.mesh.metrics.splits import Backend, Split
from pytest_smi.reference.mesh.metrics.values import MetricValues, go_duration, rfc3339
from pytest_smi.reference.mesh.metrics.windows import Tally, Window


def reference(kind: Kind, namespace: str, name: str) -> dict[str, str]:
    """Return the object reference of one object; no namespace for cluster-scoped kinds."""
    return {"kind": kind.name, **({"namespace": namespace} if namespace else {}), "name": name}


class Renderer:
    """Writes what was seen through one window."""

    def __init__(self, values: MetricValues, window: Window) -> None:
        self._values = values
        self._window = window

    def plain_item(self, subject: Subject, tally: Tally) -> dict[str, Any]:
        """Return the object as such: all traffic that it received, from wherever it came."""
        return self.item(reference(subject.kind, *subject.key), self.edge("from", "server", {}), tally)

    def edge_item(self, subject: Subject, edge: Edge) -> dict[str, Any]:
        """Return one edge of the object."""
        peer = reference(edge.peer.kind, *edge.peer.key)
        return self.item(reference(subject.kind, *subject.key), self.edge(edge.direction, edge.side, peer), edge.tally)

    def split_item(self, split: Split, backend: Backend, tally: Tally) -> dict[str, Any]:
        """Return one backend of a split, with its weight."""
        item = self.item(reference(KINDS["trafficsplits"], *split.key), self.edge("from", "client", {}), tally)
        return {**item, "backend": {"apex": split.apex, "name": backend.name, "weight": backend.weight}}

    def list_of_kind(
        self, kind: Kind, namespace: str, items: Sequence[dict[str, Any]], selector: Selector
    ) -> dict[str, Any]:
        """Return a list of objects."""
        resource = {
            "kind": kind.name,
            **({"namespace": namespace} if namespace else {}),
            "apiVersion": kind.api_version,
        }
        return _list(resource, items, selector)

    def list_of_subject(
        self, kind: Kind, namespace: str, name: str, items: Sequence[dict[str, Any]], selector: Selector
    ) -> dict[str, Any]:
        """Return a list about one object: its edges, or the backends of a split."""
        return _list(reference(kind, namespace, name), items, selector)

    def item(self, resource: dict[str, str], edge: dict[str, Any], tally: Tally) -> dict[str, Any]:
        """Return one TrafficMetrics."""
        timestamp = self.timestamp()
        named = {key: value for key, value in resource.items() if key != "kind"}
        return {
            "kind": "TrafficMetrics",
            "apiVersion": GROUP_VERSION,
            "metadata": {**named, "creationTimestamp": timestamp},
            "resource": resource,
            "edge": edge,
            "timestamp": timestamp,
            "window": go_duration(self._window.seconds),
            "metrics": self._values.of(tally),
        }

    def edge(
        self, direction: Literal["to", "from"], side: Literal["client", "server"], peer: dict[str, str]
    ) -> dict[str, Any]:
        """Return what was observed, at which side, and with whom; the peer is {} for traffic of all peers together."""
        return {"direction": direction, "side": side, "resource": peer}

    def timestamp(self) -> str:
        """Return when the numbers were true: the end of the window."""
        return rfc3339(self._window.end)


def _list(resource: dict[str, str], items: Sequence[dict[str, Any]], selector: Selector) -> dict[str, Any]:
    echo = {"selector": selector.as_json()} if selector.requirements else {}
    return {
        "kind": "TrafficMetricsList",
        "apiVersion": GROUP_VERSION,
        "metadata": {},
        "resource": resource,
        **echo,
        "items": list(items),
    }
