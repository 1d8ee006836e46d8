"""Traffic Specs, ports: which TCP and UDP ports a TCPRoute and a UDPRoute match, and what editing one changes."""

from pytest_smi.scenario.scenario import Scenario, TCPRoute, UDPRoute, allowed, assertion, control, denied


@assertion(
    "TS-41",
    level="MUST",
    source="specs v1alpha4 §TCPRoute",
    needs=["access"],
    features=["tcp"],
    since={"specs": "v1alpha4"},
)
def test_tcp_route_matches_each_of_its_ports(smi: Scenario) -> None:
    """A TCPRoute matches each of the ports that it lists, and no other."""
    srv = smi.server(
        environment={"TCP_PORTS": "9000,9002,9003"}, ports={f"{port}/TCP": port for port in (9000, 9002, 9003)}
    )
    a, c = smi.client("a"), smi.client("c")
    listed, unlisted = [a.tcp(srv, port=9000), a.tcp(srv, port=9002)], a.tcp(srv, port=9003)
    smi.closed_so_far(*listed, unlisted)
    route, rest = smi.tcp_route("listed", 9000, 9002), smi.tcp_route("rest", 9003)
    smi.apply(route, smi.target(srv, route, sources=[a]))
    smi.expect(*map(allowed, listed), denied(unlisted))
    smi.apply(rest, smi.target(srv, rest, sources=[c], name="rest"))
    smi.expect(control(c.tcp(srv, port=9003)), hold=False)


@assertion(
    "TS-42",
    level="MUST",
    source="specs v1alpha4 §TCPRoute",
    needs=["access"],
    features=["tcp"],
    since={"specs": "v1alpha4"},
)
def test_tcp_route_without_ports_matches_every_port(smi: Scenario) -> None:
    """A TCPRoute whose list of ports is empty matches all the ports of a Service."""
    srv = smi.server(
        environment={"TCP_PORTS": "9000,9002,9003"}, ports={f"{port}/TCP": port for port in (9000, 9002, 9003)}
    )
    a = smi.client("a")
    streams = [a.tcp(srv, port=port) for port in (9000, 9002, 9003)]
    smi.closed_so_far(*streams)
    route = smi.tcp_route("every")
    smi.apply(route, smi.target(srv, route, sources=[a]))
    smi.expect(*map(allowed, streams), hold=False)


@assertion(
    "TS-43",
    level="MUST",
    source="specs v1alpha4 §UDPRoute",
    needs=["access"],
    features=["udp"],
    since={"specs": "v1alpha4"},
)
def test_udp_route_matches_its_ports_or_all(smi: Scenario) -> None:
    """A UDPRoute matches the ports that it lists and no other; one whose list is empty matches all."""
    srv, a, c = smi.server(), smi.client("a"), smi.client("c")
    listed, unlisted = a.udp(srv, port=9100), a.udp(srv, port=9101)
    every = [c.udp(srv, port=9100), c.udp(srv, port=9101)]
    smi.closed_so_far(listed, unlisted, *every)
    some, all_ports = smi.udp_route("some", 9100), smi.udp_route("all")
    smi.apply(some, smi.target(srv, some, sources=[a], name="some"))
    smi.expect(allowed(listed), denied(unlisted))
    smi.apply(all_ports, smi.target(srv, all_ports, sources=[c], name="all"))
    smi.expect(*map(allowed, every), hold=False)


@assertion(
    "TS-48",
    level="MUST (derived)",
    source="specs v1alpha4 §TCPRoute, §UDPRoute",
    needs=["access"],
    features=["tcp"],
    since={"specs": "v1alpha4"},
)
def test_editing_a_route_of_ports_takes_effect(smi: Scenario) -> None:
    """Editing or deleting a TCPRoute or UDPRoute changes what the TrafficTargets that refer to it grant."""
    srv, a = smi.server(), smi.client("a")
    first, second = [a.tcp(srv, port=9000)], [a.tcp(srv, port=9001)]
    before: list[TCPRoute | UDPRoute] = [smi.tcp_route("edited", 9000)]
    after: list[TCPRoute | UDPRoute] = [smi.tcp_route("edited", 9001)]
    if smi.has("udp"):
        first, second = [*first, a.udp(srv, port=9100)], [*second, a.udp(srv, port=9101)]
        before.append(smi.udp_route("edited", 9100))
        after.append(smi.udp_route("edited", 9101))
    smi.closed_so_far(*first, *second)
    smi.apply(*before, smi.target(srv, *before, sources=[a]))
    smi.expect(*map(control, first), hold=False)
    smi.apply(*after)
    smi.expect(*map(allowed, second), *map(denied, first))
    smi.delete(*after)
    smi.expect(*map(denied, second), *map(denied, first))
    smi.apply(*before)
    smi.expect(*map(control, first), hold=False)
