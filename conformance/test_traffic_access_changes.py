"""Traffic Access Control, changes: what deleting and editing targets and routes revokes and grants."""

from pytest_smi.scenario.scenario import (
    Call,
    HTTPRouteGroup,
    Request,
    Rule,
    Scenario,
    TCPRoute,
    Workload,
    allowed,
    assertion,
    closed,
    control,
    denied,
    edited,
    match,
)


@assertion("TA-15", level="MUST (derived)", source="access v1alpha3 §Specification", needs=["specs"])
def test_deleting_the_only_target_restores_denial(smi: Scenario) -> None:
    """When the only TrafficTarget of a destination is deleted, what it granted is denied again."""
    srv, a = smi.server(), smi.client("a")
    calls = a.get(srv, "/m"), a.send("POST", srv, "/m")
    group = smi.routes("routes", match("m", "/m"))
    target = smi.target(srv, group, sources=[a])
    smi.apply(group)
    smi.closed_so_far(*calls)
    smi.apply(target)
    smi.expect(*map(control, calls), hold=False)
    smi.delete(target)
    smi.expect(*map(denied, calls))
    smi.apply(target)
    smi.expect(*map(control, calls), hold=False)


@assertion("TA-16", level="MUST (derived)", source="access v1alpha3 §TrafficTarget", needs=["specs"])
def test_removing_a_source_revokes_it_alone(smi: Scenario) -> None:
    """Removing a source from a TrafficTarget revokes that source's access and nobody else's."""
    srv, a, b, c = smi.server(), smi.client("a"), smi.client("b"), smi.client("c")
    smi.closed_so_far(a.get(srv, "/m"), b.get(srv, "/m"))
    group, _ = smi.grant(srv, match("m", "/m"), sources=[a, b])
    smi.expect(control(a.get(srv, "/m")), control(b.get(srv, "/m")), closed(c.get(srv, "/m")), hold=False)
    smi.apply(smi.target(srv, group, sources=[b], name="grant"))
    smi.expect(denied(a.get(srv, "/m")), allowed(b.get(srv, "/m")))


@assertion("TA-18", level="MUST (derived)", source="access v1alpha3 §TrafficTarget", needs=["specs"])
def test_editing_a_route_group_takes_effect(smi: Scenario) -> None:
    """Editing an HTTPRouteGroup changes what the TrafficTargets that refer to it grant."""
    srv, a = smi.server(), smi.client("a")
    smi.closed_so_far(a.get(srv, "/x"), a.get(srv, "/z"))
    group, _ = smi.grant(srv, match("route", "/x"), sources=[a])
    smi.expect(control(a.get(srv, "/x")), closed(a.get(srv, "/z")), hold=False)
    smi.apply(edited(group, match("route", "/z")))
    smi.expect(denied(a.get(srv, "/x")), allowed(a.get(srv, "/z")))


@assertion("TA-19", level="MUST (derived)", source="access v1alpha3 §Specification", needs=["specs"])
def test_missing_route_group_grants_nothing(smi: Scenario) -> None:
    """A reference to a missing HTTPRouteGroup grants nothing while the group is missing and works while it exists."""
    srv, a = smi.server(), smi.client("a")
    missing = smi.routes("missing", match("m", "/m"))
    smi.grant(srv, match("beside", "/beside"), sources=[a], name="beside")
    beside = control(a.get(srv, "/beside"))
    smi.expect(beside, closed(a.get(srv, "/m")), hold=False)
    smi.apply(smi.target(srv, missing, sources=[a]))
    # A grant made later that works shows that the mesh has taken note of the target before it.
    smi.grant(srv, match("later", "/later"), sources=[a], name="later")
    smi.expect(control(a.get(srv, "/later")), denied(a.get(srv, "/m")))
    smi.apply(missing)
    smi.expect(beside, allowed(a.get(srv, "/m")), hold=False)
    smi.delete(missing)
    smi.expect(beside, denied(a.get(srv, "/m")))


@assertion("TA-14", level="MUST (derived)", source="access v1alpha3 §Tradeoffs", needs=["specs"])
def test_deleting_one_of_two_targets_keeps_the_other(smi: Scenario) -> None:
    """When one of two TrafficTargets that grant the same is deleted, the other still grants it."""
    srv, a = smi.server(), smi.client("a")
    kept, lost = a.get(srv, "/x"), a.get(srv, "/y")
    smi.closed_so_far(kept, lost)
    smi.grant(srv, match("x", "/x"), sources=[a], name="stays")
    smi.expect(control(kept), closed(lost), hold=False)
    _, passing = smi.grant(srv, match("x", "/x"), match("y", "/y"), sources=[a], name="goes")
    smi.expect(control(kept), control(lost), hold=False)
    smi.delete(passing)
    smi.expect(denied(lost), allowed(kept))


