"""Every fault breaks exactly the requirements it says, judged by a small check of each requirement over the real server."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

import pytest_smi.reference.mesh.metrics
from pytest_smi.reference.mesh.faults import DEVIATIONS
from pytest_smi.reference.mesh.faults.active import active
from pytest_smi.reference.mesh.faults.metrics import METRICS_FAULTS
from pytest_smi.reference.mesh.metrics.api import start_metrics_api
from pytest_smi.reference.mesh.metrics.install import adapt_manifests
from pytest_smi.reference.mesh.metrics.permissions import AccessRequest
from pytest_smi.reference.mesh.metrics.resources import KINDS
from tests.reference.mesh.metrics.world import ROOT, World, counts, edge_counts, values

A, B, C = ("t1", "a-0"), ("t1", "b-0"), ("t1", "c-0")
APISERVICE = {"kind": "APIService", "spec": {"group": "metrics.smi-spec.io", "version": "v1alpha1"}}


class Suite:
    """One server under one set of faults, with a fresh world for each check."""

    def __init__(self, client: httpx.AsyncClient, faults: frozenset[str]) -> None:
        self.client = client
        self.faults = faults
        self.world = World()

    def reset(self) -> World:
        """Deployments a, b, c, d in t1 and a in t2, without traffic."""
        self.world = world = World()
        for name in "abcd":
            world.deployment("t1", name, labels={"app": name})
        world.deployment("t2", "a", labels={"app": "a"})
        return world

    async def get(self, path: str, **parameters: str) -> httpx.Response:
        """A GET below the group's version."""
        return await self.client.get(ROOT + path, params=parameters)

    async def body(self, path: str, **parameters: str) -> dict[str, Any]:
        """The body of a GET."""
        found: dict[str, Any] = (await self.get(path, **parameters)).json()
        return found

    async def counts(self, path: str) -> tuple[int, int]:
        """Counts of a single object."""
        return counts(await self.body(path))

    async def edges(self, path: str) -> dict[tuple[str, str, str], tuple[int, int]]:
        """Counts by direction and peer."""
        return edge_counts(await self.body(path + "/edges"))


Check = Callable[[Suite], Awaitable[bool]]
CHECKS: dict[str, Check] = {}


def row(number: str) -> Callable[[Check], Check]:
    """Registers the check of one requirement."""

    def register(check: Check) -> Check:
        CHECKS[f"TM-{number}"] = check
        return check

    return register


@row("01")
async def _(suite: Suite) -> bool:
    return APISERVICE in adapt_manifests([APISERVICE], faults=active(suite.faults))


@row("02")
async def _(suite: Suite) -> bool:
    found = [(await suite.client.get(path)).json() for path in (ROOT, ROOT + "/")]
    return all((body["kind"], body.get("groupVersion")) == ("APIResourceList", "metrics.smi-spec.io/v1alpha1") for body in found)


@row("03")
async def _(suite: Suite) -> bool:
    return {entry["name"] for entry in (await suite.body(""))["resources"]} == set(KINDS)


@row("04")
async def _(suite: Suite) -> bool:
    return all((entry["kind"], entry["verbs"]) == ("TrafficMetrics", ["get", "list"]) for entry in (await suite.body(""))["resources"])


@row("06")
async def _(suite: Suite) -> bool:
    suite.world.send(A, B, 1)
    lists = [await suite.get("/" + entry["name"]) for entry in (await suite.body(""))["resources"]]
    gets = [await suite.get(path) for path in ("/namespaces/t1", "/namespaces/t1/pods/b-0", "/namespaces/t1/deployments/b")]
    return all(reply.status_code == 200 for reply in lists + gets)


@row("07")
async def _(suite: Suite) -> bool:
    body = await suite.body("/namespaces/t1/pods")
    return body["resource"]["kind"] == "Pod" and {item["resource"]["namespace"] for item in body["items"]} == {"t1"}


@row("10")
async def _(suite: Suite) -> bool:
    suite.world.send(A, B, 1)
    suite.world.send(B, A, 1)
    found = [(await suite.body(f"/namespaces/t1/deployments/{name}"))["resource"] for name in "ab"]
    return found == [{"kind": "Deployment", "namespace": "t1", "name": name} for name in "ab"]


@row("11")
async def _(suite: Suite) -> bool:
    items = (await suite.body("/namespaces/t1/deployments", labelSelector="app=b"))["items"]
    return [item["resource"]["name"] for item in items] == ["b"]


