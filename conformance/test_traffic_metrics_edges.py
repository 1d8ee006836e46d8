"""Traffic Metrics, edges and splits: who is whose peer, and what was sent to an apex.

All but TM-16 judge the shared scenario of `test_traffic_metrics.py`.
"""

from pytest_smi.scenario.metrics import declarations, documents, edges, readings, splits
from pytest_smi.scenario.metrics.recorder import recorded
from pytest_smi.scenario.scenario import Scenario, assertion, closed, control, match


@assertion("TM-16", level="MUST", source="metrics v1alpha1 §Specification")
def test_edges_need_no_declaration(smi: Scenario) -> None:
    """An edge is there because of traffic: no object needs to declare it."""
    if not {"access", "specs"} <= smi.versions.keys():  # then nothing had to be declared for the shared scenario
        seen = recorded(smi, "edges a")
        documents.peers(seen.frozen("edges a"), [seen.refs["b"], seen.refs["c"]])
        return
    a, srv = smi.client("a"), smi.server()
    call = a.get(srv, "/m")
    _, target = smi.grant(srv, match("m", "/m", ["GET"]), sources=[a])
    smi.expect(control(call), hold=False)
    declarations.await_shown(smi, a, srv, call)
    smi.delete(target)
    smi.expect(closed(call), hold=False)
    declarations.remains(smi, a, srv)


@assertion("TM-17", level="unspecified", source="metrics v1alpha1 §TrafficMetricsList (silent)")
def test_address_of_one_edge(smi: Scenario) -> None:
    """The edges of an object are one list; a single edge needs no address of its own."""
    smi.observed(readings.single_edge(recorded(smi, "one edge").documents["one edge"]))


@assertion("TM-21", level="MUST (derived)", source="metrics v1alpha1 §Edge")
def test_peers_of_one_name(smi: Scenario) -> None:
    """A peer is an object of a namespace: two objects of one name are told apart."""
    seen = recorded(smi, "edges r")
    edges.homonyms(seen.frozen("edges r"), seen.refs["r"], seen.refs["x"])


@assertion("TM-22", level="unspecified", source="metrics v1alpha1 §Edge (an example alone)")
def test_edge_of_an_object_by_itself(smi: Scenario) -> None:
    """An object shown by itself has all traffic that it received: from, server, and an empty edge resource."""
    smi.observed(readings.plain_edge(recorded(smi, "deployment b").documents["deployment b"]))


@assertion("TM-23", level="unspecified", source="metrics v1alpha1 §Edge (note)")
def test_peers_that_are_not_one_object(smi: Scenario) -> None:
    """The resource of an edge may be a namespace or a kind alone."""
    smi.observed(readings.partial_peers(recorded(smi, everything=True)))


@assertion("TM-47", level="MUST (derived)", source="metrics v1alpha1 §Edge")
def test_both_ends_of_an_edge_agree(smi: Scenario) -> None:
    """What an object sent to another is what that one received from it, where nothing is lost or retried."""
    seen = recorded(smi, "edges a", "edges b")
    a, b = seen.refs["a"], seen.refs["b"]
    edges.both_ends(seen.frozen("edges a"), a, seen.frozen("edges b"), b, smi.limits.metrics_ends_share)


@assertion("TM-48", level="MUST (derived)", source="metrics v1alpha1 §Edge")
def test_peers_are_of_the_same_kind(smi: Scenario) -> None:
    """The edges of an object lead to objects of its own kind."""
    seen = recorded(smi, "edges a", "edges pod b")
    edges.of_one_kind(seen.frozen("edges a"), "Deployment")
    edges.of_one_kind(seen.frozen("edges pod b"), "Pod")


@assertion("TM-51", level="MUST", source="metrics v1alpha1 §Traffic Splits", needs=["split"])
def test_counts_of_a_split(smi: Scenario) -> None:
    """The counts of a split's backend are the requests that were sent to the apex and went to it."""
    seen = recorded(smi, "trafficsplits")
    split, document = seen.splits[0], seen.frozen("trafficsplits")
    sent = {name: seen.sent("g", role).requests for name, role in zip(split.weights, ("v1", "v2"), strict=True)}
    splits.counted(document, split, sent, smi.limits)


@assertion("TM-52", level="MUST (derived)", source="metrics v1alpha1 §Traffic Splits", needs=["split"])
def test_what_goes_straight_to_a_backend(smi: Scenario) -> None:
    """Requests that were sent to a backend itself are not counted in the split."""
    seen = recorded(smi, "trafficsplits")
    through, straight = seen.sent("g", "v1").requests, seen.sent("h", "v1").requests
    document, split = seen.frozen("trafficsplits"), seen.splits[0]
    splits.without_straight(document, split, next(iter(split.weights)), through, straight, smi.limits)


@assertion("TM-53", level="MUST", source="metrics v1alpha1 §Traffic Splits", needs=["split"])
def test_edge_of_a_split(smi: Scenario) -> None:
    """The edge of a split is the traffic from its callers as they saw it, without a peer."""
    seen = recorded(smi, "trafficsplits")
    splits.edges(seen.documents["trafficsplits"], seen.splits[0])


@assertion("TM-54", level="unspecified", source="metrics v1alpha1 §Traffic Splits (silent)", needs=["split"])
def test_get_of_one_split(smi: Scenario) -> None:
    """A split has several TrafficMetrics, and a get returns one: the specification does not say what it returns."""
    smi.observed(readings.get_split(recorded(smi, "get trafficsplits").documents["get trafficsplits"]))
