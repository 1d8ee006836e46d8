"""Traffic Metrics, values: what the numbers of TrafficMetrics say, compared with traffic that is known.

They judge the shared scenario of `test_traffic_metrics.py`.
"""

from pytest_smi.scenario.metrics import numbers
from pytest_smi.scenario.metrics.recorder import recorded
from pytest_smi.scenario.scenario import Inconclusive, Scenario, assertion


@assertion("TM-24", level="MUST", source="metrics v1alpha1 §TrafficMetrics")
def test_timestamp_is_current(smi: Scenario) -> None:
    """The timestamp is an RFC 3339 time, and current."""
    numbers.current(recorded(smi, everything=True), smi.limits)


@assertion("TM-25", level="MUST", source="metrics v1alpha1 §TrafficMetrics")
def test_window_is_a_duration(smi: Scenario) -> None:
    """The window is a positive duration."""
    numbers.windows(recorded(smi, everything=True))


@assertion("TM-26", level="MUST", source="metrics v1alpha1 §TrafficMetrics")
def test_five_metrics(smi: Scenario) -> None:
    """Every item has the five metrics by their names, each once."""
    numbers.five_metrics(recorded(smi, everything=True))


@assertion("TM-28", level="MUST", source="metrics v1alpha1 §TrafficMetrics")
def test_values_are_quantities(smi: Scenario) -> None:
    """Values are Kubernetes quantities, finite and not negative, also of idle objects."""
    numbers.values(recorded(smi, everything=True))


@assertion("TM-29", level="MUST (derived)", source="metrics v1alpha1 §TrafficMetrics")
def test_latency_is_in_its_unit(smi: Scenario) -> None:
    """A latency means what its unit says."""
    seen = recorded(smi, "deployment c")
    numbers.typical(seen.frozen("deployment c").only(), seen.latencies["c"], delay=seen.delay, limits=smi.limits)


@assertion("TM-30", level="MUST", source="metrics v1alpha1 §Tradeoffs")
def test_success_count(smi: Scenario) -> None:
    """success_count is the number of requests in the window that succeeded."""
    seen = recorded(smi, "deployment b")
    numbers.count(
        "success_count of b",
        seen.frozen("deployment b").only().value("success_count"),
        seen.received("b").successes,
        smi.limits,
    )


@assertion("TM-31", level="MUST", source="metrics v1alpha1 §Tradeoffs")
def test_failure_count(smi: Scenario) -> None:
    """failure_count is the number of requests in the window that failed."""
    seen = recorded(smi, "deployment b")
    numbers.count(
        "failure_count of b",
        seen.frozen("deployment b").only().value("failure_count"),
        seen.received("b").failures,
        smi.limits,
    )


@assertion("TM-32", level="MUST (derived)", source="metrics v1alpha1 §Tradeoffs")
def test_successes_and_failures_are_all_requests(smi: Scenario) -> None:
    """success_count and failure_count add up to the requests in the window."""
    seen = recorded(smi, "deployment b")
    numbers.count(
        "success_count and failure_count of b",
        seen.frozen("deployment b").only().requests,
        seen.received("b").requests,
        smi.limits,
    )


@assertion("TM-35", level="MUST (derived)", source="metrics v1alpha1 §TrafficMetrics")
def test_percentiles_are_in_order(smi: Scenario) -> None:
    """The 50th percentile is not above the 90th, nor that above the 99th."""
    numbers.ordered(recorded(smi, everything=True))


@assertion("TM-37", level="MUST (derived)", source="metrics v1alpha1 §Specification")
def test_p99_sees_a_tail(smi: Scenario) -> None:
    """The 99th percentile shows a tail of one request in twenty that the 50th does not."""
    seen = recorded(smi, "deployment r")
    numbers.tailed(seen.frozen("deployment r").only(), seen.latencies["r"], limits=smi.limits)


@assertion("TM-38", level="MUST (derived)", source="metrics v1alpha1 §TrafficMetrics")
def test_numbers_fall_without_traffic(smi: Scenario) -> None:
    """Numbers are those of the window: they fall when traffic stops."""
    seen = recorded(smi)
    numbers.faded(seen.fading, seen.window, smi.limits)


@assertion("TM-39", level="MUST", source="metrics v1alpha1 §Kubernetes API, §Specification")
def test_deployment_is_the_sum_of_its_pods(smi: Scenario) -> None:
    """The counts of a Deployment are the sum of those of its pods."""
    seen = recorded(smi, "pods", "deployment w")
    arrived = seen.by_pod("w")
    if len(arrived) < 2:
        raise Inconclusive("traffic reached fewer than two of the Deployment's pods")
    pods = [item for item in seen.frozen("pods").items() if item.resource.name in arrived]
    numbers.sum_of_parts("Deployment w", seen.frozen("deployment w").only(), pods, smi.limits)


@assertion("TM-40", level="MUST", source="metrics v1alpha1 §Kubernetes API, §Specification")
def test_namespace_is_the_sum_of_its_pods(smi: Scenario) -> None:
    """The counts of a namespace are the sum of those of its pods."""
    seen = recorded(smi, "pods", "namespace")
    home = seen.refs["a"].namespace
    pods = [item for item in seen.frozen("pods").items() if item.resource.namespace == home]
    numbers.sum_of_parts(f"namespace {home}", seen.frozen("namespace").only(), pods, smi.limits)


@assertion("TM-46", level="MUST (derived)", source="metrics v1alpha1 §Edge")
def test_incoming_edges_add_up(smi: Scenario) -> None:
    """The `from` edges of an object that only the mesh calls add up to the object's own counts."""
    seen = recorded(smi, "edges r", "deployment r")
    incoming = [item for item in seen.frozen("edges r").items() if item.direction == "from"]
    numbers.sum_of_parts("Deployment r", seen.frozen("deployment r").only(), incoming, smi.limits)
