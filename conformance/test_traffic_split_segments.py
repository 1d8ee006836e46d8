"""Traffic Split: splits of a segment of the traffic, chosen by the headers that `matches` names."""

from pytest_smi.scenario.scenario import MARKED, PLAIN, HTTPRouteGroup, Scenario, assertion, control, edited, match

CANARY = (("x-canary", "yes"),)
"""What a request of the segment carries."""


def _segment(smi: Scenario) -> HTTPRouteGroup:
    """Apply the route group of the segment, written with headers alone."""
    group = smi.routes("segment", match("canary", methods=None, x_canary="^yes$"))
    smi.apply(group)
    return group


@assertion("SP-37", level="MUST", source="split v1alpha4 §Specification", needs=["specs"], since={"split": "v1alpha3"})
def test_matching_requests_go_to_the_backends(smi: Scenario) -> None:
    """Requests that match a split's routes go to its backends."""
    a = smi.client("a")
    v1, v2 = smi.server("v1"), smi.server("v2", under_root=False)
    root = smi.service("app", [v1, v2])
    smi.open_to_all(v1, v2, sources=[a])
    smi.apply(smi.split(root, {v2: 100}, matches=[_segment(smi)]))
    smi.only(a.get(root, headers=CANARY), [v2])


@assertion("SP-38", level="MUST", source="split v1alpha4 §Specification", needs=["specs"], since={"split": "v1alpha3"})
def test_other_requests_go_to_the_root(smi: Scenario) -> None:
    """Requests that do not match a split's routes go to the root Service: to no other endpoint, and without failing."""
    a = smi.client("a")
    v1, v2 = smi.server("v1", ports=MARKED), smi.server("v2", ports=MARKED, under_root=False)
    root = smi.service("app", [v1], ports=PLAIN)
    smi.open_to_all(v1, v2, sources=[a])
    smi.apply(smi.split(root, {v1: 50, v2: 50}, matches=[_segment(smi)]))
    smi.control_port(a.get(root, headers=CANARY), 8081)
    smi.on_ports(a.get(root), dict.fromkeys(smi.behind(root), 8080))


@assertion("SP-39", level="MUST", source="split v1alpha4 §Specification", needs=["specs"], since={"split": "v1alpha3"})
def test_root_means_its_ordinary_endpoints(smi: Scenario) -> None:
    """Requests that do not match are spread over all ordinary endpoints of the root, backends or not."""
    a = smi.client("a")
    v1, v2 = smi.server("v1", ports=MARKED), smi.server("v2", ports=MARKED)
    v3 = smi.server("v3", ports=MARKED, under_root=False)
    root = smi.service("app", [v1, v2], ports=PLAIN)
    smi.open_to_all(v1, v2, v3, sources=[a])
    smi.apply(smi.split(root, {v1: 30, v3: 40, v2: 30}, matches=[_segment(smi)]))
    smi.control_port(a.get(root, headers=CANARY), 8081)
    smi.expect(control(a.get(root)), hold=False)  # that they do not fail is the matter of SP-38
    smi.each(a.get(root), smi.behind(root))


@assertion(
    "SP-40",
    level="MUST (derived)",
    source="split v1alpha4 §Specification",
    needs=["specs"],
    since={"split": "v1alpha3"},
)
def test_weights_count_inside_the_segment(smi: Scenario) -> None:
    """The requests that match are divided by the weights."""
    a = smi.client("a")
    v1, v2 = smi.server("v1", ports=MARKED), smi.server("v2", ports=MARKED)
    root = smi.service("app", [v1, v2], ports=PLAIN)
    smi.open_to_all(v1, v2, sources=[a])
    smi.apply(smi.split(root, {v1: 90, v2: 10}, matches=[_segment(smi)]))
    smi.control_port(a.get(root, headers=CANARY), 8081)
    smi.share(a.get(root, headers=CANARY), {v1: 90, v2: 10})


@assertion("SP-41", level="MUST", source="split v1alpha4 §Specification", needs=["specs"], since={"split": "v1alpha3"})
def test_several_groups_are_merged(smi: Scenario) -> None:
    """A request that matches any route of any group that a split names belongs to the segment."""
    a = smi.client("a")
    v1, v2 = smi.server("v1"), smi.server("v2", under_root=False)
    root = smi.service("app", [v1])
    smi.open_to_all(v1, v2, sources=[a])
    groups = [
        smi.routes(f"segment-{name}", match(name, methods=None, **{f"x_{name}": "^yes$"})) for name in ("one", "two")
    ]
    smi.apply(*groups, smi.split(root, {v2: 100}, matches=groups))
    smi.control_reaches(a.get(root, headers=(("x-one", "yes"),)), [v2])
    smi.only(a.get(root, headers=(("x-two", "yes"),)), [v2])


@assertion("SP-42", level="MUST", source="split v1alpha4 §Specification", needs=["specs"], since={"split": "v1alpha3"})
def test_headers_of_a_route_hold_together(smi: Scenario) -> None:
    """Of the headers of one route all must match, and of several routes one: in a split as in a route group."""
    a = smi.client("a")
    v1, v2 = smi.server("v1", ports=MARKED), smi.server("v2", ports=MARKED, under_root=False)
    root = smi.service("app", [v1], ports=PLAIN)
    smi.open_to_all(v1, v2, sources=[a])
    both = match("both", methods=None, x_one="^yes$", x_two="^yes$")
    group = smi.routes("segment", both, match("third", methods=None, x_three="^yes$"))
    smi.apply(group, smi.split(root, {v2: 100}, matches=[group]))
    one, two, three = (("x-one", "yes"),), (("x-two", "yes"),), (("x-three", "yes"),)
    smi.control_port(a.get(root, headers=one + two + three), 8081)
    smi.control_port(a.get(root), 8080)
    for headers in (one + two, three):
        smi.on_ports(a.get(root, headers=headers), {v2: 8081})
    for headers in (one, two):
        smi.on_ports(a.get(root, headers=headers), dict.fromkeys(smi.behind(root), 8080))


@assertion(
    "SP-45",
    level="MUST (derived)",
    source="split v1alpha4 §Specification",
    needs=["specs"],
    since={"split": "v1alpha3"},
)
def test_segment_follows_its_group(smi: Scenario) -> None:
    """When the route group that a split names is edited, the segment is what the group says now."""
    a = smi.client("a")
    v1, v2 = smi.server("v1", ports=MARKED), smi.server("v2", ports=MARKED, under_root=False)
    root = smi.service("app", [v1], ports=PLAIN)
    smi.open_to_all(v1, v2, sources=[a])
    group = _segment(smi)
    smi.apply(smi.split(root, {v2: 100}, matches=[group]))
    before, after = a.get(root, headers=CANARY), a.get(root, headers=(("x-canary", "now"),))
    smi.control_port(before, 8081)
    smi.control_port(after, 8080)
    smi.apply(edited(group, match("canary", methods=None, x_canary="^now$")))
    smi.on_ports(after, {v2: 8081})
    smi.on_ports(before, dict.fromkeys(smi.behind(root), 8080))
