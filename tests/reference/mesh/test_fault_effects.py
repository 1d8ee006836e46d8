"""Every fault of policy, routes and splits changes the behaviour that it names: a small cluster, compiled and asked, healthy and faulty."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from pytest_smi.reference.mesh.faults import ActiveFaults, active
from pytest_smi.reference.mesh.policy import HttpRequest
from pytest_smi.reference.mesh.proxy.state import MeshState
from pytest_smi.reference.mesh.snapshot import Compiler
from pytest_smi.reference.mesh.splits import Call, choose

Key = tuple[str, str]
PODS = [("t1", "srv-1", "srv"), ("t1", "srv-2", "srv"), ("t1", "srv2", "srv2"), ("t1", "a", "a"), ("t1", "b", "b"), ("t2", "a", "a")]
PODS += [("t2", "srv", "srv"), ("t3", "srv", "srv")]
A, B, C, A2 = ("t1", "a"), ("t1", "b"), ("t1", "c"), ("t2", "a")


class World:
    """A cluster of joined pods without sidecars running: objects in, decisions and shares out."""

    def __init__(self, faults: ActiveFaults) -> None:
        self.compiler = Compiler(faults)
        self.faults = faults
        self.objects: dict[str, dict[Key, dict[str, Any]]] = {"pods": {}, "services": {}, "endpoints": {}}
        for i, (namespace, name, account) in enumerate(PODS):
            self.objects["pods"][(namespace, name)] = {
                "metadata": {"namespace": namespace, "name": name, "annotations": {"network.smi-reference.io/redirect": "smi-proxy"}},
                "spec": {"serviceAccountName": account, "containers": [{"name": "smi-proxy"}]},
                "status": {"podIP": f"127.9.128.{i + 1}", "phase": "Running"},
            }

    def put(self, resource: str, name: str, spec: Any, namespace: str = "t1") -> None:
        """Store an object."""
        uid = f"{resource}-{namespace}-{name}"
        meta = {"namespace": namespace, "name": name, "uid": uid, "resourceVersion": str(random.random())}
        self.objects.setdefault(resource, {})[(namespace, name)] = {"metadata": meta, "spec": spec}
        self.compiler.compile(self.objects)

    def delete(self, resource: str, name: str) -> None:
        """Delete an object."""
        del self.objects[resource][("t1", name)]
        self.compiler.compile(self.objects)

    def service(self, name: str, *ports: tuple[int, int], endpoints: Iterable[str], names: str = "http") -> None:
        """A Service with ready endpoints."""
        listed = [{"port": p, "targetPort": t, "name": f"{names}-{p}"} for p, t in ports]
        self.put("services", name, {"clusterIP": f"127.9.64.{len(self.objects['services']) + 1}", "ports": listed})
        subset = {"addresses": [{"ip": ip} for ip in endpoints], "ports": [{"name": f"{names}-{p}", "port": t} for p, t in ports]}
        self.objects["endpoints"][("t1", name)] = {"metadata": {}, "subsets": [subset]}

    def state(self, pod: Key = ("t1", "srv-1")) -> MeshState:
        """The state of one pod's sidecar."""
        snapshot = self.compiler.compile(self.objects)
        state = MeshState()
        state.apply({**snapshot.shared, **snapshot.own[pod]}, [])
        return state

    def http(self, path: str, source: Key = A, method: str = "GET", pod: Key = ("t1", "srv-1"), port: int = 8080, **headers: str) -> bool:
        """Whether policy lets a request in."""
        lines = [(name.encode(), value.encode()) for name, value in headers.items()]
        request = HttpRequest(port=port, method=method, target=path.encode(), headers=lines)
        return self.state(pod).policy.allow_http(request, source).allowed

    def shares(self, root: str = "app", port: int = 8080, call: Call | None = None) -> Counter[Any]:
        """How 1000 calls are spread over (backend, target port)."""
        state = self.state(("t1", "a"))
        rng = random.Random(1)
        call = call or Call("GET", b"/", [])
        found: Counter[Any] = Counter()
        service = state.services[("t1", root)]
        for _ in range(1000):
            choice = choose(service, (port, "TCP"), call, state.splits_of(service.key), state.services, rng, state.faults)
            found[(choice.backend, choice.endpoints[0][1] if choice.endpoints else 0)] += 1
        return found