@assertion("TA-17", level="MUST (derived)", source="access v1alpha3 §TrafficTarget", needs=["specs"])
def test_removing_a_match_revokes_it_alone(smi: Scenario) -> None:
    """Removing a route's name from `matches` revokes that route and no other."""
    srv, a = smi.server(), smi.client("a")
    removed, kept = a.get(srv, "/x"), a.get(srv, "/y")
    smi.closed_so_far(removed, kept)
    group = smi.routes("routes", match("x", "/x"), match("y", "/y"))
    both, one = (Rule(kind="HTTPRouteGroup", name=group.name, matches=names) for names in (("x", "y"), ("y",)))
    smi.apply(group, smi.target(srv, both, sources=[a]))
    smi.expect(control(removed), control(kept), closed(a.get(srv, "/elsewhere")), hold=False)
    smi.apply(smi.target(srv, one, sources=[a]))
    smi.expect(denied(removed), allowed(kept))


@assertion("TA-20", level="MUST (derived)", source="access v1alpha3 §TrafficTarget", needs=["specs"])
def test_revoked_grant_can_be_given_again(smi: Scenario) -> None:
    """What a deleted TrafficTarget granted is granted once more when it is created again."""
    srv, a = smi.server(), smi.client("a")
    call = a.get(srv, "/m")
    smi.closed_so_far(call)
    _, target = smi.grant(srv, match("m", "/m"), sources=[a])
    smi.expect(control(call), hold=False)
    smi.delete(target)
    smi.expect(denied(call))
    smi.apply(target)
    smi.expect(allowed(call))


@assertion("TA-21", level="unspecified", source="access v1alpha3 §TrafficTarget (silent)", needs=["specs"])
def test_connections_from_before_a_revocation(smi: Scenario) -> None:
    """What becomes of a connection that a caller opened before its access was revoked is not said: it may be cut,
    stay and refuse what comes later, or go on."""
    srv, lost, kept = smi.server(), smi.client("a"), smi.client("b")
    routes = smi.routes("routes", match("m", "/m"))
    rules: list[tuple[str, Workload, HTTPRouteGroup | TCPRoute]] = [("http", srv, routes)]
    smi.apply(routes)
    pairs = _over_http(smi, lost, kept, srv)
    smi.closed_so_far(*(call for call, _ in pairs.values()))
    raw_tcp: tuple[Call, ...] = ()
    if smi.has("tcp"):
        raw, route = smi.server("raw"), smi.tcp_route("raw")
        rules.append(("tcp", raw, route))
        smi.apply(route)
        raw_tcp = lost.tcp(raw), kept.tcp(raw)

    def grant(*sources: Workload) -> None:
        smi.apply(*(smi.target(server, rule, sources=sources, name=name) for name, server, rule in rules))

    grant(lost, kept)
    smi.expect(*(control(call) for pair in pairs.values() for call in pair), hold=False)
    lines = {name: (smi.keep(call), smi.keep(beside)) for name, (call, beside) in pairs.items()}
    # Whether raw TCP can be granted and revoked are other requirements' matters: it is looked at where they are met.
    if raw_tcp and all(smi.let_in(*raw_tcp)):
        lines["raw TCP"] = smi.keep(raw_tcp[0]), smi.keep(raw_tcp[1])
    grant(kept)
    smi.expect(*(claim for call, beside in pairs.values() for claim in (denied(call), allowed(beside))))
    if "raw TCP" in lines and smi.let_in(raw_tcp[0])[0]:
        del lines["raw TCP"]
    smi.observed(", ".join(f"{name}: {smi.fate(*both)}" for name, both in lines.items()))


def _over_http(smi: Scenario, lost: Workload, kept: Workload, server: Workload) -> dict[str, tuple[Call, Call]]:
    """The calls of both clients by the versions of HTTP that the mesh carries, each over one connection."""
    one, other = (source.http(server, Request(path="/m"), connection="reuse") for source in (lost, kept))
    newer = {"HTTP/2": (one.with_version("2"), other.with_version("2"))} if smi.has("http2") else {}
    return {"HTTP/1.1": (one, other), **newer}
