"""Traffic Specs, groups: what the routes of one HTTPRouteGroup are to each other, and an empty group."""

from pytest_smi.scenario.scenario import Rule, Scenario, allowed, assertion, closed, control, denied, match


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
    smi.observed("every path is let through" if smi.let_in(call)[0] else "no path is let through")


@assertion("TS-46", level="MUST (derived)", source="specs v1alpha4 §HTTPRouteGroup", needs=["access"])
def test_group_without_routes_grants_nothing(smi: Scenario) -> None:
    """An HTTPRouteGroup whose list of routes is empty grants nothing, or is refused."""
    srv, a = smi.server(), smi.client("a")
    calls = [a.get(srv, "/"), a.get(srv, "/m"), a.send("POST", srv, "/m")]
    smi.closed_so_far(*calls)
    smi.grant(srv, match("beside", "/beside"), sources=[a], name="beside")
    smi.expect(control(a.get(srv, "/beside")), *map(closed, calls), hold=False)
    empty = smi.routes("empty")
    smi.apply_unless_refused(empty, smi.target(srv, Rule(kind="HTTPRouteGroup", name=empty.name), sources=[a]))
    # A grant made later that works shows that the mesh has taken note of the group before it.
    smi.grant(srv, match("later", "/later"), sources=[a], name="later")
    smi.expect(control(a.get(srv, "/later")), *map(denied, calls))
    smi.grant(srv, match("post", "/m", ["POST"]), sources=[a], name="post")
    smi.expect(control(a.send("POST", srv, "/m")), hold=False)


@assertion(
    "TS-47",
    level="MUST (derived)",
    source="specs v1alpha4 §HTTPRouteGroup, §HTTP header filters; split v1alpha4 §Specification",
    needs=["access", "split"],
    since={"specs": "v1alpha2", "split": "v1alpha3"},
)
def test_group_serves_a_target_and_a_split(smi: Scenario) -> None:
    """One HTTPRouteGroup may be used by a TrafficTarget and a TrafficSplit at the same time, and counts for both."""
    v1, v2, v3 = smi.server("v1"), smi.server("v2", under_root=False), smi.server("v3", under_root=False)
    a, c = smi.client("a"), smi.client("c")
    root = smi.service("app", [v1])
    smi.open_to_all(v1, v2, sources=[a])
    group = smi.routes("canary", match("canary", methods=None, x_canary="^yes$"))
    smi.apply(group, smi.split(root, {v2: 100}, matches=[group]))
    # Not v2, where what a may do overlaps with the group: TA-77 asks about that.
    segment, listed = a.get(root, "/m", headers=(("x-canary", "yes"),)), c.get(v3, "/m", headers=(("x-canary", "yes"),))
    smi.control_reaches(segment, [v2])
    smi.closed_so_far(listed, c.get(v3, "/m"))
    smi.apply(smi.target(v3, group, sources=[c]))
    smi.expect(allowed(listed), closed(c.get(v3, "/m")), hold=False)
    smi.mostly(segment, [v2])
