"""Traffic Specs, open points: spellings of paths, dialects of patterns, names that are not unique, forms of
fields; and what no reading of them allows."""

from copy import deepcopy
from typing import Any

from pytest_smi.scenario.scenario import (
    HTTPMatch,
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

FIREFOX = (("x-agent", "a Firefox b"),)


@assertion("TS-11", level="unspecified", source="specs v1alpha4 §HTTPRouteGroup", needs=["access"])
def test_other_spellings_of_a_path(smi: Scenario) -> None:
    """A path that is encoded, doubled, dotted or has parameters may be matched as it is written or as it is meant:
    the specification does not say."""
    srv, a = smi.server(), smi.client("a")
    spellings = ("/%6Detrics", "//metrics", "/x/../metrics", "/metrics;v=1")
    smi.closed_so_far(a.get(srv, "/metrics"), *(a.get(srv, path) for path in spellings))
    smi.grant(srv, match("metrics", "/metrics"), sources=[a])
    smi.expect(control(a.get(srv, "/metrics")), closed(a.get(srv, "/other")), hold=False)
    seen = smi.sample(*(a.get(srv, path) for path in spellings), times=smi.limits.settle_probes)
    let_in = []
    for path, one in zip(spellings, seen, strict=True):
        got = sorted({arrival.path for probe in one.probes for arrival in probe.arrivals})
        let_in += [f"{path} (the server gets {', '.join(got)})"] if got else []
    smi.observed(f"/metrics also lets in {'; '.join(let_in)}" if let_in else "/metrics lets in no other spelling")


@assertion("TS-12", level="unspecified", source="specs v1alpha4 §HTTPRouteGroup", needs=["access"])
def test_dialect_of_patterns(smi: Scenario) -> None:
    """Path patterns may or may not have what only some dialects of regular expressions have, such as lookahead:
    the specification does not say."""
    srv, other, a = smi.server(), smi.server("other"), smi.client("a")
    smi.closed_so_far(a.get(srv, "/ahead"), a.get(other, "/later"))
    smi.grant(srv, match("beside", "/beside"), sources=[a], name="beside")
    smi.expect(control(a.get(srv, "/beside")), hold=False)
    group = smi.routes("ahead", match("ahead", "/(?=ahead)[a-z]+"))
    who = smi.apply_unless_refused(group, smi.target(srv, group, sources=[a], name="ahead"))
    smi.control_later_grant(a, other)  # on another server, whose routes have no part in it
    smi.expect(control(a.get(srv, "/beside")), hold=False)
    if who:
        smi.observed(f"lookahead is refused by {who}")
        return
    smi.observed("lookahead is understood" if smi.let_in(a.get(srv, "/ahead"))[0] else "lookahead grants nothing")


@assertion("TS-22", level="unspecified", source="specs v1alpha4 §HTTPRouteGroup", needs=["access"])
def test_name_of_two_routes(smi: Scenario) -> None:
    """Two routes of one name in a group may both count, or one of them, or be refused:
    the specification calls the name a key and says no more."""
    srv, a = smi.server(), smi.client("a")
    paths = ("first", "second")
    calls = [a.get(srv, f"/{path}") for path in paths]
    smi.closed_so_far(*calls)
    group = smi.routes("twins", *(match("twin", f"/{path}") for path in paths))
    rule = Rule(kind="HTTPRouteGroup", name=group.name, matches=("twin",))
    who = smi.apply_unless_refused(group, smi.target(srv, rule, sources=[a]))
    smi.control_later_grant(a, srv)
    if who:
        smi.observed(f"refused by {who}")
        return
    through = [path for path, let_in in zip(paths, smi.let_in(*calls), strict=True) if let_in]
    smi.observed(f"granted: {' and '.join(through) or 'neither'}")


@assertion(
    "TS-30",
    level="unspecified",
    source="specs v1alpha4 §HTTP header filters",
    needs=["access"],
    since={"specs": "v1alpha2"},
)
def test_header_pattern_inside_a_value(smi: Scenario) -> None:
    """The pattern of a header filter may have to match the whole value or a part of it:
    the examples of the specification point both ways."""
    srv, a = smi.server(), smi.client("a")
    call = a.get(srv, "/m", headers=FIREFOX)
    smi.closed_so_far(call)
    smi.grant(srv, _agent("Firefox"), match("beside", "/beside"), sources=[a])
    whole = a.get(srv, "/m", headers=(("x-agent", "Firefox"),))
    smi.expect(control(whole), control(a.get(srv, "/beside")), closed(a.get(srv, "/m")), hold=False)
    smi.observed("a part of the value is enough" if smi.let_in(call)[0] else "the whole value must match")


@assertion(
    "TS-50",
    level="MUST (derived)",
    source="specs v1alpha4 §HTTP header filters",
    needs=["access"],
    since={"specs": "v1alpha2"},
)
def test_header_pattern_with_wildcards_matches_inside_a_value(smi: Scenario) -> None:
    """The pattern `.*Firefox.*` of a header filter matches a value that has Firefox in it, and no other."""
    srv, a = smi.server(), smi.client("a")
    bare = a.get(srv, "/m")
    listed, other = bare.with_headers(*FIREFOX), bare.with_headers(("x-agent", "a Safari b"))
    smi.closed_so_far(listed, other)
    smi.grant(srv, _agent(".*Firefox.*"), match("beside", "/beside"), sources=[a])
    smi.expect(control(a.get(srv, "/beside")), allowed(listed), closed(bare), closed(other), hold=False)


@assertion(
    "TS-38",
    level="unspecified",
    source="specs v1alpha4 §HTTP header filters",
    needs=["access"],
    since={"specs": "v1alpha2"},
)
def test_form_of_header_filters(smi: Scenario) -> None:
    """Header filters may be written as a list, as the definitions have it, or as a map, as the text has it."""
    srv, a = smi.server(), smi.client("a")
    call = a.get(srv, "/m", headers=FIREFOX)
    smi.closed_so_far(call)
    refused = {form: smi.refused(manifest) for form, manifest in _forms(smi).items()}
    smi.grant(srv, _agent("a Firefox b"), sources=[a])
    smi.expect(control(call), hold=False)
    taken = [form for form, who in refused.items() if not who]
    smi.observed(f"taken as a {' and as a '.join(taken)}" if taken else "taken in neither form")


@assertion(
    "TS-39",
    level="MUST (derived)",
    source="specs v1alpha4 §HTTP header filters",
    needs=["access"],
    since={"specs": "v1alpha2"},
)
def test_stored_header_filters_are_not_dropped(smi: Scenario) -> None:
    """Header filters in a form that is taken are enforced: a route does not lose them and let everything in."""
    srv, a = smi.server(), smi.client("a")
    bare, listed = a.get(srv, "/m"), a.get(srv, "/m", headers=FIREFOX)
    smi.closed_so_far(bare, listed)
    taken = [manifest for manifest in _forms(smi).values() if not smi.refused(manifest)]
    smi.require(bool(taken), "header filters are refused, as a list and as a map")
    smi.grant(srv, match("beside", "/beside"), sources=[a], name="beside")
    smi.expect(control(a.get(srv, "/beside")), closed(bare), hold=False)
    # A route of the same target that works shows that the mesh has taken note of it.
    noted = smi.routes("noted", match("noted", "/noted"))
    smi.apply(noted)
    for manifest in taken:
        smi.put(manifest)
    names = [manifest["metadata"]["name"] for manifest in taken]
    rules = [Rule(kind="HTTPRouteGroup", name=name, matches=("agent",)) for name in names]
    smi.apply(smi.target(srv, noted, *rules, sources=[a]))
    smi.expect(control(a.get(srv, "/noted")), allowed(listed), denied(bare))


@assertion(
    "TS-45",
    level="unspecified",
    source="specs v1alpha4 §TCPRoute",
    needs=["access"],
    features=["tcp"],
    since={"specs": "v1alpha4"},
)
def test_route_without_the_key_of_ports(smi: Scenario) -> None:
    """A TCPRoute that has no `ports`, or no `matches`, may be refused, match every port, or none:
    the text calls them optional, the definitions require them."""
    srv, c = smi.server(), smi.client("c")
    ways: list[tuple[Workload, str, dict[str, Any], int]] = [
        (smi.client("a"), "ports", {"matches": {}}, 9000),
        (smi.client("b"), "matches", {}, 9001),
    ]
    first = smi.tcp_route("first")
    smi.closed_so_far(c.tcp(srv), *(source.tcp(srv) for source, _, _, _ in ways))
    smi.apply(first, smi.target(srv, first, sources=[c], name="first"))
    smi.expect(control(c.tcp(srv)), hold=False)
    found = []
    for source, key, spec, port in ways:
        route = smi.tcp_route(f"without-{key}")
        manifest = {**smi.written(route), "spec": spec}
        target = smi.target(srv, route, sources=[source], name=f"without-{key}")
        if who := smi.apply_unless_refused(manifest, target):
            found.append(f"without {key}: refused by {who}")
            continue
        # A grant made later that works shows that the mesh has taken note of the route before it.
        later = smi.tcp_route(f"later-{key}", port)
        smi.apply(later, smi.target(srv, later, sources=[smi.client("d")], name=f"later-{key}"))
        smi.expect(control(smi.client("d").tcp(srv, port=port)), hold=False)
        found.append(f"without {key}: {'every port' if smi.let_in(source.tcp(srv))[0] else 'no port'}")
    smi.observed(", ".join(found))


def _agent(pattern: str) -> HTTPMatch:
    """A route of a filter of x-agent alone."""
    return match("agent", methods=None, x_agent=pattern)


def _forms(smi: Scenario) -> dict[str, dict[str, Any]]:
    """Return the group of one filter of x-agent, with header filters in either form."""
    forms: dict[str, dict[str, Any]] = {}
    for form, written in (("list", [{"x-agent": "^a Firefox b$"}]), ("map", {"x-agent": "^a Firefox b$"})):
        manifest = deepcopy(smi.written(smi.routes(form, _agent("^a Firefox b$"))))
        (manifest.get("spec") or manifest)["matches"][0]["headers"] = written
        forms[form] = manifest
    return forms
