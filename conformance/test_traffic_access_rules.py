"""Traffic Access Control, rules: which routes a reference to a route group grants."""

from pytest_smi.scenario.scenario import (
    HTTPRouteGroup,
    Refusal,
    Rule,
    Scenario,
    TrafficTarget,
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


@assertion("TA-44", level="MUST (derived)", source="access v1alpha3 §TrafficTarget", needs=["specs"])
def test_named_matches_are_alternatives(smi: Scenario) -> None:
    """Several names in `matches` grant each of the routes that they name, and no other."""
    srv, a = smi.server(), smi.client("a")
    named, unnamed = [a.get(srv, "/m"), a.get(srv, "/e")], a.get(srv, "/f")
    smi.closed_so_far(*named, unnamed)
    group = smi.routes("routes", match("m", "/m"), match("e", "/e"), match("f", "/f"))
    smi.apply(group, smi.target(srv, _only(group, "m", "e"), sources=[a]))
    # No route's path is the beginning of this one, which is a reading of patterns that is open.
    smi.expect(*map(allowed, named), closed(a.get(srv, "/other")), hold=False)
    smi.expect(*map(allowed, named), denied(unnamed))


@assertion(
    "TA-57", level="MUST", source="access v1alpha3 §TrafficTarget", needs=["specs"], since={"access": "v1alpha3"}
)
def test_target_without_rules_grants_nothing(smi: Scenario) -> None:
    """A TrafficTarget whose list of rules is empty grants nothing, or is refused."""
    srv, a = smi.server(), smi.client("a")
    _inert(smi, smi.target(srv, sources=[a]), srv, a)


@assertion(
    "TA-58", level="MUST", source="access v1alpha3 §TrafficTarget", needs=["specs"], since={"access": "v1alpha3"}
)
def test_target_without_sources_grants_nothing(smi: Scenario) -> None:
    """A TrafficTarget whose list of sources is empty grants nothing to anybody, or is refused."""
    srv, a, c = smi.server(), smi.client("a"), smi.client("c")
    group = smi.routes("routes", match("m", "/m"))
    smi.apply(group)
    _inert(smi, smi.target(srv, group, sources=[]), srv, a, c)


@assertion("TA-63", level="MUST (derived)", source="access v1alpha3 §TrafficTarget", needs=["specs"])
def test_route_groups_are_those_of_the_namespace(smi: Scenario) -> None:
    """A rule refers to the HTTPRouteGroup in the TrafficTarget's own namespace,
    not to one of the same name in another."""
    srv, a = smi.server(), smi.client("a")
    own, foreign = a.get(srv, "/own"), a.get(srv, "/foreign")
    smi.closed_so_far(own, foreign)
    group = smi.routes("routes", match("m", "/own"))
    smi.apply(group, smi.routes("routes", match("m", "/foreign"), alias="t2"))
    smi.apply(smi.target(srv, group, sources=[a]))
    smi.expect(allowed(own), closed(a.get(srv, "/elsewhere")), hold=False)
    smi.expect(allowed(own), denied(foreign))


@assertion("TA-42", level="unspecified", source="access v1alpha3 §TrafficTarget", needs=["specs"])
def test_empty_list_of_matches(smi: Scenario) -> None:
    """A rule whose list of `matches` is empty may grant every route of the group, or none:
    the specification does not say."""
    srv, a = smi.server(), smi.client("a")
    calls = [a.get(srv, "/m"), a.get(srv, "/e")]
    smi.closed_so_far(*calls)
    who = _apply_empty(smi, srv, a)
    smi.control_later_grant(a, srv)
    if who:
        smi.observed(f"refused by {who}")
        return
    through = smi.let_in(*calls)
    smi.observed(
        "every route, as without `matches`" if all(through) else "no route" if not any(through) else "undecided"
    )


@assertion("TA-73", level="MUST (derived)", source="access v1alpha3 §TrafficTarget", needs=["specs"])
def test_empty_list_of_matches_grants_nothing_beside_the_group(smi: Scenario) -> None:
    """A rule whose list of `matches` is empty grants nothing that is not on a route of its group."""
    srv, a = smi.server(), smi.client("a")
    other = a.get(srv, "/other")
    smi.closed_so_far(other)
    smi.grant(srv, match("beside", "/beside"), sources=[a], name="beside")
    smi.expect(control(a.get(srv, "/beside")), closed(other), hold=False)
    _apply_empty(smi, srv, a)
    # A grant made later that works shows that the mesh has taken note of the target before it.
    smi.grant(srv, match("later", "/later"), sources=[a], name="later")
    smi.expect(control(a.get(srv, "/later")), denied(other))


def _apply_empty(smi: Scenario, srv: Workload, source: Workload) -> Refusal | None:
    """Apply a target whose rule has an empty list of `matches`; return who refuses it, if anybody does."""
    group = smi.routes("routes", match("m", "/m"), match("e", "/e"))
    target = smi.target(srv, _only(group), sources=[source])
    smi.apply(group)
    return smi.apply_unless_refused(target)


def _inert(smi: Scenario, target: TrafficTarget, srv: Workload, *clients: Workload) -> None:
    """Apply a target that must grant none of these clients anything, unless the API server refuses it."""
    calls, stranger = [client.get(srv, "/m") for client in clients], smi.client("b")
    smi.closed_so_far(*calls)
    smi.grant(srv, match("beside", "/beside"), sources=clients, name="beside")
    smi.grant(srv, match("of-b", "/of-b"), sources=[stranger], name="of-b")
    beside = [control(client.get(srv, "/beside")) for client in clients]
    foreign = [closed(client.get(srv, "/of-b")) for client in clients]
    smi.expect(*beside, control(stranger.get(srv, "/of-b")), *foreign, *map(closed, calls), hold=False)
    smi.apply_unless_refused(target)
    # A grant made later that works shows that the mesh has taken note of the target before it.
    smi.grant(srv, match("later", "/later"), sources=clients, name="later")
    smi.expect(*(control(client.get(srv, "/later")) for client in clients), *map(denied, calls))
