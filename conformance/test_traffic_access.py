"""Traffic Access Control, foundations: nothing is open without a TrafficTarget,
and exactly what targets list is open with them."""

from pytest_smi.scenario.scenario import Scenario, allowed, assertion, closed, control, denied, match, steady


@assertion("TA-01", level="MUST", source="access v1alpha3 §Specification", needs=["specs"])
def test_http_is_denied_without_a_target(smi: Scenario) -> None:
    """HTTP to a destination that no TrafficTarget names is denied."""
    srv, a = smi.server(), smi.client("a")
    smi.expect(denied(a.get(srv, "/m")))
    smi.grant(srv, match("m", "/m"), sources=[a])
    smi.expect(control(a.get(srv, "/m")), hold=False)


@assertion("TA-02", level="MUST", source="access v1alpha3 §Specification", needs=["specs"], features=["tcp"])
def test_tcp_is_denied_without_a_target(smi: Scenario) -> None:
    """Raw TCP to a destination that no TrafficTarget names is denied."""
    srv, a = smi.server(), smi.client("a")
    smi.expect(denied(a.tcp(srv)))
    route = smi.tcp_route("raw", 9000)
    smi.apply(route, smi.target(srv, route, sources=[a]))
    smi.expect(control(a.tcp(srv)), hold=False)


@assertion(
    "TA-03",
    level="MUST",
    source="access v1alpha3 §Specification, §Example implementation for L4",
    needs=["specs"],
    features=["udp"],
    since={"access": "v1alpha3"},
)
def test_udp_is_denied_without_a_target(smi: Scenario) -> None:
    """UDP to a destination that no TrafficTarget names is denied."""
    srv, a = smi.server(), smi.client("a")
    smi.expect(denied(a.udp(srv)))
    route = smi.udp_route("datagrams", 9100)
    smi.apply(route, smi.target(srv, route, sources=[a]))
    smi.expect(control(a.udp(srv)), hold=False)


@assertion("TA-04", level="MUST", source="access v1alpha3 §Specification, §Tradeoffs", needs=["specs"])
def test_denial_does_not_wait_for_a_target(smi: Scenario) -> None:
    """A destination that no TrafficTarget names stays denied to everyone while another destination has one."""
    srv, unnamed = smi.server(), smi.server("unnamed")
    a, c = smi.client("a"), smi.client("c")
    group = smi.routes("routes", match("m", "/m"))
    smi.apply(group)
    smi.closed_so_far(a.get(srv, "/m"), a.get(unnamed, "/m"), c.get(unnamed, "/m"))
    smi.apply(smi.target(srv, group, sources=[a]))
    smi.expect(control(a.get(srv, "/m")), denied(a.get(unnamed, "/m")), denied(c.get(unnamed, "/m")))
    smi.apply(smi.target(unnamed, group, sources=[a, c], name="later"))
    smi.expect(control(a.get(unnamed, "/m")), control(c.get(unnamed, "/m")), hold=False)


@assertion("TA-05", level="MUST", source="access v1alpha3 §TrafficTarget", needs=["specs"])
def test_listed_source_may_call_listed_route(smi: Scenario) -> None:
    """A source that a TrafficTarget lists may call the routes that it lists, every single time."""
    srv, a = smi.server(), smi.client("a")
    smi.closed_so_far(a.get(srv, "/m"))
    smi.grant(srv, match("m", "/m", ["GET"]), sources=[a])
    smi.expect(steady(a.get(srv, "/m")))


@assertion("TA-06", level="MUST", source="access v1alpha3 §TrafficTarget", needs=["specs"])
def test_unlisted_source_is_denied(smi: Scenario) -> None:
    """A pod whose identity is not listed is denied even when others are allowed."""
    srv, a, c = smi.server(), smi.client("a"), smi.client("c")
    smi.closed_so_far(a.get(srv, "/m"), c.get(srv, "/m"))
    smi.grant(srv, match("m", "/m", ["GET"]), sources=[a])
    smi.expect(control(a.get(srv, "/m")), denied(c.get(srv, "/m")))
    smi.grant(srv, match("later", "/later", ["GET"]), sources=[c], name="later")
    smi.expect(control(c.get(srv, "/later")), hold=False)


@assertion("TA-07", level="MUST", source="access v1alpha3 §TrafficTarget", needs=["specs"])
def test_unlisted_route_is_denied(smi: Scenario) -> None:
    """A listed source that calls a route which its TrafficTarget does not list is denied."""
    srv, a = smi.server(), smi.client("a")
    smi.closed_so_far(a.get(srv, "/m"), a.get(srv, "/other"))
    smi.grant(srv, match("m", "/m", ["GET"]), sources=[a])
    smi.expect(control(a.get(srv, "/m")), denied(a.get(srv, "/other")))


