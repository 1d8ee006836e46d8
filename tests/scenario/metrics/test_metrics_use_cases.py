"""The use cases: right when they show the traffic, and wrong in whichever part does not."""

import pytest

from pytest_smi.core.limits import Limits
from pytest_smi.scenario.metrics import use_cases
from pytest_smi.scenario.metrics.recording import Count
from pytest_smi.scenario.verdict import Inconclusive, RequirementFailed
from tests.scenario.metrics.metrics_documents import item, listed, metrics, ref

A, B, C, LIMITS = ref("a"), ref("b"), ref("c"), Limits()
POD = ref("b-0", kind="Pod")
TRUTH = {POD: Count(successes=220, failures=80), ref("idle", kind="Pod"): Count()}


def test_a_table_shows_requests_and_successes() -> None:
    """Of the busy pods; with none of those, nothing can be said."""
    use_cases.top(listed(item(POD, metrics=metrics(221, 80))), TRUTH, LIMITS)
    for wrong in (metrics(300, 0), metrics(300, 80), metrics(0, 0)):
        with pytest.raises(RequirementFailed, match="it received 300, 73% of them successes"):
            use_cases.top(listed(item(POD, metrics=wrong)), TRUTH, LIMITS)
    with pytest.raises(RequirementFailed, match="0 items about Pod"):
        use_cases.top(listed(), TRUTH, LIMITS)
    with pytest.raises(Inconclusive):
        use_cases.top(listed(), {POD: Count(successes=3)}, LIMITS)


def test_a_canary_is_seen_to_succeed() -> None:
    """Unless it got nothing."""
    use_cases.canary(listed(item(A), item(B)), {A: 44, B: 6}, LIMITS)
    use_cases.canary(listed(item(A)), {A: 50, B: 2}, LIMITS)
    for wrong in ([item(A)], [item(A), item(B, metrics=metrics(0, 0))], [item(A), item(B, metrics=metrics(0, 6))]):
        with pytest.raises(RequirementFailed, match=r"Deployment t1/b"):
            use_cases.canary(listed(*wrong), {A: 44, B: 6}, LIMITS)


def test_edges_make_the_graph_of_calls() -> None:
    """From either end; those without requests make nothing."""
    to_b, from_a = item(A, peer=B, direction="to"), item(B, peer=A)
    idle = item(A, peer=C, direction="to", metrics=metrics(0))
    for right in ([listed(to_b), listed(from_a)], [listed(to_b, idle)], [listed(from_a)]):
        use_cases.topology(right, {(A, B)})
    for wrong in ([listed(item(A, peer=B))], [listed()], [listed(to_b, item(A, peer=A))]):
        with pytest.raises(RequirementFailed, match="the edges make the calls"):
            use_cases.topology(wrong, {(A, B)})