def _subject(account: str, namespace: str = "t1") -> dict[str, str]:
    return {"kind": "ServiceAccount", "name": account, "namespace": namespace}


def _grant(world: World, name: str, *rules: dict[str, Any], sources: Iterable[Any] = (_subject("a"),)) -> None:
    world.put("traffictargets", name, {"destination": _subject("srv"), "rules": list(rules), "sources": list(sources)})


def _group(world: World, name: str, *matches: dict[str, Any]) -> dict[str, Any]:
    world.put("httproutegroups", name, {"matches": [{"name": f"r{i}", **match} for i, match in enumerate(matches)]})
    return {"kind": "HTTPRouteGroup", "name": name}


def _ports(world: World, kind: str, name: str, *ports: int) -> dict[str, Any]:
    world.put(f"{kind.lower()}s", name, {"matches": {"ports": list(ports)}})
    return {"kind": kind, "name": name}


def _one(world: World, match: dict[str, Any], *others: dict[str, Any]) -> None:
    _grant(world, "t", _group(world, "g", match, *others))


def _two_targets(world: World) -> list[bool]:
    _grant(world, "t1", _group(world, "x", {"pathRegex": "/x"}))
    _grant(world, "t2", _group(world, "y", {"pathRegex": "/y"}), sources=[_subject("b")])
    return [world.http("/x", A), world.http("/y", B), world.http("/y", A), world.http("/x", C)]


def _requests(match: dict[str, Any], *asked: dict[str, Any], others: tuple[dict[str, Any], ...] = ()) -> Callable[[World], list[bool]]:
    def scenario(world: World) -> list[bool]:
        _one(world, match, *others)
        return [world.http(**{"path": "/", **request}) for request in asked]

    return scenario


def _unselected(world: World) -> list[bool]:
    _one(world, {"pathRegex": "/m"})
    return [world.http("/m", pod=("t1", "srv2")), world.http("/m", pod=("t2", "srv"))]


def _no_targets(world: World) -> list[bool]:
    return [world.http("/m"), world.state().policy.allow_tcp(9000, A).allowed, world.state().policy.allow_udp(9100, A).allowed]


def _deleted(world: World) -> list[bool]:
    _one(world, {"pathRegex": "/m"})
    world.delete("traffictargets", "t")
    return [world.http("/m")]


def _source_removed(world: World) -> list[bool]:
    rule = _group(world, "g", {})
    _grant(world, "t", rule, sources=[_subject("a"), _subject("b")])
    _grant(world, "t", rule, sources=[_subject("b")])
    return [world.http("/", A), world.http("/", B)]


def _group_edited(world: World) -> list[bool]:
    _one(world, {"pathRegex": "/x"})
    _group(world, "g", {"pathRegex": "/z"})
    return [world.http("/x"), world.http("/z")]


def _dangling(world: World) -> list[bool]:
    _grant(world, "t", {"kind": "HTTPRouteGroup", "name": "missing"})
    return [world.http("/")]


def _identities(world: World) -> list[bool]:
    _grant(world, "t", _group(world, "g", {}), sources=[_subject("a"), _subject("b", "t2")])
    return [world.http("/", who) for who in (A, A2, C, ("t2", "b"), ("t1", "b"), ("t1", "srv"))]


def _destinations(world: World) -> list[bool]:
    _one(world, {})
    pods = [("t1", "srv-1"), ("t1", "srv-2"), ("t2", "srv"), ("t1", "a")]
    return [world.http("/", A if pod[1] != "a" else ("t1", "srv"), pod=pod) for pod in pods]


def _names(world: World) -> list[bool]:
    rule = _group(world, "g", {"pathRegex": "/m"}, {"pathRegex": "/e"})
    found = []
    for more in ({"matches": ["r0"]}, {}, {"matches": ["nope"]}):
        _grant(world, "t", {**rule, **more})
        found += [world.http("/m"), world.http("/e"), world.http("/o")]
    return found


def _port_table(world: World) -> list[bool]:
    found = []
    for ports in ((9000,), ()):
        _grant(world, "t", _ports(world, "TCPRoute", "p", *ports), _ports(world, "UDPRoute", "u", 9100))
        policy = world.state().policy
        found += [policy.allow_tcp(9000, A).allowed, policy.allow_tcp(9001, A).allowed]
        found += [policy.allow_udp(port, A).allowed for port in (9000, 9100, 9101)]
    _grant(world, "t", _ports(world, "TCPRoute", "p", 9000), _ports(world, "TCPRoute", "q", 9001))
    policy = world.state().policy
    found += [policy.allow_tcp(9000, A).allowed, policy.allow_tcp(9001, A).allowed]
    _grant(world, "t", _group(world, "g", {"pathRegex": "/m"}), _ports(world, "TCPRoute", "p", 8080))
    return [*found, world.http("/m"), world.http("/m", port=8081), world.state().policy.allow_tcp(8080, A).allowed]


