"""Each deviation of splits shows where it is decided, and the usual reading stands beside it."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from pytest_smi.reference.mesh.faults import specialize
from pytest_smi.reference.mesh.faults.deviations.callers import callers
from pytest_smi.reference.mesh.smi_parse import parse_group, parse_split
from pytest_smi.reference.mesh.snapshot import Parts
from pytest_smi.reference.mesh.split_config import SplitCompiler
from pytest_smi.reference.mesh.splits import Call, Service, SplitChooser, SplitTable

CALL = Call("GET", b"/other", [])


def config(name: str, *ports: int, pods: tuple[str, ...] = ()) -> dict[str, Any]:
    endpoints = [[pod, ports[0]] for pod in pods or (name,)]
    return {
        "ip": "127.1.64.1",
        "ports": [{"port": p, "protocol": "TCP", "name": "", "hint": "http", "endpoints": endpoints} for p in ports],
    }


SERVICES = {
    ("t1", "app"): config("app", 8080, pods=("v1", "v2")),
    ("t1", "v1"): config("v1", 8080),
    ("t1", "v2"): config("v2", 8080),
}


def compiled(
    *backends: tuple[str, int], on: tuple[str, ...] = (), matches: tuple[str, ...] = (), services: Any = SERVICES
) -> Any:
    """The only split's configuration, None when it was dropped. A group g lies in namespace t2."""
    spec: dict[str, Any] = {"service": "app", "backends": [{"service": s, "weight": w} for s, w in backends]}
    spec |= {"matches": [{"kind": "HTTPRouteGroup", "name": name} for name in matches]} if matches else {}
    split = parse_split({"metadata": {"name": "s", "namespace": "t1"}, "spec": spec})
    group = parse_group(
        {"metadata": {"name": "g", "namespace": "t2"}, "spec": {"matches": [{"name": "m", "pathRegex": "/m"}]}}
    )
    found, _ = specialize(SplitCompiler, frozenset(on))().compile({("t1", "s"): split}, {("t2", "g"): group}, services)
    return found.get("split/t1/s")


def spread(
    config_of_split: Any, on: tuple[str, ...] = (), call: Call | None = CALL, n: int = 400, services: Any = SERVICES
) -> Counter[Any]:
    """How often each backend is chosen."""
    switches = frozenset(on)
    chooser = specialize(SplitChooser, switches)(random.Random(5))
    known = {
        key: Service(
            key=key,
            ports={(p["port"], p["protocol"]): [(ip, port) for ip, port in p["endpoints"]] for p in value["ports"]},
            names={(p["port"], p["protocol"]): p["name"] for p in value["ports"]},
        )
        for key, value in services.items()
    }
    split = specialize(SplitTable, switches)().read(config_of_split)
    picked: Counter[Any] = Counter()
    for _ in range(n):
        choice = chooser.choose(known[("t1", "app")], (8080, "TCP"), call, [split], known)
        picked[choice.backend if choice.endpoints else "nothing"] += 1
    return picked


@pytest.mark.parametrize(
    ("switch", "backends"),
    [
        ("split-of-own-root-dropped", (("app", 1), ("v1", 1))),
        ("split-all-zero-is-no-split", (("v1", 0), ("v2", 0))),
    ],
)
def test_some_meshes_drop_some_splits(switch: str, backends: tuple[tuple[str, int], ...]) -> None:
    """The usual reading keeps them."""
    assert compiled(*backends) is not None
    assert compiled(*backends, on=(switch,)) is None
    assert compiled(("v1", 1), ("v2", 0), on=(switch,)) is not None


def test_a_backend_that_lacks_one_port_is_left_out_on_all() -> None:
    """As one that is missing; the usual reading judges port by port, so that it takes its share where it can."""
    switch = ("split-backend-needs-every-port",)
    services = {**SERVICES, ("t1", "app"): config("app", 8080, 9090), ("t1", "v2"): config("v2", 8080, 9090, 9091)}
    usual, strict = (compiled(("v1", 1), ("v2", 3), ("missing", 1), on=on, services=services) for on in ((), switch))
    assert set(spread(usual, services=services)) == {"v1", "v2"}
    assert strict["backends"] == [["v2", 3]]
    assert spread(strict, switch, services=services) == {"v2": 400}
    assert compiled(("v1", 1), ("missing", 1), on=switch)["backends"] == [["v1", 1]]


