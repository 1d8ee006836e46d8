"""Traffic Split: what the specification leaves open about segments, connections, protocols and addresses; the reading
of the mesh is reported."""

from dataclasses import replace

from pytest_smi.scenario.scenario import (
    MARKED,
    PLAIN,
    Landings,
    Request,
    Scenario,
    Service,
    TrafficSplit,
    Workload,
    assertion,
    match,
)

MATCHES = {"split": "v1alpha3"}
"""Which versions have `matches`."""


@assertion("SP-43", level="unspecified", source="split v1alpha4 §Specification", needs=["specs"], since=MATCHES)
def test_path_of_a_segment(smi: Scenario) -> None:
    """A route of path and header may select by both, or by the header alone: the specification speaks of header
    filters, and then of routes."""
    a, v1, root = _scene(smi)
    group = smi.routes("segment", match("both", "/below", ["*"], x_canary="^yes$"))
    smi.apply(group, smi.split(root, {v1: 100}, matches=[group]))
    canary = (("x-canary", "yes"),)
    smi.control_port(a.get(root, "/below", headers=canary), 8081)
    where = smi.landings(a.get(root, "/elsewhere", headers=canary))
    smi.observed("the header alone decides" if (v1.name, 8081) in where else "path and header decide")


@assertion("SP-73", level="MUST (derived)", source="split v1alpha4 §Specification", needs=["specs"], since=MATCHES)
def test_route_of_path_and_header_selects(smi: Scenario) -> None:
    """A request that meets path and header of a route belongs to the segment, and one that meets neither does not."""
    a, v1, root = _scene(smi)
    beside = smi.routes("beside", match("beside", methods=None, x_beside="^yes$"))
    group = smi.routes("segment", match("both", "/below", ["*"], x_canary="^yes$"))
    smi.apply(beside, group, smi.split(root, {v1: 100}, matches=[beside, group]))
    smi.control_port(a.get(root, headers=(("x-beside", "yes"),)), 8081)
    smi.on_ports(a.get(root, "/below", headers=(("x-canary", "yes"),)), {v1: 8081})
    smi.on_ports(a.get(root, "/elsewhere"), {v1: 8080})


@assertion("SP-44", level="unspecified", source="split v1alpha4 §Specification, silent", needs=["specs"], since=MATCHES)
def test_group_that_is_missing(smi: Scenario) -> None:
    """A split whose route group does not exist may apply to no request, or to every one: the specification does not
    say."""
    a, v1, root = _scene(smi)
    _observe(smi, a, v1, root, smi.split(root, {v1: 100}, matches=[smi.routes("missing")]))


@assertion("SP-47", level="unspecified", source="split v1alpha4 §Specification, silent", since=MATCHES)
def test_empty_list_of_matches(smi: Scenario) -> None:
    """A split whose list `matches` is empty may apply to every request, as without one, or to none: the specification
    does not say."""
    a, v1, root = _scene(smi)
    _observe(smi, a, v1, root, smi.split(root, {v1: 100}, matches=[]))


@assertion("SP-51", level="unspecified", source="split v1alpha4 §Specification, silent", needs=["specs"], since=MATCHES)
def test_two_segments_of_one_root(smi: Scenario) -> None:
    """Two splits of one root with `matches` that do not overlap may both count, or one of them: the specification does
    not say."""
    a = smi.client("a")
    v1, v2 = smi.server("v1", ports=MARKED), smi.server("v2", ports=MARKED)
    root = smi.service("app", [v1, v2], ports=PLAIN)
    smi.open_to_all(v1, v2, sources=[a])
    one, two = (smi.routes(name, match(name, methods=None, **{f"x_{name}": "^yes$"})) for name in ("one", "two"))
    smi.apply(one, two, smi.split(root, {v1: 100}, matches=[one], name="former"))
    second = smi.split(root, {v2: 100}, matches=[two], name="latter")
    if smi.apply_unless_refused(second):
        smi.observed("the second split is refused")
        return
    smi.control_later_split(a, v1)
    first = (v1.name, 8081) in smi.landings(a.get(root, headers=(("x-one", "yes"),)))
    last = (v2.name, 8081) in smi.landings(a.get(root, headers=(("x-two", "yes"),)))
    smi.observed(_of_two(first, last))