@assertion("TA-08", level="MUST", source="access v1alpha3 §Example implementation for L7", needs=["specs"])
def test_every_listed_source_is_allowed(smi: Scenario) -> None:
    """When a TrafficTarget lists several sources, each of them is allowed."""
    srv, a, b, c = smi.server(), smi.client("a"), smi.client("b"), smi.client("c")
    smi.closed_so_far(a.get(srv, "/m"), b.get(srv, "/m"))
    smi.grant(srv, match("m", "/m"), sources=[a, b])
    smi.expect(allowed(a.get(srv, "/m")), allowed(b.get(srv, "/m")), closed(c.get(srv, "/m")), hold=False)


@assertion(
    "TA-09", level="MUST", source="access v1alpha3 §Specification, §Example implementation for L7", needs=["specs"]
)
def test_targets_of_one_destination_add_up(smi: Scenario) -> None:
    """Several TrafficTargets of one destination grant together what each of them grants."""
    srv, a, b = smi.server(), smi.client("a"), smi.client("b")
    smi.closed_so_far(a.get(srv, "/x"), b.get(srv, "/y"))
    smi.grant(srv, match("x", "/x"), sources=[a], name="first")
    smi.grant(srv, match("y", "/y"), sources=[b], name="second")
    smi.expect(allowed(a.get(srv, "/x")), allowed(b.get(srv, "/y")), hold=False)


@assertion("TA-10", level="MUST", source="access v1alpha3 §Example implementation for L7", needs=["specs"])
def test_targets_lend_each_other_nothing(smi: Scenario) -> None:
    """With several TrafficTargets of one destination, a source of one may not call the routes of another."""
    srv, a, b, c = smi.server(), smi.client("a"), smi.client("b"), smi.client("c")
    smi.closed_so_far(a.get(srv, "/y"), b.get(srv, "/x"))
    smi.grant(srv, match("x", "/x"), sources=[a], name="first")
    smi.grant(srv, match("y", "/y"), sources=[b], name="second")
    granted = control(a.get(srv, "/x")), control(b.get(srv, "/y"))
    smi.expect(*granted, closed(c.get(srv, "/x")), closed(a.get(srv, "/other")), hold=False)
    smi.expect(*granted, denied(a.get(srv, "/y")), denied(b.get(srv, "/x")))


@assertion("TA-77", level="MUST (derived)", source="access v1alpha3 §Specification", needs=["specs"])
def test_overlapping_routes_admit_the_sources_of_each(smi: Scenario) -> None:
    """When routes of two TrafficTargets of one destination match the same request, the sources of either may send
    it."""
    srv, a, b, c = smi.server(), smi.client("a"), smi.client("b"), smi.client("c")
    granted = a.get(srv, "/m"), b.get(srv, "/m")
    smi.closed_so_far(*granted)
    smi.grant(srv, match("narrow", "/m", ["GET"]), sources=[a], name="first")
    smi.grant(srv, match("wide", "/m", ["GET", "POST"]), sources=[b], name="second")
    smi.expect(*map(allowed, granted), closed(c.get(srv, "/m")), hold=False)
    smi.expect(*map(allowed, granted))  # together: a mesh may let in now the one and now the other


@assertion("TA-11", level="MUST (derived)", source="access v1alpha3 §TrafficTarget", needs=["specs"])
def test_rules_of_one_target_are_alternatives(smi: Scenario) -> None:
    """Several rules of one TrafficTarget grant what each of them grants, and nothing else."""
    srv, a = smi.server(), smi.client("a")
    granted, other = [a.get(srv, "/x"), a.get(srv, "/y")], a.get(srv, "/other")
    smi.closed_so_far(*granted, other)
    first, second = smi.routes("first", match("x", "/x")), smi.routes("second", match("y", "/y"))
    smi.apply(first, second, smi.target(srv, first, second, sources=[a]))
    smi.expect(*map(allowed, granted), closed(a.get(srv, "/elsewhere")), hold=False)
    smi.expect(*map(allowed, granted), denied(other))


@assertion("TA-12", level="MUST (derived)", source="access v1alpha3 §Tradeoffs", needs=["specs"])
def test_narrower_target_takes_nothing_away(smi: Scenario) -> None:
    """A TrafficTarget that grants less than another on the same destination does not limit what the other grants."""
    srv, a = smi.server(), smi.client("a")
    smi.closed_so_far(a.get(srv, "/m"), a.get(srv, "/other"))
    smi.grant(srv, match("m", "/m"), match("other", "/other"), sources=[a], name="wide")
    smi.expect(control(a.get(srv, "/other")), hold=False)
    smi.grant(srv, match("m", "/m"), sources=[a], name="narrow")
    # A grant made later that works shows that the mesh has taken note of the target before it.
    smi.grant(srv, match("later", "/later"), sources=[a], name="later")
    smi.expect(control(a.get(srv, "/later")), allowed(a.get(srv, "/m")), allowed(a.get(srv, "/other")))
