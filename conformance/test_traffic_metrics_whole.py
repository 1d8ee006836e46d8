"""Traffic Metrics as a whole: what the specification wants to have it for.

It judges the shared scenario of `test_traffic_metrics.py`.
"""

from pytest_smi.scenario.metrics import use_cases
from pytest_smi.scenario.metrics.recorder import recorded
from pytest_smi.scenario.metrics.records import Ref
from pytest_smi.scenario.scenario import Scenario, assertion


@assertion("TM-67", level="MUST (derived)", source="metrics v1alpha1 §Use Cases")
def test_use_cases(smi: Scenario) -> None:
    """A table of busy pods, the success of a canary, and the graph of who calls whom can be built from metrics."""
    seen = recorded(smi, everything=True)
    home = seen.refs["a"].namespace
    received = {
        Ref(kind="Pod", namespace=home, name=pod): count
        for role in ("b", "c", "h", "r")
        for pod, count in seen.by_pod(role).items()
    }
    use_cases.top(seen.frozen("pods"), received, smi.limits)
    if seen.splits:
        backends = {seen.refs[role]: seen.received(role).requests for role in ("v1", "v2")}
        use_cases.canary(seen.frozen("deployments"), backends, smi.limits)
    calls = {(flow.source, flow.destination) for flow in seen.flows}
    busy = [f"edges {role}" for role, one in seen.refs.items() if any(one in pair for pair in calls)]
    use_cases.topology(map(seen.frozen, busy), calls)
