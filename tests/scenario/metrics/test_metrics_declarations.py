"""Edges whose policy is gone, against an API and a clock made up for it."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from pytest_smi.cluster.connection import Answer
from pytest_smi.cluster.wait import Backoff
from pytest_smi.core.limits import Limits
from pytest_smi.scenario.metrics import declarations
from pytest_smi.scenario.scenario import Call, Inconclusive, RequirementFailed, Scenario
from tests.scenario.metrics.metrics_documents import item, listed, ref
from tests.scenario.metrics.test_metrics_traffic_plan import workload

SHOWN, EMPTY = listed(item(ref("a"), peer=ref("b"))).body, listed(item(ref("a"), peer=ref("c"))).body


@pytest.fixture
def edge() -> Callable[[Callable[[float], bool]], tuple[Scenario, Callable[[], float]]]:
    """Make a scenario in which an edge is shown as a function of the seconds says, and a clock that tells them."""

    def make(shown: Callable[[float], bool]) -> tuple[Scenario, Callable[[], float]]:
        now = [0.0]

        def request(method: str, path: str, *, query: Any) -> Answer:
            now[0] += 0.01
            return Answer(200, SHOWN if shown(now[0]) else EMPTY)

        def wait(seconds: float) -> None:
            now[0] += seconds

        def clock() -> float:
            return now[0]

        smi = SimpleNamespace(
            clock=clock,
            context=SimpleNamespace(rounds=lambda _: Backoff("it is so", longest=0.1, clock=clock, pause=wait)),
            limits=Limits(metrics_deadline=20),
            metrics_path=lambda rest: rest,
            testbed=SimpleNamespace(connection=SimpleNamespace(request=request)),
            evidence=SimpleNamespace(event=lambda *_, **__: None),
            sample=lambda *_, **__: [],
        )
        return cast(Scenario, smi), clock

    return make


Make = Callable[[Callable[[float], bool]], tuple[Scenario, Callable[[], float]]]
CALL = cast(Call, None)
A, B = workload("a"), workload("b")


def test_an_edge_that_is_there_is_right_at_once(edge: Make) -> None:
    """Without waiting."""
    shown, clock = edge(lambda at: True)
    declarations.await_shown(shown, A, B, CALL)
    declarations.remains(shown, A, B)
    assert clock() < 0.1


def test_an_edge_that_never_was_there_says_nothing(edge: Make) -> None:
    """Late numbers are no failure."""
    shown, clock = edge(lambda at: False)
    with pytest.raises(Inconclusive, match="no edge with t1/b"):
        declarations.await_shown(shown, A, B, CALL)
    assert clock() >= 20


def test_an_edge_that_is_gone_for_a_window_is_wrong(edge: Make) -> None:
    """One that comes back within it is not: its numbers were late."""
    late, _ = edge(lambda at: at > 3)
    declarations.remains(late, A, B)
    gone, clock = edge(lambda at: False)
    with pytest.raises(RequirementFailed, match="gone with the policy"):
        declarations.remains(gone, A, B)
    assert 4 <= clock() < 5
