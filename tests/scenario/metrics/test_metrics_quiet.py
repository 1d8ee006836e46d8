"""The pause before the measurement, against an API and a clock made up for it."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from pytest_smi.cluster.connection import Answer
from pytest_smi.cluster.wait import Backoff
from pytest_smi.core.limits import Limits
from pytest_smi.scenario.metrics.quiet import Quiet, await_quiet
from pytest_smi.scenario.metrics.reading import Question
from pytest_smi.scenario.scenario import Scenario
from tests.scenario.metrics.metrics_documents import item, metrics, ref


@pytest.fixture
def play() -> Callable[[Callable[[float], Answer]], tuple[Quiet, float]]:
    """Run the pause; the API is a function of the seconds since the traffic ended.

    Returns what it showed and how long it took.
    """

    def run(api: Callable[[float], Answer]) -> tuple[Quiet, float]:
        now = [100.0]

        def request(method: str, path: str, *, query: Any) -> Answer:
            now[0] += 0.01
            return api(now[0] - 100.0)

        def wait(seconds: float) -> None:
            now[0] += seconds

        limits, clock = Limits(metrics_deadline=20, poll_interval=0.1), lambda: now[0]

        def rounds(_: str) -> Backoff:
            return Backoff("it is so", longest=limits.poll_interval, clock=clock, pause=wait)

        smi = SimpleNamespace(
            clock=clock,
            pause=wait,
            context=SimpleNamespace(rounds=rounds),
            limits=limits,
            metrics_path=lambda rest: rest,
            testbed=SimpleNamespace(connection=SimpleNamespace(request=request)),
            evidence=SimpleNamespace(event=lambda *_, **__: None),
        )
        return await_quiet(cast(Scenario, smi), Question("/b")), now[0] - 100.0

    return run


def shows(requests: int, window: str | None = "4s") -> Answer:
    """An answer with so many requests."""
    return Answer(200, item(ref("b"), metrics=metrics(requests), window=window))


Play = Callable[[Callable[[float], Answer]], tuple[Quiet, float]]


def test_numbers_that_fall_leave_an_empty_window(play: Play) -> None:
    """Seen before, gone after, and no sooner than the window and some slack."""
    found, took = play(lambda at: shows(11 if at < 4 else 0))
    assert (found.window, found.fading.before, found.fading.after) == (4.0, 11.0, 0.0)
    assert 4.29 <= took < 5


def test_numbers_that_come_late_are_waited_for(play: Play) -> None:
    """A scrape may take its time; an object that is absent meanwhile is no error."""
    found, _ = play(lambda at: Answer(404, {}) if not 2 < at < 6 else shows(11))
    assert (found.fading.before, found.fading.after) == (11.0, 0.0)


def test_numbers_that_stay_get_three_windows(play: Play) -> None:
    """No less, or they could not be called staying; no more."""
    found, took = play(lambda at: shows(11))
    assert found.fading.after == 11.0
    assert 12 <= found.fading.waited <= took < 13


def test_a_window_that_is_not_stated_is_seen_from_the_fall(play: Play) -> None:
    """So that a missing field fails one requirement and not all."""
    found, _ = play(lambda at: shows(11 if at < 4 else 0, window=None))
    assert found.window == pytest.approx(4.0, abs=0.2)


def test_without_any_hint_the_examples_window_is_waited_for(play: Play) -> None:
    """The numbers stay and no window is stated: nothing is known, and that is said."""
    found, took = play(lambda at: shows(11, window=None))
    assert found.window is None
    assert took >= 30


@pytest.mark.parametrize(
    "answer", [Answer(500, {"message": "broken"}), Answer(200, "<html>"), Answer(200, item(ref("b"), metrics=[]))]
)
def test_an_api_that_cannot_be_read_does_not_stop_the_scene(play: Play, answer: Answer) -> None:
    """It is recorded; those who need the number judge it."""
    found, _ = play(lambda at: answer)
    assert (found.fading.before, found.fading.after) == (None, None)
