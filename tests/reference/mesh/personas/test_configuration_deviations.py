"""Deviations of the configuration as a whole: Services of one account's pods, and a split that stops every update."""

from __future__ import annotations

from typing import Any

from pytest_smi.reference.mesh.composition import compiler
from pytest_smi.reference.mesh.faults.deviations.single_account_routes import single_account_routes
from pytest_smi.reference.mesh.snapshot import Snapshot

PODS = {ip: {"ns": "t1", "sa": account} for ip, account in (("1", "one"), ("2", "two"), ("3", "two"))}
HTTP_GRANT: dict[str, Any] = {"sources": [["t1", "a"]], "tcp": None}
TCP_GRANT: dict[str, Any] = {"sources": [["t1", "a"]], "tcp": "*"}
STOPPED = ("protocol-by-annotation", "split-needs-grant-on-every-backend", "split-for-nobody-stops-updates")


def reached(hint: str, grants: dict[str, list[dict[str, Any]]], protocol: str = "TCP") -> list[str]:
    """The addresses behind a Service of all three pods."""
    port = {
        "port": 8080,
        "protocol": protocol,
        "name": "",
        "hint": hint,
        "endpoints": [["1", 80], ["2", 80], ["3", 80]],
    }
    found = single_account_routes(
        {"ip": "9", "ports": [port]}, PODS, {("t1", account): given for account, given in grants.items()}
    )
    return [address for address, _ in found["ports"][0]["endpoints"]]


def test_the_pods_of_one_granted_account_get_every_call() -> None:
    """All of them while none has a grant; for TCP only grants of TCP count, and UDP is not concerned."""
    both = {"one": [HTTP_GRANT], "two": [TCP_GRANT]}
    assert reached("http", {}) == ["1", "2", "3"]
    assert reached("http", both) == ["1"]
    assert reached("http", {"two": [HTTP_GRANT]}) == ["2", "3"]
    assert reached("tcp", both) == ["2", "3"]
    assert reached("tcp", both, "UDP") == ["1", "2", "3"]


def _meta(name: str, version: int = 1, **more: Any) -> dict[str, Any]:
    return {"namespace": "t1", "name": name, "uid": name, "resourceVersion": str(version), **more}


def cluster(
    *granted: str,
    backends: tuple[str, ...] = ("v1", "v2"),
    weight: int = 1,
    kind: str = "http",
    more: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Servers v1 and v2 with an account each, root app over v1 that is split, grants for a to those `granted`,
    and `more` servers."""
    names = ("v1", "v2", *more)
    addresses = {name: f"127.1.128.{number}" for number, name in enumerate(names, 1)}
    sidecar = {"network.smi-reference.io/redirect": "smi-proxy"}
    pods = {
        ("t1", name): {
            "metadata": _meta(name, annotations=sidecar),
            "spec": {"serviceAccountName": name, "containers": [{"name": "smi-proxy"}]},
            "status": {"podIP": addresses[name]},
        }
        for name in names
    }
    behind = {"app": "v1", **{name: name for name in names}}
    annotations = {"mesh.traefik.io/traffic-type": kind}
    services = {
        ("t1", name): {
            "metadata": _meta(name, annotations=annotations),
            "spec": {"clusterIP": "127.1.64.1", "ports": [{"port": 8080}]},
        }
        for name in behind
    }
    subsets = {
        name: [{"addresses": [{"ip": addresses[pod]}], "ports": [{"port": 8080}]}] for name, pod in behind.items()
    }
    endpoints = {("t1", name): {"metadata": _meta(name), "subsets": subset} for name, subset in subsets.items()}
    split = {"service": "app", "backends": [{"service": name, "weight": weight} for name in backends]}
    who = [{"kind": "ServiceAccount", "name": "a", "namespace": "t1"}]
    targets = {
        ("t1", name): {
            "metadata": _meta(name),
            "spec": {
                "destination": {"kind": "ServiceAccount", "name": name, "namespace": "t1"},
                "sources": who,
                "rules": [],
            },
        }
        for name in granted
    }
    splits = {("t1", "s"): {"metadata": _meta("s", weight), "spec": split}} if backends else {}
    return {
        "pods": pods,
        "services": services,
        "endpoints": endpoints,
        "trafficsplits": splits,
        "traffictargets": targets,
    }


def given(snapshot: Snapshot, pod: str) -> int:
    """How many grants a pod has."""
    return len(snapshot.own[("t1", pod)]["grants"])


def test_a_split_for_nobody_stops_every_update() -> None:
    """A withdrawn grant stays in effect and a new pod has none, until somebody may reach every backend or the split is
    gone."""
    stopping, usual = compiler(frozenset(STOPPED)), compiler(frozenset(STOPPED[:-1]))
    before = stopping.compile(cluster("v1", "v2"))
    assert (given(before, "v1"), given(before, "v2")) == (1, 1)
    later = cluster("v1", "v3", weight=7, more=("v3",))
    stopped = stopping.compile(later)
    assert (given(stopped, "v1"), given(stopped, "v2"), given(stopped, "v3")) == (1, 1, 0)
    assert stopped.shared == before.shared
    assert stopped.own[("t1", "v3")]["self"]["name"] == "v3"
    assert given(usual.compile(later), "v2") == 0
    assert given(stopping.compile(cluster("v1", "v3", weight=8, backends=("v1",), more=("v3",))), "v3") == 1
    assert given(stopping.compile(cluster("v1", backends=())), "v2") == 0


def test_it_stops_for_splits_of_http_only() -> None:
    """A split of TCP has no list of callers that could be empty."""
    stopping = compiler(frozenset(STOPPED))
    stopping.compile(cluster("v1", "v2"))
    assert given(stopping.compile(cluster("v1", kind="tcp")), "v2") == 0


def test_it_stops_for_a_split_without_any_backend() -> None:
    """When all that it names are missing."""
    stopping = compiler(frozenset((*STOPPED, "split-backend-needs-every-port")))
    stopping.compile(cluster("v1", "v2"))
    assert given(stopping.compile(cluster("v1", weight=2, backends=("gone",))), "v2") == 1
