"""Shrinking: the smallest case that still disagrees, however the attempts come out, and within its time."""

import itertools
import random
from collections.abc import Callable

import pytest

from pytest_smi.explore.case import Case, Thing, identity, with_cleaning
from pytest_smi.explore.shrink import candidates, shrink
from pytest_smi.explore.worlds import random_case
from pytest_smi.smi.model import HTTPRouteGroup, TrafficSplit, TrafficTarget
from tests.explore.simulated import BOUNDS


def when(holds: Callable[[tuple[Thing, ...]], bool]) -> Callable[[Case], Case | None]:
    """A mesh that is wrong in every state with such objects."""

    def disagrees(case: Case) -> Case | None:
        for number, state in enumerate(case.states(), 1):
            if holds(tuple(state.values())):
                return Case(steps=case.steps[:number], asks=case.asks, open=case.open, reuse=case.reuse)
        return None

    return disagrees


def cases(kind: str, holds: Callable[[Case], Case | None]) -> list[Case]:
    found = (with_cleaning(random_case(random.Random(number), BOUNDS, kind)) for number in itertools.count())
    return list(itertools.islice((cut for case in found if (cut := holds(case)) is not None), 12))


def test_one_target_is_left_where_a_target_is_enough() -> None:
    wrong = when(lambda things: any(isinstance(one, TrafficTarget) for one in things))
    for case in cases("access", wrong):
        small = shrink(case, wrong)
        assert [type(one) for one in small.things] == [TrafficTarget]
        assert (len(small.steps), len(small.asks)) == (1, 1)
        (target,) = small.things
        assert isinstance(target, TrafficTarget)
        assert len(target.sources) <= 1
        assert len(target.rules) <= 1


def test_what_matters_within_an_object_stays() -> None:
    def heavy(things: tuple[Thing, ...]) -> bool:
        return any(isinstance(one, TrafficSplit) and any(b.weight >= 90 for b in one.backends) for one in things)

    for case in cases("split", when(heavy)):
        small = shrink(case, when(heavy))
        (split,) = [one for one in small.things if isinstance(one, TrafficSplit)]
        assert len(split.backends) == 1
        assert split.backends[0].weight >= 90


def test_a_change_that_matters_stays_a_change() -> None:
    def after_a_target(case: Case) -> Case | None:
        had = False
        for number, state in enumerate(case.states(), 1):
            has = any(isinstance(one, TrafficTarget) for one in state.values())
            if had and not has:
                return Case(steps=case.steps[:number], asks=case.asks)
            had = had or has
        return None

    for case in cases("access", after_a_target):
        small = shrink(case, after_a_target)
        assert len(small.steps) == 2
        assert [type(one) for one in small.things] == [TrafficTarget]


def test_attempts_that_come_out_by_chance_end_in_a_case_that_did_disagree() -> None:
    chance = random.Random(1)
    plain = when(lambda things: any(isinstance(one, HTTPRouteGroup) for one in things))
    seen: list[Case] = []

    def flaky(case: Case) -> Case | None:
        found = plain(case) if chance.random() < 0.6 else None
        seen.extend([found] if found is not None else [])
        return found

    case = cases("access", plain)[0]
    assert shrink(case, flaky) in [case, *seen]


def test_it_ends_when_the_time_is_over() -> None:
    wrong = when(lambda things: any(isinstance(one, TrafficTarget) for one in things))
    case = cases("access", wrong)[0]
    left = iter([False, False, True])
    assert shrink(case, lambda one: one, over=lambda: next(left)) != case
    assert shrink(case, wrong, over=lambda: True) == case


@pytest.mark.parametrize("kind", ["access", "split", "both"])
def test_every_candidate_is_smaller_or_plainer_and_never_the_same(kind: str) -> None:
    for number in range(10):
        case = random_case(random.Random(number), BOUNDS, kind)
        assert all(candidate != case for candidate in candidates(case))
        known = {identity(one) for one in case.things}
        assert all({identity(one) for one in candidate.things} <= known for candidate in candidates(case))
