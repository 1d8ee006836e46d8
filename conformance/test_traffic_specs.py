"""Traffic Specs, paths: what an HTTPRouteGroup is without a target, and how path patterns are matched."""

from collections.abc import Mapping

from pytest_smi.scenario.scenario import (
    Observation,
    Outcome,
    Scenario,
    allowed,
    assertion,
    closed,
    control,
    denied,
    match,
    steady,
)


@assertion("TS-01", level="MUST", source="specs v1alpha4 §HTTPRouteGroup, §Tradeoffs", needs=["access"])
def test_route_group_alone_changes_nothing(smi: Scenario) -> None:
    """An HTTPRouteGroup that no TrafficTarget refers to opens nothing."""
    srv, a = smi.server(), smi.client("a")
    smi.closed_so_far(a.get(srv, "/m"))
    group = smi.routes("everything", match("everything", ".*"), match("m", "/m"))
    smi.apply(group)
    smi.expect(denied(a.get(srv, "/m")))
    smi.apply(smi.target(srv, group, sources=[a]))
    smi.expect(control(a.get(srv, "/m")), hold=False)


@assertion("TS-02", level="MUST", source="specs v1alpha4 §HTTPRouteGroup", needs=["access"])
def test_match_all_matches_every_request(smi: Scenario) -> None:
    """The path `.*` with the method `*` matches every request."""
    srv, a = smi.server(), smi.client("a")
    calls = [
        a.get(srv, "/"),
        a.get(srv, "/a/b/c.d~e"),
        a.send("PUT", srv, f"/{smi.tag}/UPPER-lower_1"),
        a.send("POST", srv, "/collection/"),
        a.send("DELETE", srv, "/collection/1"),
    ]
    smi.closed_so_far(*calls)
    smi.grant(srv, match("everything", ".*", ["*"]), sources=[a])
    smi.expect(*map(allowed, calls), hold=False)


@assertion("TS-03", level="MUST", source="specs v1alpha4 §HTTPRouteGroup", needs=["access"])
def test_path_pattern_is_anchored_at_the_start(smi: Scenario) -> None:
    """A path pattern matches from the start of the path, not somewhere within it."""
    srv, a = smi.server(), smi.client("a")
    smi.closed_so_far(a.get(srv, "/metrics"), a.get(srv, "/x/metrics"))
    smi.grant(srv, match("metrics", "/metrics"), sources=[a])
    smi.expect(control(a.get(srv, "/metrics")), closed(a.get(srv, "/other")), hold=False)
    smi.expect(control(a.get(srv, "/metrics")), denied(a.get(srv, "/x/metrics")))


@assertion("TS-04", level="unspecified", source="specs v1alpha4 §HTTPRouteGroup", needs=["access"])
def test_end_of_a_path_pattern(smi: Scenario) -> None:
    """A path pattern may or may not match paths that go on after it: the specification does not say."""
    srv, a = smi.server(), smi.client("a")
    longer = {"/metrics/sub": a.get(srv, "/metrics/sub"), "/metricsfoo": a.get(srv, "/metricsfoo")}
    smi.closed_so_far(a.get(srv, "/metrics"), *longer.values())
    smi.grant(srv, match("metrics", "/metrics"), sources=[a])
    smi.expect(control(a.get(srv, "/metrics")), closed(a.get(srv, "/other")), hold=False)
    seen = smi.sample(*longer.values(), times=smi.limits.settle_probes)
    smi.observed(_end_of_pattern(dict(zip(longer, seen, strict=True))))


def _end_of_pattern(seen: Mapping[str, Observation]) -> str:
    """Name the reading that explains what became of longer paths under the pattern `/metrics`."""
    open_paths = [path for path, observation in seen.items() if observation.all(Outcome.DELIVERED)]
    if any(
        not observation.all(Outcome.DELIVERED) and not observation.all(Outcome.NOT_DELIVERED)
        for observation in seen.values()
    ):
        return "undecided: the same path is sometimes let in and sometimes not"
    if not open_paths:
        return "the pattern must match the whole path"
    if len(open_paths) == len(seen):
        return "the pattern is not anchored at the end: longer paths match too"
    return f"the pattern /metrics matches {', '.join(open_paths)} and no other longer path"


@assertion("TS-05", level="MUST", source="specs v1alpha4 §HTTPRouteGroup", needs=["access"])
def test_path_pattern_is_a_regular_expression(smi: Scenario) -> None:
    """A path pattern is a regular expression, neither a prefix nor a literal path."""
    srv, a = smi.server(), smi.client("a")
    meant = [a.get(srv, "/v1/dog"), a.get(srv, "/v2/cat")]
    literal = a.get(srv, "/v%5B12%5D/(cat%7Cdog)")
    smi.closed_so_far(*meant)
    smi.grant(srv, match("pets", "/v[12]/(cat|dog)"), match("beside", "/beside"), sources=[a])
    beside = control(a.get(srv, "/beside"))
    smi.expect(beside, closed(a.get(srv, "/other")), hold=False)
    smi.expect(beside, *map(allowed, meant), denied(a.get(srv, "/v3/dog")), denied(literal))


