"""Traffic Access Control, what only its first two versions say: the port of a target's destination."""

from dataclasses import replace

from pytest_smi.scenario.scenario import (
    Scenario,
    Subject,
    TrafficTarget,
    allowed,
    assertion,
    closed,
    denied,
    match,
)


@assertion("TA-45", level="MUST", source="access v1alpha2 §TrafficTarget", needs=["specs"])
def test_destination_port_limits_the_grant(smi: Scenario) -> None:
    """The port of a destination limits the grant to that port, in the versions that have it (v1alpha1 and v1alpha2)."""
    _must_have_ports(smi)
    srv, a, c = smi.server(), smi.client("a"), smi.client("c")
    listed, other = a.get(srv, "/m"), a.get(srv, "/m", port=8081)
    smi.closed_so_far(listed, other)
    group = smi.routes("routes", match("m", "/m"))
    smi.apply(group, _on_port(smi.target(srv, group, sources=[c], name="beside"), 8081))
    smi.apply(_on_port(smi.target(srv, group, sources=[a]), 8080))
    smi.expect(allowed(listed), allowed(c.get(srv, "/m", port=8081)), denied(other))


@assertion("TA-46", level="MUST", source="access v1alpha2 §TrafficTarget", needs=["specs"])
def test_omitted_destination_port_is_every_port(smi: Scenario) -> None:
    """Without a port of its destination a TrafficTarget grants every port, in the versions that have it
    (v1alpha1 and v1alpha2)."""
    _must_have_ports(smi)
    srv, a, c = smi.server(), smi.client("a"), smi.client("c")
    calls = a.get(srv, "/m"), a.get(srv, "/m", port=8081)
    smi.closed_so_far(*calls)
    smi.grant(srv, match("m", "/m"), sources=[a])
    smi.expect(*map(allowed, calls), closed(c.get(srv, "/m")), hold=False)


@assertion("TA-47", level="MUST (derived)", source="access v1alpha2 §TrafficTarget, §Tradeoffs", needs=["specs"])
def test_destination_ports_add_up_each_for_its_sources(smi: Scenario) -> None:
    """TrafficTargets that name different ports of one destination grant each its own port to its own sources,
    in the versions that have it (v1alpha1 and v1alpha2)."""
    _must_have_ports(smi)
    srv, a, b = smi.server(), smi.client("a"), smi.client("b")
    first, second = a.get(srv, "/m"), b.get(srv, "/m", port=8081)
    crossed = a.get(srv, "/m", port=8081), b.get(srv, "/m")
    smi.closed_so_far(first, second, *crossed)
    group = smi.routes("routes", match("m", "/m"))
    smi.apply(group, _on_port(smi.target(srv, group, sources=[a], name="first"), 8080))
    smi.apply(_on_port(smi.target(srv, group, sources=[b], name="second"), 8081))
    smi.expect(allowed(first), allowed(second), *map(denied, crossed))


def _on_port(target: TrafficTarget, port: int) -> TrafficTarget:
    return replace(target, port=port)


def _must_have_ports(smi: Scenario) -> None:
    """Raise NotExpressible before anything is deployed where the tested version has no port of a destination."""
    nobody = Subject(name="nobody", namespace="nowhere")
    smi.written(TrafficTarget(name="port", namespace="nowhere", destination=nobody, rules=(), sources=(), port=8080))
