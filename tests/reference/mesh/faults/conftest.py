"""A small cluster of joined pods, compiled and asked without any process: what each fault changes can be seen in it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from pytest_smi.reference.mesh.composition import compiler
from pytest_smi.reference.mesh.faults import specialize
from pytest_smi.reference.mesh.policy import HttpRequest
from pytest_smi.reference.mesh.proxy.state import MeshState
from pytest_smi.reference.mesh.splits import Call, SplitChooser

Key = tuple[str, str]
PODS = [
    ("t1", "srv-1", "srv"),
    ("t1", "srv-2", "srv"),
    ("t1", "srv2", "srv2"),
    ("t1", "a", "a"),
    ("t1", "b", "b"),
    ("t2", "a", "a"),
]
PODS += [("t2", "srv", "srv"), ("t3", "srv", "srv")]
A, B, C, A2 = ("t1", "a"), ("t1", "b"), ("t1", "c"), ("t2", "a")


class World:
    """A cluster of joined pods without sidecars running: objects in, decisions and shares out."""

    def __init__(self, switches: frozenset[str]) -> None:
        self.compiler = compiler(switches)
        self.objects: dict[str, dict[Key, dict[str, Any]]] = {"pods": {}, "services": {}, "endpoints": {}}
        for i, (namespace, name, account) in enumerate(PODS):
            self.objects["pods"][(namespace, name)] = {
                "metadata": {
                    "namespace": namespace,
                    "name": name,
                    "annotations": {"network.smi-reference.io/redirect": "smi-proxy"},
                },
                "spec": {"serviceAccountName": account, "containers": [{"name": "smi-proxy"}]},
                "status": {"podIP": f"127.9.128.{i + 1}", "phase": "Running"},
            }

    def put(self, resource: str, name: str, spec: Any, namespace: str = "t1") -> None:
        """Store an object."""
        uid = f"{resource}-{namespace}-{name}"
        meta = {"namespace": namespace, "name": name, "uid": uid, "resourceVersion": str(random.random())}
        self.objects.setdefault(resource, {})[(namespace, name)] = {"metadata": meta, "spec": spec}
        self.compiler.compile(self.objects)

    def label(self, pod: str, **labels: str) -> None:
        """Change the labels of a pod of t1."""
        pods = self.objects["pods"]
        pods["t1", pod] = {**pods["t1", pod], "metadata": {**pods["t1", pod]["metadata"], "labels": labels}}
        self.compiler.compile(self.objects)

    def delete(self, resource: str, name: str) -> None:
        """Delete an object."""
        del self.objects[resource][("t1", name)]
        self.compiler.compile(self.objects)

    def service(self, name: str, *ports: tuple[int, int], endpoints: Iterable[str], names: str = "http") -> None:
        """A Service with ready endpoints."""
        listed = [{"port": p, "targetPort": t, "name": f"{names}-{p}"} for p, t in ports]
        self.put("services", name, {"clusterIP": f"127.9.64.{len(self.objects['services']) + 1}", "ports": listed})
        subset = {
            "addresses": [{"ip": ip} for ip in endpoints],
            "ports": [{"name": f"{names}-{p}", "port": t} for p, t in ports],
        }
        self.objects["endpoints"][("t1", name)] = {"metadata": {}, "subsets": [subset]}

    def state(self, pod: Key = ("t1", "srv-1")) -> MeshState:
        """The state of one pod's sidecar."""
        snapshot = self.compiler.compile(self.objects)
        state = MeshState(specialize)
        state.apply({**snapshot.shared, **snapshot.own[pod]}, [])
        return state

    def http(
        self,
        path: str,
        source: Key = A,
        method: str = "GET",
        pod: Key = ("t1", "srv-1"),
        port: int = 8080,
        **headers: str,
    ) -> bool:
        """Whether policy lets a request in."""
        lines = [(name.encode(), value.encode()) for name, value in headers.items()]
        request = HttpRequest(port=port, method=method, target=path.encode(), headers=lines)
        return self.state(pod).policy.allow_http(request, source).allowed

    def shares(self, root: str = "app", port: int = 8080, call: Call | None = None) -> Counter[Any]:
        """How 1000 calls are spread over (backend, target port)."""
        state = self.state(("t1", "a"))
        chooser = state.variant(SplitChooser)(random.Random(1), state.matcher)
        call = call or Call("GET", b"/", [])
        found: Counter[Any] = Counter()
        service = state.services[("t1", root)]
        for _ in range(1000):
            choice = chooser.choose(service, (port, "TCP"), call, state.splits_of(service.key), state.services)
            found[(choice.backend, choice.endpoints[0][1] if choice.endpoints else 0)] += 1
        return found


@pytest.fixture
def make_world() -> Callable[..., World]:
    """Makes a cluster with these faults on."""

    def make(*names: str) -> World:
        return World(frozenset(names))

    return make
