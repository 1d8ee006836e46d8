"""Traffic Access Control, subjects that are incomplete or out of place: what a target with such ones grants."""

from pytest_smi.scenario.scenario import Scenario, assertion, closed, control, denied, match, steady


@assertion(
    "TA-59", level="MUST", source="access v1alpha3 §TrafficTarget", needs=["specs"], since={"access": "v1alpha3"}
)
def test_target_without_destination_grants_nothing(smi: Scenario) -> None:
    """A TrafficTarget without a destination grants nothing and disturbs no other, or is refused."""
    srv, a = smi.server(), smi.client("a")
    other, beside = a.get(srv, "/m"), a.get(srv, "/beside")
    smi.closed_so_far(other, beside)
    smi.grant(srv, match("beside", "/beside"), sources=[a], name="beside")
    smi.expect(control(beside), closed(other), hold=False)
    group = smi.routes("routes", match("m", "/m"), match("later", "/later"))
    smi.apply(group)
    target = smi.written(smi.target(srv, group, sources=[a], name="nowhere"))
    del target["spec"]["destination"]
    if not smi.refused(target):  # refusing to store it closes it too
        smi.put(target)
    # A grant made later that works shows that the mesh has taken note of the target before it.
    smi.grant(srv, match("later", "/later"), sources=[a], name="later")
    smi.expect(control(a.get(srv, "/later")), steady(beside), denied(other))
