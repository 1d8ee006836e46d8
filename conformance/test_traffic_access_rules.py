"""Traffic Access Control, rules: which routes and ports a reference to a route object grants."""

from pytest_smi.scenario.scenario import (
    HTTPRouteGroup,
    Outcome,
    Rule,
    Scenario,
    Workload,
    allowed,
    assertion,
    closed,
    control,
    denied,
    match,
)


def _only(group: HTTPRouteGroup, *names: str) -> Rule:
    """A rule that grants some routes of a group by their names."""
    return Rule(kind="HTTPRouteGroup", name=group.name, matches=names)


@assertion("TA-40", level="MUST", source="access v1alpha3 §TrafficTarget", needs=["specs"])
def test_only_named_matches_are_granted(smi: Scenario) -> None:
    """A rule with `matches` grants only the routes of the group that it names."""
    srv, a = smi.server(), smi.client("a")
    smi.closed_so_far(a.get(srv, "/m"), a.get(srv, "/e"))
    group = smi.routes("routes", match("m", "/m"), match("e", "/e"))
    smi.apply(group, smi.target(srv, _only(group, "m"), sources=[a]))
    smi.expect(control(a.get(srv, "/m")), closed(a.get(srv, "/other")), hold=False)
    smi.expect(control(a.get(srv, "/m")), denied(a.get(srv, "/e")))


@assertion("TA-41", level="MUST", source="access v1alpha3 §TrafficTarget", needs=["specs"])
def test_omitted_matches_grant_the_group(smi: Scenario) -> None:
    """A rule without `matches` grants every route of the group."""
    srv, a = smi.server(), smi.client("a")
    smi.closed_so_far(a.get(srv, "/m"), a.get(srv, "/e"))
    group = smi.routes("routes", match("m", "/m"), match("e", "/e"))
    smi.apply(group, smi.target(srv, Rule(kind="HTTPRouteGroup", name=group.name), sources=[a]))
    smi.expect(allowed(a.get(srv, "/m")), allowed(a.get(srv, "/e")), closed(a.get(srv, "/other")), hold=False)


@assertion("TA-43", level="MUST (derived)", source="access v1alpha3 §TrafficTarget", needs=["specs"])
def test_unknown_match_name_grants_nothing(smi: Scenario) -> None:
    """A name in `matches` that the group does not have grants nothing."""
    srv, a = smi.server(), smi.client("a")
    calls = [a.get(srv, path) for path in ("/m", "/e", "/other")]
    smi.grant(srv, match("beside", "/beside"), sources=[a], name="beside")
    smi.expect(control(a.get(srv, "/beside")), *map(closed, calls), hold=False)
    group = smi.routes("routes", match("m", "/m"), match("e", "/e"))
    smi.apply(group, smi.target(srv, _only(group, "nope"), sources=[a]))
    # A grant made later that works shows that the mesh has taken note of the target before it.
    smi.grant(srv, match("later", "/later"), sources=[a], name="later")
    smi.expect(control(a.get(srv, "/later")), *map(denied, calls))


@assertion(
    "TA-48",
    level="MUST",
    source="access v1alpha3 §TrafficTarget, §Example for L4",
    needs=["specs"],
    features=["tcp"],
    since={"access": "v1alpha3"},
)
def test_tcp_route_limits_ports(smi: Scenario) -> None:
    """A TCPRoute with ports grants TCP on those ports and on no other."""
    srv, a = smi.server(), smi.client("a")
    listed, unlisted = a.tcp(srv, port=9000), [a.tcp(srv, port=9001), a.get(srv, "/m")]
    smi.closed_so_far(listed, *unlisted)
    route = smi.tcp_route("raw", 9000)
    smi.apply(route, smi.target(srv, route, sources=[a]))
    smi.expect(allowed(listed), *map(denied, unlisted))
    rest = smi.tcp_route("rest", 9001)
    smi.apply(rest, smi.target(srv, rest, sources=[a], name="rest"))
    smi.grant(srv, match("m", "/m"), sources=[a], name="later")
    smi.expect(*map(control, unlisted), hold=False)


@assertion(
    "TA-49",
    level="MUST",
    source="access v1alpha3 §TrafficTarget; specs v1alpha4 §TCPRoute",
    needs=["specs"],
    features=["tcp"],
    since={"access": "v1alpha3"},
)
def test_tcp_route_without_ports_is_every_tcp_port(smi: Scenario) -> None:
    """A TCPRoute with an empty port list grants every TCP port, and no UDP."""
    srv, a = smi.server(), smi.client("a")
    streams = a.tcp(srv, port=9000), a.tcp(srv, port=9001)
    smi.closed_so_far(*streams)
    route = smi.tcp_route("raw")
    smi.apply(route, smi.target(srv, route, sources=[a]))
    smi.expect(*map(allowed, streams), hold=False)
    if smi.has("udp"):
        smi.expect(control(streams[0]), denied(a.udp(srv)), hold=False)
        datagrams = smi.udp_route("datagrams")
        smi.apply(datagrams, smi.target(srv, datagrams, sources=[a], name="later"))
        smi.expect(control(a.udp(srv)), hold=False)