def _loose_group(world: World) -> list[bool]:
    _group(world, "g", {"pathRegex": ".*"})
    return [world.http("/m")]


def _bad_regex(world: World) -> list[bool]:
    _grant(world, "good", _group(world, "good", {"pathRegex": "/m"}))
    _grant(world, "bad", _group(world, "bad", {"pathRegex": "("}))
    return [world.http("/m"), world.http("/(")]


ACCESS: dict[str, Callable[[World], list[bool]]] = {
    "access-open-until-first-target": _no_targets,
    "access-http-unenforced": _no_targets,
    "access-tcp-unenforced": _no_targets,
    "access-udp-unenforced": _no_targets,
    "access-unselected-open": _unselected,
    "access-any-identity": _identities,
    "access-routes-ignored": _two_targets,
    "access-first-source-only": _identities,
    "access-last-target-wins": _two_targets,
    "access-cross-product": _two_targets,
    "access-deleted-target-stays": _deleted,
    "access-sources-add-only": _source_removed,
    "access-routes-snapshot": _group_edited,
    "access-missing-route-opens": _dangling,
    "access-name-only": _identities,
    "access-destination-homonym": _destinations,
    "access-source-namespace-ignored": _identities,
    "access-one-pod-per-account": _destinations,
    "access-symmetric": _destinations,
    "access-own-account": _identities,
    "access-match-names-ignored": _names,
    "access-omitted-matches-none": _names,
    "access-unknown-match-widens": _names,
    "access-tcp-ports-ignored": _port_table,
    "access-empty-ports-none": _port_table,
    "access-http-port-limit-ignored": _port_table,
    "access-last-tcp-route-wins": _port_table,
    "access-udp-ports-ignored": _port_table,
    "access-protocol-ignored": _port_table,
    "access-http-grant-opens-tcp": _port_table,
    "specs-group-activates-itself": _loose_group,
    "specs-pinned-to-start": _bad_regex,
    "specs-dot-excludes-slash": _requests({"pathRegex": ".*"}, {"path": "/a/b"}),
    "specs-path-search": _requests({"pathRegex": "/m"}, {"path": "/x/m"}),
    "specs-path-literal-prefix": _requests({"pathRegex": "/v[12]"}, {"path": "/v1"}),
    "specs-anchor-first-branch-only": _requests({"pathRegex": "/a|/b"}, {"path": "/a"}, {"path": "/x/b"}, {"path": "/x/a"}),
    "specs-method-ignored": _requests({"methods": ["GET"]}, {"method": "PUT"}),
    "specs-first-method-only": _requests({"methods": ["GET", "PUT"]}, {"method": "PUT"}),
    "specs-star-is-listed-methods": _requests({"methods": ["*"]}, {"method": "TRACE"}),
    "specs-missing-header-passes": _requests({"headers": [{"k": "v"}]}, {}),
    "specs-header-presence-only": _requests({"headers": [{"k": "v"}]}, {"k": "w"}),
    "specs-last-header-only": _requests({"headers": [{"k": "v"}, {"l": "v"}]}, {"l": "v"}),
    "specs-routes-anded": _requests({"pathRegex": "/x"}, {"path": "/x"}, others=({"pathRegex": "/y"},)),
    "specs-headers-ignored-beside-path": _requests({"pathRegex": "/x", "headers": [{"k": "v"}]}, {"path": "/x"}),
    "specs-header-only-means-get": _requests({"headers": [{"k": "v"}]}, {"k": "v", "method": "PUT"}),
    "specs-header-name-case-sensitive": _requests({"headers": [{"X-K": "v"}]}, {"x-k": "v"}),
}


@pytest.mark.parametrize("name", ACCESS)
def test_a_fault_of_access_shows(name: str) -> None:
    """The same questions are answered differently."""
    assert ACCESS[name](World(active([name]))) != ACCESS[name](World(active([])))


