"""Traffic Access Control: who may call whom (TrafficTarget)."""

from pytest_smi.scene import Scene, allowed, assertion, closed, denied, match, steady


@assertion("TA-01", level="MUST", source="access v1alpha3 §Specification", needs=["specs"])
def test_http_is_denied_without_a_target(smi: Scene) -> None:
    """HTTP to a destination that no TrafficTarget names is denied."""
    srv, a = smi.server(), smi.client("a")
    smi.expect(denied(a.get(srv, "/m")))
    smi.grant(srv, match("m", "/m"), sources=[a])
    smi.expect(allowed(a.get(srv, "/m")), hold=False)


@assertion("TA-05", level="MUST", source="access v1alpha3 §TrafficTarget", needs=["specs"])
def test_listed_source_may_call_listed_route(smi: Scene) -> None:
    """A source that a TrafficTarget lists may call the routes that it lists, every single time."""
    srv, a = smi.server(), smi.client("a")
    smi.expect(closed(a.get(srv, "/m")), hold=False)
    smi.grant(srv, match("m", "/m", ["GET"]), sources=[a])
    smi.expect(steady(a.get(srv, "/m")))


@assertion("TA-06", level="MUST", source="access v1alpha3 §TrafficTarget", needs=["specs"])
def test_unlisted_source_is_denied(smi: Scene) -> None:
    """A pod whose identity is not listed is denied even when others are allowed."""
    srv, a, c = smi.server(), smi.client("a"), smi.client("c")
    smi.grant(srv, match("m", "/m", ["GET"]), sources=[a])
    smi.expect(allowed(a.get(srv, "/m")), denied(c.get(srv, "/m")))
