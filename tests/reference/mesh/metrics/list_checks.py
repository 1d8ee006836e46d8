"""What the requirements on lists, peers and splits ask of the metrics API, as far as a fault breaks it."""

from typing import Any

from tests.reference.mesh.metrics.requirement_suite import Suite, row
from tests.reference.mesh.metrics.world import counts

A, B, C = ("t1", "a-0"), ("t1", "b-0"), ("t1", "c-0")


@row("05")
async def _(suite: Suite) -> bool:
    entries = (await suite.body(""))["resources"]
    return {entry["name"] for entry in entries if not entry["namespaced"]} == {"namespaces", "nodes"}


@row("08")
async def _(suite: Suite) -> bool:
    items = (await suite.body("/deployments"))["items"]
    return {item["resource"]["namespace"] for item in items} == {"t1", "t2"}


@row("09")
async def _(suite: Suite) -> bool:
    return set((await suite.body("/namespaces/t1/pods"))["resource"]) == {"kind", "namespace", "apiVersion"}


@row("12")
async def _(suite: Suite) -> bool:
    suite.world.send(A, B, 10)
    items = (await suite.body("/namespaces/t1/deployments", labelSelector="app=b"))["items"]
    return [counts(item) for item in items if item["resource"]["name"] == "b"] == [(10, 0)]


@row("45")
async def _(suite: Suite) -> bool:
    suite.world.deployment("t1", "w", pods=3, labels={"app": "w"})
    items = (await suite.body("/namespaces/t1/pods", labelSelector="app=w"))["items"]
    return {"w-0", "w-1", "w-2"} <= {item["resource"].get("name") for item in items}


@row("60")
async def _(suite: Suite) -> bool:
    paths = ("/namespaces/t1/gizmos", "/namespaces/t1/deployments/nobody")
    return [(await suite.get(path)).status_code for path in paths] == [404, 404]


@row("64")
async def _(suite: Suite) -> bool:
    found = [(await suite.body(f"/{plural}"))["resource"]["kind"] for plural in ("daemonsets", "statefulsets")]
    return found == ["DaemonSet", "StatefulSet"]


@row("66")
async def _(suite: Suite) -> bool:
    return (await suite.get("/namespaces/t1/deployments/")).status_code == 200


@row("21")
async def _(suite: Suite) -> bool:
    suite.world.send(A, ("t2", "a-0"), 5)
    suite.world.send(("t2", "a-0"), A, 5)
    found = await suite.edges("/namespaces/t1/deployments/a")
    return {namespace for _, namespace, name in found if name == "a"} == {"t2"}


@row("47")
async def _(suite: Suite) -> bool:
    suite.world.send(A, B, 300, failures=80)
    sent, received = [await suite.edges(f"/namespaces/t1/pods/{pod}-0") for pod in "ab"]
    (to_b,) = (pair for (_, _, peer), pair in sent.items() if peer == "b-0")
    (from_a,) = (pair for (_, _, peer), pair in received.items() if peer == "a-0")
    return to_b == from_a


@row("48")
async def _(suite: Suite) -> bool:
    suite.world.send(A, B, 1)
    paths = {"Pod": "/namespaces/t1/pods/b-0/edges", "Deployment": "/namespaces/t1/deployments/b/edges"}
    found = {kind: (await suite.body(path))["items"] for kind, path in paths.items()}
    return all({item["edge"]["resource"]["kind"] for item in items} == {kind} for kind, items in found.items())


async def _split(suite: Suite) -> list[dict[str, Any]]:
    suite.world.split("t1", "s", "web", {"b": 90, "c": 10})
    for pod, backend, count in ((B, "b", 9), (C, "c", 1)):
        suite.world.send(A, pod, count, split=("t1", "s"), backend=backend, apex=("t1", "web"))
    return list((await suite.body("/namespaces/t1/trafficsplits"))["items"])


@row("51")
async def _(suite: Suite) -> bool:
    suite.world.send(A, B, 20, apex=("t1", "b"))
    return [counts(item) for item in await _split(suite)] == [(9, 0), (1, 0)]


@row("52")
async def _(suite: Suite) -> bool:
    suite.world.send(A, B, 50, apex=("t1", "b"))
    return counts((await _split(suite))[0])[0] < 30


@row("53")
async def _(suite: Suite) -> bool:
    expected = {"direction": "from", "side": "client", "resource": {}}
    return all(item["edge"] == expected for item in await _split(suite))


@row("16")
async def _(suite: Suite) -> bool:
    """Where all receivers but this one are declared, so that other checks see their edges."""
    suite.world.deployment("t1", "undeclared")
    suite.world.things["pods"][-1]["spec"] = {"serviceAccountName": "undeclared"}
    suite.world.send(A, ("t1", "undeclared-0"), 5)
    return "undeclared" in {name for _, _, name in await suite.edges("/namespaces/t1/deployments/a")}