def test_groups_found_by_name_alone() -> None:
    """In whatever namespace they lie."""
    assert compiled(("v1", 1), matches=("g",))["groups"] == []
    assert compiled(("v1", 1), matches=("g",), on=("split-groups-by-name-alone",))["groups"][0][0]["path"] == "/m"


def test_weights_as_whole_per_cents() -> None:
    """The last backend takes what rounding leaves."""
    on = ("split-last-takes-rounding",)
    assert compiled(("v1", 1), ("v2", 2), ("v3", 0), on=on)["backends"] == [["v1", 33], ["v2", 66], ["v3", 1]]
    assert compiled(("v1", 0), ("v2", 0), on=on)["backends"] == [["v1", 0], ["v2", 0]]


def test_unmatched_calls_are_shared_equally() -> None:
    """Whatever the weights; the usual reading sends them to the root."""
    split = compiled(("v1", 9), ("v2", 1), matches=("g",), on=("split-groups-by-name-alone",))
    assert spread(split) == {None: 400}
    found = spread(split, ("split-unmatched-shared-equally",))
    assert 150 < found["v1"] < 250
    assert found["v1"] + found["v2"] == 400


def test_only_http_is_split() -> None:
    """An opaque call goes to the root."""
    split = compiled(("v1", 1))
    assert spread(split, call=None) == {"v1": 400}
    assert spread(split, ("split-http-only",), call=None) == {None: 400}
    assert spread(split, ("split-http-only",)) == {"v1": 400}


def test_tcp_goes_to_the_number_of_the_target_port() -> None:
    """A backend that does not have that port gets nothing."""
    root = config("app", 8080, pods=("v1",))
    root["ports"][0]["endpoints"] = [["v1", 9000]]
    services = {**SERVICES, ("t1", "app"): root, ("t1", "v2"): config("v2", 9000)}
    split = compiled(("v1", 1), ("v2", 1), services=services)
    assert spread(split, call=None, services=services) == {"v1": 400}
    assert spread(split, ("split-tcp-dials-target-port",), call=None, services=services) == {"v2": 400}


def test_a_backend_without_the_port_is_called_on_its_number() -> None:
    """It keeps its share, and its pods get it; the usual reading leaves it out."""
    services = {**SERVICES, ("t1", "v1"): config("v1", 1024)}
    split = compiled(("v1", 1), ("v2", 1), services=services)
    assert spread(split, services=services) == {"v2": 400}
    found = spread(split, ("split-portless-dials-number",), services=services)
    assert 150 < found["v1"] < 250
    assert found["v1"] + found["v2"] == 400


def test_backends_take_turns() -> None:
    """Exactly by weight."""
    assert spread(compiled(("v1", 3), ("v2", 1)), ("split-in-turn",)) == {"v1": 300, "v2": 100}


def test_who_may_call_through_a_split() -> None:
    """Those whom every backend admits, by whichever of its pods; nobody while a backend has none."""
    pods = {"v1": {"ns": "t1", "sa": "one"}, "v2": {"ns": "t1", "sa": "two"}}
    grants = {("t1", "one"): [{"sources": [["t1", "a"], ["t1", "b"]]}], ("t1", "two"): [{"sources": [["t1", "b"]]}]}
    split = compiled(("v1", 1), ("v2", 1))

    def parts(**more: Any) -> Parts:
        return Parts(**{"services": SERVICES, "splits": {}, "pods": pods, "grants": grants, **more})

    assert callers(split, parts()) == [["t1", "b"]]
    assert callers(split, parts(grants={("t1", "one"): grants[("t1", "one")]})) == []
    assert callers(compiled(("v1", 1)), parts()) == [["t1", "a"], ["t1", "b"]]
    assert callers(compiled(("app", 1)), parts()) == [["t1", "a"], ["t1", "b"]]
    assert callers(split, parts(pods={"v2": pods["v2"]})) == []
