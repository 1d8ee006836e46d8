"""Traffic Metrics, what is counted: which requests, of which pods, and how long they took together.

They judge the shared scenario of `test_traffic_metrics.py`.
"""

from pytest_smi.scenario.metrics import aggregates, readings
from pytest_smi.scenario.metrics.recorder import recorded
from pytest_smi.scenario.metrics.records import Ref
from pytest_smi.scenario.metrics.traffic_plan import CONNECTIONS
from pytest_smi.scenario.scenario import Inconclusive, Scenario, assertion


@assertion("TM-27", level="unspecified", source="metrics v1alpha1 §TrafficMetrics (seconds; its software: ms)")
def test_unit_of_latencies(smi: Scenario) -> None:
    """Latencies are in seconds in the specification's text, and in any unit that they name in its software."""
    smi.observed(readings.units(recorded(smi, everything=True)))


@assertion("TM-69", level="MUST", source="metrics v1alpha1 §TrafficMetrics")
def test_latencies_name_their_unit(smi: Scenario) -> None:
    """Every latency names a unit of time."""
    aggregates.units(recorded(smi, everything=True))


@assertion("TM-33", level="unspecified", source="metrics v1alpha1 §TrafficMetrics (silent)")
def test_what_counts_as_failure(smi: Scenario) -> None:
    """Which answers other than 200 and 500 count as failures is not said."""
    seen = recorded(smi, "deployments")
    item = seen.frozen("deployments").about(seen.refs["g"])
    by_status = seen.by_status("g")
    smi.observed(readings.classified(item.value("success_count"), by_status, by_status[200], smi.limits))


@assertion("TM-36", level="MUST (derived)", source="metrics v1alpha1 §Specification")
def test_median_follows_the_latency(smi: Scenario) -> None:
    """The 50th percentile follows the time that requests typically take."""
    seen = recorded(smi, "deployment b", "deployment c")
    fast, slow = (seen.frozen(f"deployment {role}").only() for role in ("b", "c"))
    aggregates.follows(fast, slow, seen.latencies["b"], seen.latencies["c"], smi.limits)


@assertion("TM-41", level="MUST (derived)", source="metrics v1alpha1 §Kubernetes API, §Specification")
def test_percentiles_of_an_aggregate(smi: Scenario) -> None:
    """A percentile of a Deployment lies between the smallest and the largest of its pods'."""
    seen = recorded(smi, "pods", "deployment w")
    pods = [item for item in seen.frozen("pods").items() if item.resource.name in seen.by_pod("w")]
    aggregates.between_parts(seen.frozen("deployment w").only(), pods, seen.latencies["w"], smi.limits)


@assertion("TM-42", level="MUST", source="metrics v1alpha1 §Kubernetes API, §Specification")
def test_other_kinds_are_the_sum_of_their_pods(smi: Scenario) -> None:
    """The counts of a ReplicaSet are the sum of those of its pods, and a node has what its pods received."""
    keys = ("replicasets", "nodes")
    seen = recorded(smi, "pods", *keys)
    pods = seen.frozen("pods").items()
    lists = {key: seen.documents[key] if seen.documents[key].status != 200 else seen.frozen(key) for key in keys}
    if not seen.replica_set:
        raise Inconclusive("the pods of a Deployment have no ReplicaSet")
    whole = Ref(kind="ReplicaSet", namespace=seen.refs["w"].namespace, name=seen.replica_set)
    parts = [item for item in pods if item.resource.name in seen.by_pod("w")]
    aggregates.parts_of_other_kinds(lists, whole, parts, seen.on_nodes(pods), smi.limits)


@assertion("TM-43", level="unspecified", source="metrics v1alpha1 §Kubernetes API (silent)")
def test_numbers_of_a_service(smi: Scenario) -> None:
    """A Service contains no pods: what is counted for it is not said."""
    seen = recorded(smi, "service w")
    smi.observed(readings.service(seen.documents["service w"], seen.received("w").requests))


@assertion("TM-44", level="MUST (derived)", source="metrics v1alpha1 §Kubernetes API, §Specification")
def test_own_pods_alone_are_counted(smi: Scenario) -> None:
    """A Deployment has the numbers of its own pods, not those of others that its selector matches too."""
    seen = recorded(smi, "deployments")
    item, others = seen.frozen("deployments").about(seen.refs["h"]), seen.received("w").requests
    what = f"{others} were received by pods that its selector matches too, but that are another Deployment's"
    aggregates.exactly(what, [item], seen.received("h").requests, others, smi.limits)


@assertion("TM-61", level="MUST (derived)", source="metrics v1alpha1 §Specification", features=["tcp"])
def test_raw_tcp_is_not_counted(smi: Scenario) -> None:
    """Only HTTP is counted: raw TCP adds nothing."""
    seen = recorded(smi, "pods")
    pods = [item for item in seen.frozen("pods").items() if item.resource.name in seen.by_pod("w")]
    what = f"{CONNECTIONS} TCP connections are no requests"
    aggregates.exactly(what, pods, seen.received("w").requests, seen.connections, smi.limits)


@assertion("TM-62", level="MUST (derived)", source="metrics v1alpha1 §Specification", features=["http2"])
def test_http2_is_counted_by_request(smi: Scenario) -> None:
    """Each request of a connection of HTTP/2 is counted."""
    seen = recorded(smi, "abroad")
    item, sent = seen.frozen("abroad").about(seen.refs["x"]), seen.received("x").requests
    aggregates.exactly("each is counted, on whichever connection it came", [item], sent, sent, smi.limits)


@assertion("TM-63", level="unspecified", source="metrics v1alpha1 §TrafficMetrics (silent)", needs=["access", "specs"])
def test_requests_that_policy_refuses(smi: Scenario) -> None:
    """Whether a request that access policy refuses is counted is not said."""
    seen = recorded(smi, "refused")
    if not seen.refused:
        raise Inconclusive("no request was refused: it arrived")
    smi.observed(readings.refused(seen.documents["refused"], seen.refs["x"], seen.refused))