@row("14")
async def _(suite: Suite) -> bool:
    suite.world.send(A, B, 1)
    body = await suite.body("/namespaces/t1/pods/a-0/edges")
    subject = {"kind": "Pod", "namespace": "t1", "name": "a-0"}
    return body["resource"] == subject and all(item["resource"] == subject for item in body["items"])


@row("15")
async def _(suite: Suite) -> bool:
    suite.world.send(A, B, 5)
    suite.world.send(A, C, 5)
    peers = [{name for _, _, name in await suite.edges(f"/namespaces/t1/pods/{pod}")} for pod in ("a-0", "b-0")]
    return peers == [{"b-0", "c-0"}, {"a-0"}]


@row("18")
async def _(suite: Suite) -> bool:
    suite.world.send(A, B, 5)
    at_a, at_b = await suite.edges("/namespaces/t1/pods/a-0"), await suite.edges("/namespaces/t1/pods/b-0")
    return [key[0] for key in at_a if key[2] == "b-0"] == ["to"] and [key[0] for key in at_b if key[2] == "a-0"] == ["from"]


@row("19")
async def _(suite: Suite) -> bool:
    suite.world.send(A, B, 5)
    return all(item["edge"].get("side") in ("client", "server") for item in (await suite.body("/namespaces/t1/pods/a-0/edges"))["items"])


@row("20")
async def _(suite: Suite) -> bool:
    suite.world.send(A, B, 100)
    suite.world.send(B, A, 37)
    found = await suite.edges("/namespaces/t1/pods/a-0")
    return found.get(("to", "t1", "b-0")) == (100, 0) and found.get(("from", "t1", "b-0")) == (37, 0)


@row("24")
async def _(suite: Suite) -> bool:
    suite.world.send(B, A, 1)
    stamp = datetime.fromisoformat((await suite.body("/namespaces/t1/pods/a-0"))["timestamp"])
    return abs(stamp.timestamp() - suite.world.now) <= 1


@row("25")
async def _(suite: Suite) -> bool:
    suite.world.send(B, A, 1)
    return (await suite.body("/namespaces/t1/pods/a-0")).get("window") == "4s"


@row("26")
async def _(suite: Suite) -> bool:
    suite.world.send(B, A, 1)
    names = [metric["name"] for metric in (await suite.body("/namespaces/t1/pods/a-0"))["metrics"]]
    return sorted(names) == sorted([f"p{p}_response_latency" for p in (50, 90, 99)] + ["success_count", "failure_count"])


@row("28")
async def _(suite: Suite) -> bool:
    suite.world.send(A, B, 5)
    items = (await suite.body("/namespaces/t1/pods"))["items"]
    return all(re.fullmatch(r"\d+m?", value) for item in items for value in values(item).values())


def _seconds(item: Mapping[str, Any], name: str) -> float:
    (metric,) = (metric for metric in item["metrics"] if metric["name"] == f"{name}_response_latency")
    number = float(metric["value"].removesuffix("m")) / (1000 if metric["value"].endswith("m") else 1)
    return number * {"seconds": 1.0, "ms": 0.001}[metric["unit"]]


@row("29")
async def _(suite: Suite) -> bool:
    suite.world.send(A, B, 50, latency=0.2)
    return 0.1 <= _seconds(await suite.body("/namespaces/t1/pods/b-0"), "p50") <= 0.4


async def _mixed(suite: Suite) -> tuple[int, int]:
    suite.world.send(A, B, 300, failures=80)
    return await suite.counts("/namespaces/t1/pods/b-0")


@row("30")
async def _(suite: Suite) -> bool:
    return (await _mixed(suite))[0] == 220


@row("31")
async def _(suite: Suite) -> bool:
    return (await _mixed(suite))[1] == 80


@row("32")
async def _(suite: Suite) -> bool:
    return sum(await _mixed(suite)) == 300


@row("34")
async def _(suite: Suite) -> bool:
    return (await suite.get("/namespaces/t1/pods/d-0")).status_code < 500


@row("35")
async def _(suite: Suite) -> bool:
    suite.world.send(A, B, 50, latency=0.002)
    metrics = {entry["name"]: entry for entry in (await suite.body("/namespaces/t1/pods/b-0"))["metrics"]}
    # Compared as written: the order must hold within whatever unit the server uses for all.
    p50, p90, p99 = (int(metrics[f"p{p}_response_latency"]["value"].removesuffix("m")) for p in (50, 90, 99))
    return p50 <= p90 <= p99


