"""What the requirements on counted requests, pods and roles ask of the metrics API, as far as a fault breaks it."""

from pytest_smi.reference.mesh.faults import specialize
from pytest_smi.reference.mesh.metrics.noting import Noted
from tests.reference.mesh.metrics.requirement_suite import Suite, row

A, B, C = ("t1", "a-0"), ("t1", "b-0"), ("t1", "c-0")


async def _latency(suite: Suite, path: str, name: str) -> tuple[float, str]:
    (metric,) = (entry for entry in (await suite.body(path))["metrics"] if entry["name"] == f"{name}_response_latency")
    number = float(metric["value"].removesuffix("m")) / (1000 if metric["value"].endswith("m") else 1)
    return number, metric.get("unit", "")


@row("69")
async def _(suite: Suite) -> bool:
    items = (await suite.body("/namespaces/t1/pods"))["items"]
    latencies = [metric for item in items for metric in item["metrics"] if "latency" in metric["name"]]
    return bool(latencies) and all(metric.get("unit") for metric in latencies)


@row("36")
async def _(suite: Suite) -> bool:
    suite.world.send(A, B, 50, latency=0.005)
    suite.world.send(A, C, 50, latency=0.2)
    fast, slow = [(await _latency(suite, f"/namespaces/t1/pods/{pod}-0", "p50"))[0] for pod in "bc"]
    return slow >= 2 * fast


@row("41")
async def _(suite: Suite) -> bool:
    suite.world.deployment("t1", "w", pods=2)
    for number, latency in enumerate((0.01, 0.3)):
        suite.world.send(A, ("t1", f"w-{number}"), 10, latency=latency)
    low, whole, high = [
        (await _latency(suite, f"/namespaces/t1/{path}", "p99"))[0]
        for path in ("pods/w-0", "deployments/w", "pods/w-1")
    ]
    return low <= whole <= high


@row("42")
async def _(suite: Suite) -> bool:
    suite.world.send(A, B, 10)
    paths = ("/namespaces/t1/replicasets/b-rs",)
    return [await suite.counts(path) for path in paths] == [(10, 0)]


@row("44")
async def _(suite: Suite) -> bool:
    overlapping = {"selector": {"matchLabels": {"tier": "x"}}}
    suite.world.deployment("t1", "wide", labels={"tier": "x"})
    suite.world.deployment("t1", "other", labels={"tier": "x"})
    suite.world.things["deployments"][-2]["spec"] = overlapping
    suite.world.send(A, ("t1", "wide-0"), 10)
    suite.world.send(A, ("t1", "other-0"), 20)
    return await suite.counts("/namespaces/t1/deployments/wide") == (10, 0)


@row("61")
async def _(suite: Suite) -> bool:
    return not specialize(Noted, suite.faults)().tunnels()


@row("62")
async def _(suite: Suite) -> bool:
    suite.world.send(A, B, 60, protocol="HTTP/2")
    return await suite.counts("/namespaces/t1/pods/b-0") == (60, 0)


@row("67")
async def _(suite: Suite) -> bool:
    world = suite.world
    world.deployment("t1", "wide", labels={"tier": "x"})
    world.things["deployments"][-1]["spec"] = {"selector": {"matchLabels": {"tier": "x"}}}
    world.deployment("t1", "other", labels={"tier": "x"})
    world.send(A, B, 300, failures=80)
    calls = {(("t1", "a"), ("t2", "a")), (("t2", "a"), ("t1", "a")), (("t1", "wide"), ("t1", "other"))}
    for (home, source), (away, destination) in calls:
        world.send((home, f"{source}-0"), (away, f"{destination}-0"), 5)
    found = set()
    for subject in {one for call in calls for one in call} | {("t1", "b")}:
        for (direction, *peer), counted in (
            await suite.edges(f"/namespaces/{subject[0]}/deployments/{subject[1]}")
        ).items():
            pair = (subject, (peer[0], peer[1]))
            found |= {pair if direction == "to" else pair[::-1]} if sum(counted) else set()
    counted = await suite.counts("/namespaces/t1/pods/b-0")
    return counted == (220, 80) and found == {*calls, (("t1", "a"), ("t1", "b"))}
