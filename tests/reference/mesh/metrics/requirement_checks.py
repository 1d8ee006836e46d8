"""What each requirement asks of the metrics API, as far as a fault breaks it."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pytest_smi.reference.mesh.faults import specialize
from pytest_smi.reference.mesh.metrics.discovery import Installation
from pytest_smi.reference.mesh.metrics.resources import KINDS
from tests.reference.mesh.metrics.requirement_suite import Suite, row
from tests.reference.mesh.metrics.world import ROOT, values

A, B, C = ("t1", "a-0"), ("t1", "b-0"), ("t1", "c-0")
APISERVICE = {"kind": "APIService", "spec": {"group": "metrics.smi-spec.io", "version": "v1alpha1"}}


@row("01")
async def _(suite: Suite) -> bool:
    return APISERVICE in specialize(Installation, suite.faults)().objects([APISERVICE])


@row("02")
async def _(suite: Suite) -> bool:
    found = [(await suite.client.get(path)).json() for path in (ROOT, ROOT + "/")]
    return all(
        (body["kind"], body.get("groupVersion")) == ("APIResourceList", "metrics.smi-spec.io/v1alpha1")
        for body in found
    )


@row("03")
async def _(suite: Suite) -> bool:
    return {entry["name"] for entry in (await suite.body(""))["resources"]} == set(KINDS)


@row("04")
async def _(suite: Suite) -> bool:
    return all(
        (entry["kind"], entry["verbs"]) == ("TrafficMetrics", ["get", "list"])
        for entry in (await suite.body(""))["resources"]
    )


@row("06")
async def _(suite: Suite) -> bool:
    suite.world.send(A, B, 1)
    lists = [await suite.get("/" + entry["name"]) for entry in (await suite.body(""))["resources"]]
    gets = [
        await suite.get(path) for path in ("/namespaces/t1", "/namespaces/t1/pods/b-0", "/namespaces/t1/deployments/b")
    ]
    return all(reply.status_code == 200 for reply in lists + gets)


@row("07")
async def _(suite: Suite) -> bool:
    suite.world.split("t2", "s", "web", {"v1": 90, "v2": 10})
    body, splits = await suite.body("/namespaces/t1/pods"), await suite.body("/namespaces/t1/trafficsplits")
    own = {item["resource"]["namespace"] for item in body["items"]} == {"t1"}
    return body["resource"]["kind"] == "Pod" and own and splits["items"] == []


@row("10")
async def _(suite: Suite) -> bool:
    suite.world.send(A, B, 1)
    suite.world.send(B, A, 1)
    found = [(await suite.body(f"/namespaces/t1/deployments/{name}"))["resource"] for name in "ab"]
    return found == [{"kind": "Deployment", "namespace": "t1", "name": name} for name in "ab"]


@row("11")
async def _(suite: Suite) -> bool:
    wanted = {"app=b": "b", "app!=b": "acd", "app in (a,b)": "ab", "app notin (a,b)": "cd", "app": "abcd", "!app": ""}
    found = {}
    for selector in wanted:
        items = (await suite.body("/namespaces/t1/deployments", labelSelector=selector))["items"]
        found[selector] = "".join(sorted(item["resource"].get("name", "") for item in items))
    return found == wanted


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
    return [key[0] for key in at_a if key[2] == "b-0"] == ["to"] and [key[0] for key in at_b if key[2] == "a-0"] == [
        "from"
    ]


@row("19")
async def _(suite: Suite) -> bool:
    suite.world.send(A, B, 5)
    return all(
        item["edge"].get("side") in ("client", "server")
        for item in (await suite.body("/namespaces/t1/pods/a-0/edges"))["items"]
    )


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
    return sorted(names) == sorted(
        [f"p{p}_response_latency" for p in (50, 90, 99)] + ["success_count", "failure_count"]
    )


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


@row("68")
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
    return (
        sum(pair[0] for key, pair in found.items() if key[0] == "from")
        == (await suite.counts("/namespaces/t1/pods/b-0"))[0]
    )


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
        steps.append(
            await _split(suite) == [{"apex": "web", "name": name, "weight": weight} for name, weight in weights.items()]
        )
    return all(steps)
