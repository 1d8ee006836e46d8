"""How the metrics of real meshes depart from the reference readings."""

from pytest_smi.reference.mesh.metrics.api import MetricsParts
from pytest_smi.reference.mesh.metrics.routes import Fixed
from tests.reference.mesh.metrics.world import World, counts


def _world() -> World:
    world = World()
    world.deployment("t1", "a")
    world.deployment("t1", "b")
    world.add("services", "t1", "b")
    world.send(("t1", "a-0"), ("t1", "b-0"), 10, failures=2, latency=0.2)
    return world


def test_latencies_in_milliseconds_say_so() -> None:
    """The same time in another unit; counts stay."""
    healthy, item = (_world().ask("/namespaces/t1/pods/b-0", faults=on) for on in ((), ("metrics-in-milliseconds",)))

    assert [metric.get("unit") for metric in item["metrics"]] == ["ms"] * 3 + [None] * 2
    for seconds, milliseconds in zip(healthy["metrics"][:3], item["metrics"][:3], strict=True):
        assert 190 < int(seconds["value"].removesuffix("m")) <= 210
        # A quantity of milli precision, now of milliseconds: thousandths of them.
        assert 190_000 < int(milliseconds["value"].removesuffix("m")) <= 210_000
    assert counts(item) == counts(healthy) == (8, 2)


def test_five_kinds_are_in_discovery_and_no_other_is_answered() -> None:
    """The others are no resource of the API at all."""
    on = ("metrics-five-kinds",)
    world = _world()
    document = MetricsParts(world, frozenset(on)).discovery.answer(Fixed("resources", False)).body
    listed = {entry["name"] for entry in document["resources"]}

    assert listed == {"pods", "deployments", "statefulsets", "daemonsets", "namespaces"}
    assert {world.answer(f"/{resource}", faults=on).code for resource in listed} == {200}
    refused = world.answer("/namespaces/t1/services/b", faults=on)
    assert (refused.code, "details" in refused.body) == (404, False)
    assert world.answer("/namespaces/t1/services/b").code == 200
