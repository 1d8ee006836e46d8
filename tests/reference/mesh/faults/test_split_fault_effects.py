"""Every fault of splits changes the behaviour that it names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pytest_smi.reference.mesh.splits import Call

World = Any


def _split(world: World, *backends: tuple[str, int], **more: Any) -> None:
    world.put(
        "trafficsplits", "s", {"service": "app", "backends": [{"service": s, "weight": w} for s, w in backends], **more}
    )


def _app(world: World, *services: str) -> None:
    ips = [f"127.9.128.{i}" for i in range(1, 6)]
    world.service("app", (8080, 8080), (9090, 9090), endpoints=ips)
    world.service("twin", (8080, 8080), (9090, 9090), endpoints=ips)
    for i, name in enumerate(("v1", "v2", "v3")):
        if not services or name in services:
            world.service(
                name, (8080, 8081 + i), (9090, 9090), endpoints=[ips[i]], names="http" if name != "v3" else "web"
            )
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
        world.put("httproutegroups", name, {"matches": [{"name": "r", "headers": [{name: "v"}]}]})
    _split(world, ("v1", 9), ("v2", 1), matches=[{"kind": "HTTPRouteGroup", "name": name} for name in ("g1", "g2")])
    calls = [Call("GET", b"/", [(name, b"v")]) for name in (b"g1", b"g2", b"none")]
    return [world.shares(call=call) for call in calls]


def _second(world: World) -> Any:
    _app(world)
    _split(world, ("v1", 1), ("v2", 1))
    return world.shares(call=Call("GET", b"/", [], b"2"))


def _named_in_full(world: World) -> Any:
    _app(world)
    _split(world, ("v1", 1))
    return world.shares(call=Call("GET", b"/", [(b"host", b"app.t1.svc.cluster.local:8080")]))


def _warned(world: World) -> Any:
    _app(world)
    _split(world, ("v1", 1), ("bad", 1))
    return len(world.compiler.compile(world.objects).warnings)


def _listed_otherwise(world: World) -> Any:
    ips = [f"127.9.128.{i}" for i in range(1, 4)]
    world.service("app", (8080, 8080), (9090, 9090), endpoints=ips)
    world.service("v1", (9090, 8082), (8080, 8081), endpoints=ips[:1])
    world.service("v2", (8080, 8081), (7000, 7000), endpoints=ips[1:], names="web")
    _split(world, ("v1", 1), ("v2", 1))
    return world.shares()


def _left_over(world: World) -> Any:
    _app(world)
    _split(world, ("v1", 9), ("v2", 1), ("bad", 10))
    return world.shares()


def _moved(world: World) -> Any:
    _app(world)
    _split(world, ("v1", 1))
    world.put("trafficsplits", "s", {"service": "twin", "backends": [{"service": "v1", "weight": 1}]})
    return [world.shares(), world.shares("twin")]


def _warnings(world: World) -> Any:
    _app(world)
    _split(world, ("v1", 1), ("v3", 1))
    return len(world.compiler.compile(world.objects).warnings)


def _narrow_segment(world: World) -> Any:
    _app(world)
    headers = [{"one": "v"}, {"two": "v"}]
    routes = [{"name": "r", "headers": headers}, {"name": "p", "pathRegex": "/below", "headers": [{"three": "v"}]}]
    world.put("httproutegroups", "g", {"matches": routes})
    _split(world, ("v1", 1), matches=[{"kind": "HTTPRouteGroup", "name": "g"}])
    calls = [Call("GET", b"/below", [(name, b"v")]) for name in (b"one", b"three")]
    before = [world.shares(call=call) for call in calls]
    world.put("httproutegroups", "g", {"matches": [{"name": "r", "headers": [{"four": "v"}]}]})
    return [*before, world.shares(call=Call("GET", b"/", [(b"four", b"v")]))]


def _below_a_path(world: World) -> Any:
    _app(world)
    _split(world, ("v1", 1))
    return world.shares(call=Call("GET", b"/below", []))


def _quantities(world: World) -> Any:
    _app(world)
    backends = [{"service": "v1", "weight": "1"}, {"service": "v2", "weight": "500m"}]
    backends.append({"service": "v3", "weight": "90m"})
    world.put("trafficsplits", "s", {"service": "app", "backends": backends})
    return world.shares()


def _unreadable(world: World) -> Any:
    _app(world)
    world.put("trafficsplits", "odd", {"service": "twin", "backends": [{"service": "v1", "weight": -1}]})
    _split(world, ("v1", 1))
    return world.shares()


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
    "split-root-is-a-backend": _weights(("v1", 1), ("v2", 1)),
    "split-backend-name-is-split": _weights(("v1", 1), ("v2", 1)),
    "split-by-selector": _weights(("v1", 1)),
    "split-target-port-of-root": _weights(("v1", 1), ("v2", 1)),
    "split-first-port-only": _weights(("v1", 1)),
    "split-short-names-only": _named_in_full,
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
    "split-equals-favour-first": _weights(("v1", 1), ("v2", 1)),
    "split-pods-weigh": _listed_otherwise,
    "split-port-names-must-agree": _listed_otherwise,
    "split-first-port-of-backend": _listed_otherwise,
    "split-same-ports-only": _listed_otherwise,
    "split-portless-rest-is-even": _left_over,
    "split-former-root-stays": _moved,
    "split-warns-of-target-ports": _warnings,
    "split-first-header-only": _narrow_segment,
    "split-paths-void-routes": _narrow_segment,
    "split-groups-as-first-seen": _narrow_segment,
    "split-root-path-only": _below_a_path,
    "split-small-quantities-lost": _quantities,
    "split-milli-dropped": _quantities,
    "split-unreadable-stops-all": _unreadable,
}


@pytest.mark.parametrize("name", SPLIT)
def test_a_fault_of_splits_shows(name: str, make_world: Callable[..., World]) -> None:
    """The same calls are spread differently."""
    assert SPLIT[name](make_world(name)) != SPLIT[name](make_world())
