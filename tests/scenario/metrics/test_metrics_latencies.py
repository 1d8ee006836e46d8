"""A busy machine is told by what the clients measured: the traffic is slowed down, or nothing is said of latencies."""

import pytest

from pytest_smi.core.limits import Limits
from pytest_smi.scenario.metrics import latencies
from tests.scenario.metrics.test_metrics_traffic_plan import plan

LIMITS = Limits()
MEANT = {
    "b": [0.02] * 300,
    "c": [0.41] * 48,
    "r": [0.02] * 124 + [1.01] * 6,
    "w": [0.02] * 50 + [0.61] * 10,
}


def busy(extra: float, factor: float = 1.0) -> dict[str, list[float]]:
    """The same on a machine that adds `extra` seconds to every request; delays are `factor` as long."""
    return {
        role: [extra + (seconds * factor if seconds > 0.1 else seconds) for seconds in seen]
        for role, seen in MEANT.items()
    }


def test_what_was_meant_is_recognized() -> None:
    """Nothing is wrong with it, nor with twice the delays."""
    assert latencies.unlike_the_plan(MEANT, 0.4, LIMITS) == []
    assert latencies.unlike_the_plan(busy(0.0, 2), 0.8, LIMITS) == []


def test_longer_delays_reach_where_shorter_ones_do_not() -> None:
    """A tenth of a second more for every request hides the fast object, and that of longer delays shows it."""
    (wrong,) = latencies.unlike_the_plan(busy(0.13), 0.4, LIMITS)
    assert "no object that is much slower" in wrong
    assert latencies.unlike_the_plan(busy(0.13, 2), 0.8, LIMITS) == []


@pytest.mark.parametrize("role", sorted(MEANT))
def test_each_of_them_counts(role: str) -> None:
    """One that took as long as all others, or was never answered, is enough."""
    for seen in ([2.5] * 40, []):
        assert latencies.unlike_the_plan(MEANT | {role: seen}, 0.4, LIMITS)


def test_the_slower_plan_waits_longer_and_sends_the_same() -> None:
    """What is counted stays as it is."""
    first, second = plan(), plan().slower()
    assert list(second.calls.values()) == list(first.calls.values())
    assert second.delay == 2 * first.delay
    changed = [one for one, other in zip(first.calls, second.calls, strict=True) if one != other]
    assert {call.server.partition("/")[2] for call in changed} == {"c", "r", "w"}


def test_only_delayed_requests_are_many_at_once() -> None:
    """Others would wait for each other, and the clients would measure that."""
    who = plan()
    at_once = who.at_once(LIMITS)
    assert {at_once(call) for call in who.calls} == {None, LIMITS.metrics_at_once}
    assert {call.server.partition("/")[2] for call in who.calls if at_once(call) is None} == {"c", "r", "w"}
