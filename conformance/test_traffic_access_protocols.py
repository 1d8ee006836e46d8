"""Traffic Access Control, TCP beside UDP: the same port numbers on both, and the specification's example of them."""

from pytest_smi.scenario.scenario import Call, Scenario, Workload, allowed, assertion, control, denied


@assertion(
    "TA-53",
    level="MUST",
    source="access v1alpha3 §Example implementation for L4",
    needs=["specs"],
    features=["tcp", "udp"],
    since={"access": "v1alpha3"},
)
def test_tcp_and_udp_are_granted_apart(smi: Scenario) -> None:
    """A grant of a TCP port does not open the UDP port of the same number, nor the other way round."""
    stream, datagram, a = _server_of(smi, "stream", 8300), _server_of(smi, "datagram", 8300), smi.client("a")
    by_tcp, by_udp = ([a.tcp(srv, port=8300), a.udp(srv, port=8300)] for srv in (stream, datagram))
    smi.closed_so_far(*by_tcp, *by_udp)
    tcp, udp = smi.tcp_route("tcp", 8300), smi.udp_route("udp", 8300)
    smi.apply(tcp, udp)
    smi.apply(smi.target(stream, tcp, sources=[a], name="tcp"), smi.target(datagram, udp, sources=[a], name="udp"))
    smi.expect(allowed(by_tcp[0]), denied(by_tcp[1]), allowed(by_udp[1]), denied(by_udp[0]))
    smi.apply(smi.target(stream, udp, sources=[a], name="later-udp"))
    smi.apply(smi.target(datagram, tcp, sources=[a], name="later-tcp"))
    smi.expect(control(by_tcp[1]), control(by_udp[0]), hold=False)


@assertion(
    "TA-67",
    level="MUST",
    source="access v1alpha3 §Example implementation for L4",
    needs=["specs"],
    features=["tcp", "udp"],
    since={"access": "v1alpha3"},
)
def test_the_example_of_protocols_and_ports(smi: Scenario) -> None:
    """The example of the specification (TCP on the ports 8300, 8301 and 8302, UDP on 8301 and 8302)
    allows exactly that."""
    server, client, stranger = _server_of(smi, "server", 8300, 8301, 8302), smi.client("a"), smi.client("c")
    may = [*_tcp(client, server, 8300, 8301, 8302), *_udp(client, server, 8301, 8302)]
    may_not = [*_tcp(stranger, server, 8300, 8301, 8302), *_udp(stranger, server, 8300, 8301, 8302)]
    may_not += _udp(client, server, 8300)
    smi.closed_so_far(*may, *may_not)
    tcp_routes, udp_routes = smi.tcp_route("tcp-routes", 8301, 8302, 8300), smi.udp_route("udp-routes", 8301, 8302)
    smi.apply(tcp_routes, udp_routes)
    smi.apply(smi.target(server, tcp_routes, udp_routes, sources=[client], name="protocol-specific-sources"))
    smi.expect(*map(allowed, may), *map(denied, may_not))
    rest = smi.udp_route("rest", 8300)
    smi.apply(rest, smi.target(server, rest, sources=[client], name="rest"))
    smi.expect(*map(control, _udp(client, server, 8300)), hold=False)


@assertion(
    "TA-56",
    level="unspecified",
    source="access v1alpha3 §TrafficTarget; specs v1alpha4 §TCPRoute",
    needs=["specs"],
    features=["tcp"],
    since={"access": "v1alpha3"},
)
def test_number_of_a_port(smi: Scenario) -> None:
    """The ports of a TCPRoute may be those of the Service or those of its pods, where the two differ:
    the specification does not say."""
    srv = smi.server(environment={"TCP_PORTS": "9000"}, ports={"9400/TCP": 9000})
    by_service, by_pod, every = (smi.client(account).tcp(srv, port=9400) for account in "abc")
    smi.closed_so_far(by_service, by_pod, every)
    for name, account, ports in (("service", "a", [9400]), ("pod", "b", [9000]), ("every", "c", [])):
        route = smi.tcp_route(name, *ports)
        smi.apply(route, smi.target(srv, route, sources=[smi.client(account)], name=name))
    smi.expect(control(every), hold=False)
    seen = zip(("Service's", "pod's"), smi.let_in(by_service, by_pod), strict=True)
    counts = [name for name, let_in in seen if let_in]
    smi.observed(f"the {' and the '.join(counts)} port counts" if counts else "neither port counts")


def _server_of(smi: Scenario, name: str, *ports: int) -> Workload:
    """Deploy a server that listens on these ports, on TCP and on UDP alike."""
    numbers = ",".join(map(str, ports))
    return smi.server(
        name,
        environment={"TCP_PORTS": numbers, "UDP_PORTS": numbers},
        ports={f"{port}/{protocol}": port for port in ports for protocol in ("TCP", "UDP")},
    )


def _tcp(source: Workload, target: Workload, *ports: int) -> list[Call]:
    return [source.tcp(target, port=port) for port in ports]


def _udp(source: Workload, target: Workload, *ports: int) -> list[Call]:
    return [source.udp(target, port=port) for port in ports]