@row("37")
async def _(suite: Suite) -> bool:
    suite.world.send(A, B, 95, latency=0.01)
    suite.world.send(A, B, 5, latency=1.01)
    item = await suite.body("/namespaces/t1/pods/b-0")
    return _seconds(item, "p99") >= 0.8 and _seconds(item, "p50") < 0.3


@row("38")
async def _(suite: Suite) -> bool:
    suite.world.send(A, B, 10)
    suite.world.now += 3 * suite.world.window_seconds
    return await suite.counts("/namespaces/t1/pods/b-0") == (0, 0)


@row("39")
async def _(suite: Suite) -> bool:
    suite.world.deployment("t1", "w", pods=3)
    for number in range(3):
        suite.world.send(A, ("t1", f"w-{number}"), 10 * (number + 1))
    return await suite.counts("/namespaces/t1/deployments/w") == (60, 0)


@row("40")
async def _(suite: Suite) -> bool:
    suite.world.send(A, B, 10)
    suite.world.send(A, C, 20)
    return await suite.counts("/namespaces/t1") == (30, 0)


@row("46")
async def _(suite: Suite) -> bool:
    suite.world.send(A, B, 10)
    suite.world.send(("t2", "a-0"), B, 5)
    found = await suite.edges("/namespaces/t1/pods/b-0")
    return sum(pair[0] for key, pair in found.items() if key[0] == "from") == (await suite.counts("/namespaces/t1/pods/b-0"))[0]


async def _split(suite: Suite) -> list[dict[str, Any]]:
    return [item["backend"] for item in (await suite.body("/namespaces/t1/trafficsplits"))["items"]]


@row("49")
async def _(suite: Suite) -> bool:
    suite.world.split("t1", "s", "web", {"v1": 90, "v2": 10})
    return len(await _split(suite)) == 2


@row("50")
async def _(suite: Suite) -> bool:
    steps = []
    for weights in ({"x1": 90, "x2": 10}, {"x1": 20, "x2": 80}):
        suite.world.split("t1", "weighed", "web", weights)
        steps.append(await _split(suite) == [{"apex": "web", "name": name, "weight": weight} for name, weight in weights.items()])
    return all(steps)


@row("55")
async def _(suite: Suite) -> bool:
    return adapt_manifests([], faults=active(suite.faults)) == []


async def _failing(faults: frozenset[str]) -> set[str]:
    async def allow(request: AccessRequest) -> bool:
        return True

    async def scrape() -> list[Any]:
        return suite.world.rows()

    class View:
        def objects(self, resource: str) -> Any:
            return suite.world.objects(resource)

    server = await start_metrics_api(
        host="127.0.0.1",
        port=0,
        ssl_context=None,
        scrape=scrape,
        cluster_view=View(),
        authorize=allow,
        clock=lambda: suite.world.now,
        window_seconds=4.0,
        faults=faults,
    )
    failing = set()
    try:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{server.port}", headers={"X-Remote-User": "u"}, trust_env=False, timeout=5
        ) as client:
            suite = Suite(client, faults)
            for requirement, check in CHECKS.items():
                suite.reset()
                if not await check(suite):
                    failing.add(requirement)
    finally:
        await server.close()
    return failing


def test_a_healthy_server_passes_every_check() -> None:
    """No check fails without a fault."""
    assert asyncio.run(asyncio.wait_for(_failing(frozenset()), 20)) == set()


@pytest.mark.parametrize("fault", METRICS_FAULTS, ids=lambda fault: fault.name)
def test_a_fault_breaks_exactly_what_it_says(fault: Any) -> None:
    """Not less, or it would go unnoticed; not more, or the blame would be wrong."""
    assert asyncio.run(asyncio.wait_for(_failing(frozenset({fault.name})), 20)) == set(fault.breaks)


def test_every_check_has_a_fault() -> None:
    """Each requirement that can be broken is, by one fault at least."""
    assert {requirement for fault in METRICS_FAULTS for requirement in fault.breaks} == set(CHECKS)


def test_every_fault_is_done_in_one_place() -> None:
    """Its name is asked for exactly once under mesh/metrics."""
    folder = Path(pytest_smi.reference.mesh.metrics.__file__).parent
    source = "\n".join(path.read_text() for path in sorted(folder.glob("*.py")))
    asked = re.findall(r'\.on\(\s*"([^"]+)"\s*\)', source)

    faults = [name for name in asked if name not in DEVIATIONS]
    assert sorted(faults) == sorted(fault.name for fault in METRICS_FAULTS)