@assertion("SP-53", level="unspecified", source="split v1alpha4 §Specification, silent", since={"split": "v1alpha2"})
def test_requests_of_one_connection(smi: Scenario) -> None:
    """The requests of one connection may be split one by one, or go the same way: the specification speaks of traffic
    alone."""
    a = smi.client("a")
    v1, v2 = smi.server("v1", ports=MARKED), smi.server("v2", ports=MARKED)
    root = smi.service("app", [v1, v2], ports=PLAIN)
    smi.open_to_all(v1, v2, sources=[a])
    smi.apply(smi.split(root, {v1: 50, v2: 50}))
    smi.control_port(a.get(root), 8081)
    kept = a.http(root, Request(), connection="reuse")
    readings = {"HTTP/1.1": _of_connection(smi.landings(kept))}
    if smi.has("http2"):
        readings["HTTP/2"] = _of_connection(smi.landings(kept.with_version("2")))
    smi.observed(", ".join(f"{version}: {reading}" for version, reading in readings.items()))


@assertion(
    "SP-55",
    level="unspecified",
    source="split v1alpha4 §Specification, silent",
    features=["tcp"],
    since={"split": "v1alpha2"},
)
def test_tcp_to_the_root(smi: Scenario) -> None:
    """Connections of raw TCP to the root may be split, or go to its endpoints: the specification names no protocol."""
    a, v1, v2 = smi.client("a"), smi.server("v1", under_root=False), smi.server("v2")
    root = smi.service("app", [v1, v2])
    smi.open_to_all(v1, v2, sources=[a])
    smi.apply(smi.split(root, {v1: 100}, family="tcp"))
    web = smi.service("web", [v1, v2])
    smi.apply(smi.split(web, {v1: 100}, name="web"))
    smi.control_reaches(a.get(web), [v1])
    where = smi.landings(a.tcp(root))
    smi.observed(_of_names(where, v1))


@assertion("SP-69", level="unspecified", source="split v1alpha4 §Specification", since={"split": "v1alpha2"})
def test_other_addresses_of_the_root(smi: Scenario) -> None:
    """Requests to the root's cluster IP, or under a foreign Host, may be split or go to its endpoints: the
    specification speaks of its name alone."""
    a, v1, root = _scene(smi)
    smi.apply(smi.split(root, {v1: 100}))
    call = a.get(root)
    smi.control_port(call, 8081)
    address = smi.cluster_ip(root)
    foreign = call.with_host_header("foreign.example")
    readings = {
        "cluster IP": _of_whole(smi.landings(replace(call, address=address).with_host_header(address)), v1),
        "foreign Host": _of_whole(smi.landings(foreign), v1),
    }
    smi.observed(", ".join(f"{way}: {reading}" for way, reading in readings.items()))


def _scene(smi: Scenario) -> tuple[Workload, Workload, Service]:
    """Deploy a backend, under a root that maps the port 8080 as the backend's own Service does not."""
    a, v1 = smi.client("a"), smi.server("v1", ports=MARKED)
    root = smi.service("app", [v1], ports=PLAIN)
    smi.open_to_all(v1, sources=[a])
    return a, v1, root


def _observe(smi: Scenario, source: Workload, backend: Workload, root: Service, split: TrafficSplit) -> None:
    """Observe what becomes of the requests to a root under a split."""
    if smi.apply_unless_refused(split):
        smi.observed("the split is refused")
        return
    smi.control_later_split(source, backend)
    smi.observed(_of_whole(smi.landings(source.get(root)), backend))


def _of_whole(where: Landings, v1: Workload) -> str:
    if None in where:
        return "requests fail"
    return "requests are split" if (v1.name, 8081) in where else "requests go to the root's endpoints"


def _of_two(first: bool, last: bool) -> str:
    if first and last:
        return "both count"
    return "the split made first counts" if first else "the split made last counts" if last else "neither counts"


def _of_connection(where: Landings) -> str:
    names = {place[0] for place in where if place is not None}
    if len(names) > 1:
        return "each request by itself"
    return "all requests of a connection together" if names else "requests fail"


def _of_names(where: Landings, v1: Workload) -> str:
    if None in where:
        return "connections fail"
    return (
        "connections are split" if {place[0] for place in where if place} == {v1.name} else "connections are not split"
    )
