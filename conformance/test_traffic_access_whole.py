"""Traffic Access Control as a whole: effects of a denial, the specification's own example, and grants beside splits."""

from dataclasses import replace

from pytest_smi.scenario.scenario import (
    NotReached,
    Outcome,
    Request,
    Rule,
    Scenario,
    allowed,
    assertion,
    closed,
    control,
    denied,
    match,
)


@assertion("TA-65", level="MUST (derived)", source="access v1alpha3 §TrafficTarget", needs=["specs"])
def test_denied_request_has_no_effect(smi: Scenario) -> None:
    """A denied request is not delivered to the server, whatever answer the client gets."""
    srv, a = smi.server(), smi.client("a")
    smi.grant(srv, match("m", "/m", ["GET"]), sources=[a])
    smi.expect(control(a.get(srv, "/m")), closed(a.get(srv, "/other")), hold=False)
    smi.expect(control(a.get(srv, "/m")), denied(a.send("POST", srv, "/other", body="an order that nobody may place")))


@assertion("TA-66", level="MUST", source="access v1alpha3 §Example implementation for L7", needs=["specs"])
def test_the_example_of_four_services(smi: Scenario) -> None:
    """The example of the specification (API, website, payments, Prometheus) allows exactly what its table lists."""
    api = smi.server("api")
    website, payments, prometheus, stranger = (smi.client(account) for account in "abcd")
    get_api, post_api = Request(path="/api"), Request(method="POST", path="/api")
    get_metrics, post_metrics = Request(path="/metrics"), Request(method="POST", path="/metrics")
    table = [
        (website, [get_api, post_api], [get_metrics, post_metrics]),
        (payments, [get_api, post_api], [get_metrics, post_metrics]),
        (prometheus, [get_metrics], [get_api, post_api, post_metrics]),
    ]
    may = [client.http(api, *listed) for client, listed, _ in table]
    may_not = [client.http(api, *others) for client, _, others in table]
    may_not.append(stranger.http(api, get_api, post_api, get_metrics, post_metrics))
    smi.closed_so_far(*may)
    routes = smi.routes("routes", match("api", "/api"), match("metrics", "/metrics", ["GET"]))
    named = {name: Rule(kind="HTTPRouteGroup", name=routes.name, matches=(name,)) for name in ("api", "metrics")}
    smi.apply(routes)
    smi.apply(smi.target(api, named["metrics"], sources=[prometheus], name="metrics"))
    smi.apply(smi.target(api, named["api"], sources=[website, payments], name="api"))
    # That methods count at all is a matter of Traffic Specs.
    smi.expect(control(prometheus.http(api, get_metrics)), closed(prometheus.http(api, post_metrics)), hold=False)
    smi.expect(*map(allowed, may), *map(denied, may_not))
    smi.apply(smi.target(api, named["metrics"], sources=[stranger], name="later"))
    smi.expect(control(stranger.http(api, get_metrics)), hold=False)


@assertion(
    "TA-68",
    level="MUST (derived)",
    source="access v1alpha3 §TrafficTarget (note); split v1alpha4 §Specification",
    needs=["specs", "split"],
)
def test_split_is_no_grant(smi: Scenario) -> None:
    """Through a TrafficSplit a client reaches the backends that a TrafficTarget opens to it, and no other."""
    v1, v2, a, b = smi.server("v1"), smi.server("v2", under_root=False), smi.client("a"), smi.client("b")
    root = smi.service("app", [v1])
    # One client keeps both grants: what a split that nobody may pass does to a mesh is the matter of SP-77.
    smi.grant(v1, match("m", "/m"), sources=[a, b], name="v1")
    _, passing = smi.grant(v2, match("m", "/m"), sources=[a, b], name="v2")
    smi.apply(smi.split(root, {v1: 25, v2: 75}))
    # Only a split that is in effect leads so much to v2, also where the root has to select its pod.
    smi.control_reaches(a.get(root, "/m"), [v2], least=0.6)
    smi.apply(replace(passing, sources=passing.sources[1:]))
    smi.expect(control(a.get(v1, "/m")), control(b.get(v2, "/m")), closed(a.get(v2, "/m")))
    seen = smi.sample(a.get(root, "/m"), times=smi.limits.transition_trials)[0]
    closed_pods = {pod.name for pod in v2.pods}
    leak = next((probe for probe in seen.probes if any(arrival.pod in closed_pods for arrival in probe.arrivals)), None)
    smi.require(leak is None, f"the split led to a backend without a grant: {leak.describe() if leak else ''}")
    if not seen.outcomes[Outcome.DELIVERED]:
        smi.attribute_failure(
            NotReached(f"none of {len(seen.probes)} requests to the root reached the backend that has a grant"),
            [seen.batch.call],
        )
    smi.apply(passing)
    smi.expect(control(a.get(v2, "/m")), hold=False)
