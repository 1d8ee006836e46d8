"""The small memories of personas: what a client's proxy keeps, whose turn it is, when changes are published."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from pytest_smi.reference.mesh.faults.deviations.idle_clients import Stacks
from pytest_smi.reference.mesh.faults.deviations.split_calls import WeightedRoundRobin
from pytest_smi.reference.mesh.pacing import AT_ONCE_SECONDS, Pacing
from pytest_smi.reference.mesh.personas import find_persona
from pytest_smi.reference.mesh.splits import Split

ROOT = ("t1", "app")
SPLIT = Split(key=("t1", "s"), service="app", backends=(("v1", 1),), routes=None)


class _Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_client_that_keeps_calling_never_sees_a_new_split() -> None:
    """However long it goes on; a pause makes it see the split, and after that its end too."""
    clock = _Clock()
    stacks = Stacks(clock)
    assert not stacks.splits(ROOT, [], 5)
    for _ in range(10):
        clock.now += 4
        assert not stacks.splits(ROOT, [SPLIT], 5)
    clock.now += 5
    assert stacks.splits(ROOT, [SPLIT], 5) == [SPLIT]
    assert not stacks.splits(ROOT, [], 5)


def test_a_split_that_was_there_first_is_seen_at_once() -> None:
    """The trap is only about splits newer than the first call."""
    clock = _Clock()
    stacks = Stacks(clock)
    assert stacks.splits(ROOT, [SPLIT], 5) == [SPLIT]
    assert not stacks.splits(("t1", "other"), [], 5)


@given(st.lists(st.integers(1, 20), min_size=1, max_size=4))
def test_turns_give_every_backend_its_share_exactly(weights: list[int]) -> None:
    """In as many calls as the weights add up to, each has been chosen as often as its weight says."""
    turns = WeightedRoundRobin()
    picked = Counter(turns.pick("s", weights) for _ in range(sum(weights)))
    assert all(abs(picked[i] - weight) <= 1 for i, weight in enumerate(weights))


def test_without_persona_changes_are_published_at_once() -> None:
    """And a further change puts nothing off."""
    pacing = Pacing.of(None)
    assert not pacing.slides
    assert pacing.due(10.0, 10.0) == 10.0 + AT_ONCE_SECONDS


def test_a_batching_persona_waits_for_quiet_but_not_for_ever() -> None:
    """Sliding 2 s and 10 s at most, a tenth of it here."""
    pacing = Pacing.of(find_persona("osm"))
    assert pacing.slides
    assert pacing.due(100.0, 100.0) == 100.2
    assert pacing.due(100.95, 100.0) == 101.0