@assertion(
    "TA-51",
    level="MUST (derived)",
    source="access v1alpha3 §TrafficTarget",
    needs=["specs"],
    features=["tcp"],
    since={"access": "v1alpha3"},
)
def test_tcp_routes_of_one_target_add_up(smi: Scenario) -> None:
    """Several TCPRoutes in one TrafficTarget grant the ports of each."""
    srv, a = smi.server(), smi.client("a")
    streams = a.tcp(srv, port=9000), a.tcp(srv, port=9001)
    smi.closed_so_far(*streams)
    first, second = smi.tcp_route("first", 9000), smi.tcp_route("second", 9001)
    smi.apply(first, second, smi.target(srv, first, second, sources=[a]))
    smi.expect(*map(allowed, streams), hold=False)


@assertion(
    "TA-52",
    level="MUST",
    source="access v1alpha3 §Example implementation for L4",
    needs=["specs"],
    features=["udp"],
    since={"access": "v1alpha3"},
)
def test_udp_route_limits_ports(smi: Scenario) -> None:
    """A UDPRoute with ports grants UDP on those ports and on no other."""
    srv, a = smi.server(), smi.client("a")
    smi.closed_so_far(a.udp(srv, port=9100), a.udp(srv, port=9101))
    route = smi.udp_route("datagrams", 9100)
    smi.apply(route, smi.target(srv, route, sources=[a]))
    smi.expect(allowed(a.udp(srv, port=9100)), denied(a.udp(srv, port=9101)))
    rest = smi.udp_route("rest", 9101)
    smi.apply(rest, smi.target(srv, rest, sources=[a], name="rest"))
    smi.expect(control(a.udp(srv, port=9101)), hold=False)


@assertion("TA-55", level="MUST (derived)", source="access v1alpha3 §TrafficTarget", needs=["specs"], features=["tcp"])
def test_http_routes_do_not_open_raw_tcp(smi: Scenario) -> None:
    """A grant of HTTP routes alone does not open raw TCP."""
    srv, a = smi.server(), smi.client("a")
    smi.closed_so_far(a.get(srv, "/m"), a.tcp(srv))
    smi.grant(srv, match("m", "/m"), sources=[a])
    smi.expect(control(a.get(srv, "/m")), denied(a.tcp(srv)))
    route = smi.tcp_route("raw", 9000)
    smi.apply(route, smi.target(srv, route, sources=[a], name="later"))
    smi.expect(control(a.tcp(srv)), hold=False)


@assertion(
    "TA-50",
    level="unspecified",
    source="access v1alpha3 §Example implementation for L7",
    needs=["specs"],
    since={"access": "v1alpha3"},
)
def test_tcp_route_beside_a_route_group(smi: Scenario) -> None:
    """A TCPRoute beside an HTTPRouteGroup in one target may limit it to the TCPRoute's ports,
    or be a grant of its own: the specification does not say."""
    srv, a = smi.server(), smi.client("a")
    both = a.get(srv, "/m")
    contested = {
        "another port": a.get(srv, "/m", port=8081),
        "another path": a.get(srv, "/other"),
        "neither": a.get(srv, "/other", port=8081),
    }
    smi.closed_so_far(both, *contested.values())
    _apply_both(smi, srv, a)
    smi.expect(control(both), hold=False)
    seen = dict(zip(contested, smi.sample(*contested.values(), times=3), strict=True))
    smi.grant(srv, match("other", "/other"), sources=[a], name="later")
    smi.expect(control(contested["neither"]), hold=False)
    open_ = [name for name, observation in seen.items() if observation.all(Outcome.DELIVERED)]
    smi.observed(f"alternatives: {' and '.join(open_)} allowed" if open_ else "both conditions must hold")


@assertion(
    "TA-72",
    level="MUST (derived)",
    source="access v1alpha3 §Example implementation for L7",
    needs=["specs"],
    since={"access": "v1alpha3"},
)
def test_route_group_and_tcp_route_grant_both_and_not_neither(smi: Scenario) -> None:
    """With a TCPRoute and an HTTPRouteGroup in one target, a request on both is allowed
    and one on neither is denied."""
    srv, a = smi.server(), smi.client("a")
    both, neither = a.get(srv, "/m"), a.get(srv, "/other", port=8081)
    smi.closed_so_far(both, neither)
    _apply_both(smi, srv, a)
    smi.expect(allowed(both), denied(neither))
    smi.grant(srv, match("other", "/other"), sources=[a], name="later")
    smi.expect(control(neither), hold=False)


def _apply_both(smi: Scenario, srv: Workload, source: Workload) -> None:
    """Apply one target with a group of the route `/m` and a TCPRoute of the port 8080."""
    group, ports = smi.routes("routes", match("m", "/m")), smi.tcp_route("ports", 8080)
    smi.apply(group, ports, smi.target(srv, group, ports, sources=[source]))
