"""A cluster and its traffic in memory: what the tests of the metrics API ask questions about."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pytest_smi.reference.mesh.metrics.api import MetricsParts
from pytest_smi.reference.mesh.metrics.resources import KubeObject
from pytest_smi.reference.mesh.metrics.routes import GROUP_VERSION, Query, parse
from pytest_smi.reference.mesh.metrics.samples import ObjectKey, Recorder, Sample, merge
from pytest_smi.reference.mesh.metrics.selectors import parse_label_selector
from pytest_smi.reference.mesh.metrics.statuses import Answer
from pytest_smi.reference.mesh.metrics.windows import Window

NOW = 1_700_000_000.0
ROOT = f"/apis/{GROUP_VERSION}"


class World:
    """Objects by plural name, and one recorder for all sidecars. `now` is the time of every question."""

    def __init__(self, *, window_seconds: float = 4.0) -> None:
        self.now = NOW
        self.window_seconds = window_seconds
        self.things: dict[str, list[dict[str, Any]]] = {}
        self.recorder = Recorder()

    def objects(self, resource: str) -> Sequence[KubeObject]:
        """As ClusterView has it."""
        return self.things.get(resource, [])

    def add(
        self,
        resource: str,
        namespace: str,
        name: str,
        *,
        owner: str = "",
        labels: Mapping[str, str] | None = None,
        **rest: Any,
    ) -> None:
        """An object with uid `resource/namespace/name`; `owner` is the uid of its controller."""
        metadata: dict[str, Any] = {"name": name, "uid": f"{resource}/{namespace}/{name}", "labels": dict(labels or {})}
        if namespace:
            metadata["namespace"] = namespace
        if owner:
            metadata["ownerReferences"] = [{"uid": owner, "controller": True, "kind": "x", "name": "x"}]
        self.things.setdefault(resource, []).append({"metadata": metadata, **rest})

    def deployment(
        self, namespace: str, name: str, *, pods: int = 1, labels: Mapping[str, str] | None = None, node: str = "n1"
    ) -> list[ObjectKey]:
        """A Deployment with its ReplicaSet and pods `name-0` and so on."""
        self.namespace(namespace)
        self.add("deployments", namespace, name, labels=labels)
        self.add("replicasets", namespace, f"{name}-rs", owner=f"deployments/{namespace}/{name}", labels=labels)
        names = [f"{name}-{number}" for number in range(pods)]
        for pod in names:
            self.add(
                "pods",
                namespace,
                pod,
                owner=f"replicasets/{namespace}/{name}-rs",
                labels=labels,
                spec={"nodeName": node},
            )
        return [(namespace, pod) for pod in names]

    def namespace(self, name: str) -> None:
        """A namespace, unless it is there."""
        if all(thing["metadata"]["name"] != name for thing in self.objects("namespaces")):
            self.add("namespaces", "", name)

    def split(self, namespace: str, name: str, apex: str, weights: Mapping[str, int]) -> None:
        """A TrafficSplit, in place of one of the same name."""
        kept = [
            thing
            for thing in self.things.get("trafficsplits", [])
            if (thing["metadata"]["namespace"], thing["metadata"]["name"]) != (namespace, name)
        ]
        self.things["trafficsplits"] = kept
        backends = [{"service": backend, "weight": weight} for backend, weight in weights.items()]
        self.add("trafficsplits", namespace, name, spec={"service": apex, "backends": backends})

    def send(
        self,
        source: ObjectKey | None,
        destination: ObjectKey,
        count: int,
        *,
        failures: int = 0,
        latency: float = 0.01,
        ago: float = 1.0,
        split: ObjectKey | None = None,
        backend: str | None = None,
        apex: ObjectKey | None = None,
        protocol: Literal["HTTP/1.1", "HTTP/2"] = "HTTP/1.1",
    ) -> None:
        """`count` requests, the first `failures` of them failed, as both sidecars note them;
        a source of None has no sidecar."""
        sides: tuple[Literal["client", "server"], ...] = ("server",) if source is None else ("client", "server")
        for side in sides:
            for number in range(count):
                self.recorder.record(
                    Sample(
                        at=self.now - ago,
                        side=side,
                        protocol=protocol,
                        source=source,
                        destination=destination,
                        apex=apex if side == "client" else None,
                        split=split if side == "client" else None,
                        backend=backend if side == "client" else None,
                        success=number >= failures,
                        latency=latency,
                    )
                )

    def rows(self) -> list[Any]:
        """The recorder's rows after a trip through JSON."""
        return list(json.loads(json.dumps(self.recorder.export(0.0))))

    def answer(self, path: str, *, labels: str = "", faults: Sequence[str] = ()) -> Answer:
        """The answer to a path below the group's version, from the traffic in the window that ends now."""
        query = parse(ROOT + path)
        assert isinstance(query, Query)
        window = Window(end=self.now, seconds=self.window_seconds)
        answers = MetricsParts(self, frozenset(faults)).answers_of(merge(self.rows()), window)
        return answers.answer(query, parse_label_selector(labels))

    def ask(self, path: str, *, labels: str = "", faults: Sequence[str] = ()) -> dict[str, Any]:
        """The body of an answer that must be 200."""
        result = self.answer(path, labels=labels, faults=faults)
        assert result.code == 200, result.body
        return result.body


def values(item: Mapping[str, Any]) -> dict[str, str]:
    """An item's metrics by name."""
    return {metric["name"]: metric["value"] for metric in item["metrics"]}


def counts(item: Mapping[str, Any]) -> tuple[int, int]:
    """(success_count, failure_count) of an item."""
    found = values(item)
    return int(found["success_count"]), int(found["failure_count"])


def edge_counts(body: Mapping[str, Any]) -> dict[tuple[str, str, str], tuple[int, int]]:
    """{(direction, peer's namespace, peer's name): counts} of a list of edges."""
    return {
        (
            item["edge"]["direction"],
            item["edge"]["resource"].get("namespace", ""),
            item["edge"]["resource"]["name"],
        ): counts(item)
        for item in body["items"]
    }
