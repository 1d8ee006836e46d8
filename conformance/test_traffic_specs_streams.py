"""Traffic Specs, raw TCP: what a TCPRoute lets through arrives as it was sent, whoever speaks first."""

from pytest_smi.scenario.scenario import Inconclusive, NotExpressible, NotReached, Outcome, Scenario, assertion, control


@assertion("TS-40", level="MUST", source="specs v1alpha3 §TCPRoute", needs=["access"], features=["tcp"])
def test_bare_tcp_route_is_raw_traffic(smi: Scenario) -> None:
    """A TCPRoute without fields, as the versions before v1alpha4 have it, lets raw TCP through on every port:
    all bytes, both ways, whoever speaks first."""
    if smi.can_say(smi.udp_route("newer")):  # came with v1alpha4, as did the ports of a TCPRoute
        raise NotExpressible("not stated in specs v1alpha4: there a TCPRoute has ports")
    _require_transparency(smi)


@assertion(
    "TS-44",
    level="MUST (derived)",
    source="specs v1alpha4 §TCPRoute",
    needs=["access"],
    features=["tcp"],
    since={"specs": "v1alpha4"},
)
def test_raw_tcp_is_transparent(smi: Scenario) -> None:
    """Raw TCP that a TCPRoute lets through is not changed: all bytes, both ways, whoever speaks first."""
    _require_transparency(smi)


def _require_transparency(smi: Scenario) -> None:
    """Fail unless as many bytes as the limits say come back as they were sent, on a port where the client speaks first
    and on one where the server does."""
    srv, a = smi.server(), smi.client("a")
    plain = a.tcp(srv, port=9000), a.tcp(srv, port=9001)
    smi.closed_so_far(*plain)
    route = smi.tcp_route("raw")
    smi.apply(route, smi.target(srv, route, sources=[a]))
    smi.expect(*map(control, plain), hold=False)
    size = smi.limits.stream_bytes
    loaded = [a.tcp(srv, port=port, payload=size) for port in (9000, 9001)]
    for seen in smi.sample(*loaded, times=smi.limits.stream_transfers):
        changed = next((probe for probe in seen.probes if "differs" in probe.error), None)
        smi.require(changed is None, f"raw TCP was changed: {changed.error if changed else ''}")
        # A connection may break off by itself; one that is not transparent breaks every time.
        if seen.outcomes[Outcome.DELIVERED]:
            continue
        probe = seen.probes[0]
        if any(one.client_saw == "timeout" for one in seen.probes):
            raise Inconclusive(f"{size} bytes were not carried both ways in time: {probe.describe()}")
        error = NotReached(f"{size} bytes did not come back as they were sent: {probe.error or probe.describe()}")
        smi.attribute_failure(error, [seen.batch.call])