@assertion("TS-06", level="MUST (derived)", source="specs v1alpha4 §HTTPRouteGroup", needs=["access"])
def test_anchor_holds_every_alternative(smi: Scenario) -> None:
    """The anchor at the start applies to every alternative of a path pattern."""
    srv, a = smi.server(), smi.client("a")
    smi.closed_so_far(a.get(srv, "/a"), a.get(srv, "/b"), a.get(srv, "/x/b"))
    smi.grant(srv, match("either", "/a|/b"), match("beside", "/beside"), sources=[a])
    smi.expect(control(a.get(srv, "/a")), closed(a.get(srv, "/x/beside")), hold=False)
    smi.expect(control(a.get(srv, "/a")), allowed(a.get(srv, "/b")), denied(a.get(srv, "/x/b")))


@assertion(
    "TS-13",
    level="MUST (derived)",
    source="specs v1alpha4 §HTTPRouteGroup; access v1alpha3 §Specification",
    needs=["access"],
)
def test_invalid_pattern_fails_closed(smi: Scenario) -> None:
    """A stored path pattern that is no regular expression grants nothing and disturbs no other grant."""
    srv, a = smi.server(), smi.client("a")
    smi.closed_so_far(a.get(srv, "/early"), a.get(srv, "/late"))
    smi.grant(srv, match("early", "/early"), sources=[a], name="early")
    smi.grant(srv, match("beside", "/beside"), sources=[a], name="beside")
    smi.expect(control(a.get(srv, "/early")), control(a.get(srv, "/beside")), closed(a.get(srv, "/other")), hold=False)
    broken = smi.routes("broken", match("broken", "/broken("))
    smi.apply_unless_refused(broken, smi.target(srv, broken, sources=[a], name="broken"))
    smi.grant(srv, match("late", "/late"), sources=[a], name="late")
    smi.expect(
        steady(a.get(srv, "/early")),
        allowed(a.get(srv, "/late")),
        denied(a.get(srv, "/broken")),
        denied(a.get(srv, "/other")),
    )


@assertion("TS-07", level="MUST (derived)", source="specs v1alpha4 §HTTPRouteGroup", needs=["access"])
def test_explicit_anchors_change_nothing(smi: Scenario) -> None:
    """A path pattern may be written with `^` and `$`, and matches the same paths."""
    srv, a = smi.server(), smi.client("a")
    meant = a.get(srv, "/a")
    smi.closed_so_far(meant, a.get(srv, "/ab"))
    smi.grant(srv, match("anchored", "^/a$"), match("beside", "/beside"), sources=[a])
    smi.expect(control(a.get(srv, "/beside")), allowed(meant), denied(a.get(srv, "/ab")), denied(a.get(srv, "/x/a")))


@assertion("TS-08", level="MUST", source="specs v1alpha4 §HTTP header filters", needs=["access"])
def test_pattern_below_a_folder_leaves_its_siblings_out(smi: Scenario) -> None:
    """The path pattern `/api/.*` matches what is below /api/, and neither /api nor its siblings."""
    srv, a = smi.server(), smi.client("a")
    below, others = a.get(srv, "/api/z"), [a.get(srv, path) for path in ("/apiz", "/api", "/other")]
    smi.closed_so_far(below, *others)
    smi.grant(srv, match("api", "/api/.*"), sources=[a])
    smi.expect(allowed(below), *map(denied, others))


@assertion("TS-09", level="MUST (derived)", source="specs v1alpha4 §HTTPRouteGroup", needs=["access"])
def test_paths_have_a_case(smi: Scenario) -> None:
    """A path pattern tells upper from lower case."""
    srv, a = smi.server(), smi.client("a")
    smi.closed_so_far(a.get(srv, "/metrics"), a.get(srv, "/METRICS"))
    smi.grant(srv, match("metrics", "/metrics"), sources=[a])
    smi.expect(allowed(a.get(srv, "/metrics")), denied(a.get(srv, "/METRICS")))


@assertion("TS-10", level="unspecified", source="specs v1alpha4 §HTTPRouteGroup", needs=["access"])
def test_query_of_a_request(smi: Scenario) -> None:
    """A path pattern may be matched against the path alone or against path and query: the specification does not
    say."""
    srv, a = smi.server(), smi.client("a")
    with_query, by_query = a.get(srv, "/metrics?x=1"), a.get(srv, "/find?k=1")
    smi.closed_so_far(with_query, by_query)
    smi.grant(srv, match("metrics", "/metrics"), match("find", r"/find\?k=.*"), sources=[a])
    smi.expect(control(a.get(srv, "/metrics")), closed(a.get(srv, "/other")), hold=False)
    ignored, matched = (seen.all(Outcome.DELIVERED) for seen in smi.sample(with_query, by_query, times=3))
    smi.observed(
        f"/metrics lets /metrics?x=1 {'in' if ignored else 'not in'}, "
        f"a pattern of path and query {'matches' if matched else 'matches nothing'}"
    )
