"""Traffic Access Control, ports and protocols: what TCPRoutes and UDPRoutes grant, alone and beside HTTP routes."""

from pytest_smi.scenario.scenario import (
    Outcome,
    Scenario,
    Workload,
    allowed,
    assertion,
    control,
    denied,
    match,
)


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


@assertion(
    "TA-54",
    level="unspecified",
    source="access v1alpha3 §TrafficTarget",
    needs=["specs"],
    features=["tcp"],
    since={"access": "v1alpha3"},
)
def test_http_through_a_tcp_route(smi: Scenario) -> None:
    """A TrafficTarget of TCPRoutes alone may let HTTP through on their ports, since HTTP is TCP,
    or ask for a route of HTTP: the specification does not say."""
    srv, a = smi.server(), smi.client("a")
    stream, request = a.tcp(srv, port=9000), a.get(srv, "/m")
    smi.closed_so_far(stream, request)
    route = smi.tcp_route("raw", 8080, 9000)
    smi.apply(route, smi.target(srv, route, sources=[a]))
    smi.expect(control(stream), hold=False)
    let_in = smi.let_in(request)[0]
    smi.grant(srv, match("m", "/m"), sources=[a], name="later")
    smi.expect(control(request), hold=False)
    smi.observed("HTTP is let through" if let_in else "HTTP needs a route of HTTP")


def _apply_both(smi: Scenario, srv: Workload, source: Workload) -> None:
    """Apply one target with a group of the route `/m` and a TCPRoute of the port 8080."""
    group, ports = smi.routes("routes", match("m", "/m")), smi.tcp_route("ports", 8080)
    smi.apply(group, ports, smi.target(srv, group, ports, sources=[source]))