def _split(world: World, *backends: tuple[str, int], **more: Any) -> None:
    world.put("trafficsplits", "s", {"service": "app", "backends": [{"service": s, "weight": w} for s, w in backends], **more})


def _app(world: World, *services: str) -> None:
    ips = [f"127.9.128.{i}" for i in range(1, 6)]
    world.service("app", (8080, 8080), (9090, 9090), endpoints=ips)
    world.service("twin", (8080, 8080), (9090, 9090), endpoints=ips)
    for i, name in enumerate(("v1", "v2", "v3")):
        if not services or name in services:
            world.service(name, (8080, 8081 + i), (9090, 9090), endpoints=[ips[i]], names="http" if name != "v3" else "web")
    world.service("bad", (1024, 8080), endpoints=ips[:1])


def _weights(*backends: tuple[str, int], **more: Any) -> Callable[[World], Any]:
    def scenario(world: World) -> Any:
        _app(world)
        _split(world, *backends, **more)
        return [world.shares(), world.shares(port=9090), world.shares("twin"), world.shares("v2")]

    return scenario


def _reweighted(world: World) -> Any:
    _app(world)
    _split(world, ("v1", 1), ("v2", 1))
    _split(world, ("v2", 1))
    after = world.shares()
    world.delete("trafficsplits", "s")
    return [after, world.shares()]


def _late(world: World) -> Any:
    _app(world, "v1")
    _split(world, ("v1", 1), ("v2", 1))
    before = world.shares()
    world.service("v2", (8080, 8082), endpoints=["127.9.128.2"])
    return [before, world.shares()]


def _segment(world: World) -> Any:
    _app(world)
    for name in ("g1", "g2"):
        _group(world, name, {"headers": [{name: "v"}]})
    _split(world, ("v1", 9), ("v2", 1), matches=[{"kind": "HTTPRouteGroup", "name": name} for name in ("g1", "g2")])
    calls = [Call("GET", b"/", [(name, b"v")]) for name in (b"g1", b"g2", b"none")]
    return [world.shares(call=call) for call in calls]


def _second(world: World) -> Any:
    _app(world)
    _split(world, ("v1", 1), ("v2", 1))
    return world.shares(call=Call("GET", b"/", [], b"2"))


def _warned(world: World) -> Any:
    _app(world)
    _split(world, ("v1", 1), ("bad", 1))
    return len(world.compiler.compile(world.objects).warnings)


SPLIT: dict[str, Callable[[World], Any]] = {
    "split-weights-ignored": _weights(("v1", 90), ("v2", 10)),
    "split-winner-takes-all": _weights(("v1", 90), ("v2", 10)),
    "split-clamps-at-100": _weights(("v1", 1000), ("v2", 500)),
    "split-percent-rest-lost": _weights(("v1", 3), ("v2", 1)),
    "split-zero-weight-leaks": _weights(("v1", 100), ("v2", 0)),
    "split-one-is-a-percent": _weights(("v1", 1)),
    "split-first-two-only": _weights(("v1", 50), ("v2", 30), ("v3", 20)),
    "split-whole-percent": _weights(("v1", 300), ("v2", 1)),
    "split-first-version-only": _reweighted,
    "split-removed-backend-stays": _reweighted,
    "split-deleted-stays": _reweighted,
    "split-needs-every-backend": _late,
    "split-late-backend-lost": _late,
    "split-root-is-a-backend": _weights(("v1", 1)),
    "split-backend-name-is-split": _weights(("v1", 1), ("v2", 1)),
    "split-by-selector": _weights(("v1", 1)),
    "split-target-port-of-root": _weights(("v1", 1), ("v2", 1)),
    "split-first-port-only": _weights(("v1", 1)),
    "split-portless-keeps-share": _weights(("v1", 1), ("bad", 1)),
    "split-ports-by-name": _weights(("v1", 1), ("v3", 1)),
    "split-no-event": _warned,
    "split-matches-ignored": _segment,
    "split-matched-to-root": _segment,
    "split-unmatched-refused": _segment,
    "split-unmatched-to-first-backend": _segment,
    "split-matched-weights-ignored": _segment,
    "split-first-group-only": _segment,
    "split-http2-pinned": _second,
}


@pytest.mark.parametrize("name", SPLIT)
def test_a_fault_of_splits_shows(name: str) -> None:
    """The same calls are spread differently."""
    assert SPLIT[name](World(active([name]))) != SPLIT[name](World(active([])))
