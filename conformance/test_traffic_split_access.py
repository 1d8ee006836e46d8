"""Traffic Split: backends that access control opens to different clients."""

from pytest_smi.scenario.scenario import MARKED, PLAIN, Scenario, allowed, assertion, closed, control, match


@assertion(
    "SP-77",
    level="MUST (derived)",
    source="split v1alpha4 §Specification; access v1alpha3 §TrafficTarget",
    needs=["access", "specs"],
    serial=True,
)
def test_split_for_nobody_stops_nothing(smi: Scenario) -> None:
    """While no client may call every backend of a split, a grant and a split that are made later take effect."""
    a, b = smi.client("a"), smi.client("b")
    v1, v2 = smi.server("v1", under_root=False), smi.server("v2", ports=MARKED, under_root=False)
    other = smi.server("other")
    root, second = smi.service("app", [other], ports=PLAIN), smi.service("second", [other], ports=PLAIN)
    smi.grant(v1, match("m", "/m"), sources=[a], name="v1")
    smi.grant(v2, match("m", "/m"), sources=[b], name="v2")
    smi.grant(other, match("r", "/root"), sources=[b], name="root")
    smi.expect(
        control(a.get(v1, "/m")), control(b.get(v2, "/m")), control(b.get(other, "/root")), closed(a.get(other, "/m"))
    )
    smi.apply(smi.split(root, {v1: 50, v2: 50}))
    smi.grant(other, match("m", "/m"), sources=[a], name="later")
    smi.apply(smi.split(second, {v2: 100}, name="second"))
    smi.expect(allowed(a.get(other, "/m")))
    smi.on_ports(b.get(second, "/m"), {v2: 8081})
