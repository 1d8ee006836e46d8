"""Traffic Specs, groups: what the routes of one HTTPRouteGroup are to each other, and an empty group."""

from pytest_smi.scenario.scenario import Outcome, Rule, Scenario, allowed, assertion, closed, control, denied, match


@assertion("TS-21", level="MUST", source="specs v1alpha4 §HTTPRouteGroup", needs=["access"])
def test_routes_go_by_their_names(smi: Scenario) -> None:
    """Routes of a group are told apart by their names: a TrafficTarget that names the last grants no other."""
    srv, a = smi.server(), smi.client("a")
    named, others = a.get(srv, "/last"), [a.get(srv, "/first"), a.get(srv, "/second")]
    smi.closed_so_far(named, *others)
    group = smi.routes("routes", match("first", "/first"), match("second", "/second"), match("last", "/last"))
    smi.apply(group, smi.target(srv, Rule(kind="HTTPRouteGroup", name=group.name, matches=("last",)), sources=[a]))
    smi.expect(allowed(named), *map(denied, others))


@assertion(
    "TS-19",
    level="unspecified",
    source="specs v1alpha4 §HTTPRouteGroup, §HTTP header filters",
    needs=["access"],
    since={"specs": "v1alpha2"},
)
def test_route_without_a_path(smi: Scenario) -> None:
    """A route with methods and no path may let every path through, or none: the specification contradicts itself."""
    srv, a = smi.server(), smi.client("a")
    call = a.get(srv, "/m")
    smi.closed_so_far(call)
    smi.grant(srv, match("get", None, ["GET"]), match("beside", "/beside", ["POST"]), sources=[a])
    smi.expect(control(a.send("POST", srv, "/beside")), closed(a.send("POST", srv, "/other")), hold=False)
    seen = smi.sample(call, times=smi.limits.settle_probes)[0]
    smi.observed("every path is let through" if seen.all(Outcome.DELIVERED) else "no path is let through")


@assertion("TS-46", level="MUST (derived)", source="specs v1alpha4 §HTTPRouteGroup", needs=["access"])
def test_group_without_routes_grants_nothing(smi: Scenario) -> None:
    """An HTTPRouteGroup whose list of routes is empty grants nothing, or is refused."""
    srv, a = smi.server(), smi.client("a")
    calls = [a.get(srv, "/"), a.get(srv, "/m"), a.send("POST", srv, "/m")]
    smi.closed_so_far(*calls)
    smi.grant(srv, match("beside", "/beside"), sources=[a], name="beside")
    smi.expect(control(a.get(srv, "/beside")), *map(closed, calls), hold=False)
    empty = smi.routes("empty")
    if smi.dry_run(empty).status < 400:  # refusing to store it closes it too
        smi.apply(empty, smi.target(srv, Rule(kind="HTTPRouteGroup", name=empty.name), sources=[a]))
    # A grant made later that works shows that the mesh has taken note of the group before it.
    smi.grant(srv, match("later", "/later"), sources=[a], name="later")
    smi.expect(control(a.get(srv, "/later")), *map(denied, calls))
    smi.grant(srv, match("post", "/m", ["POST"]), sources=[a], name="post")
    smi.expect(control(a.send("POST", srv, "/m")), hold=False)
