"""When a state has settled: agreement, a lasting disagreement, and a mesh that keeps changing are told apart."""

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

import pytest

from pytest_smi.cluster.wait import Backoff
from pytest_smi.explore.case import Ask
from pytest_smi.explore.judge import Judged, Outcome, judge
from pytest_smi.explore.table import Expected, Fault, Seen, Table
from pytest_smi.oracle import Call, Verdict
from tests.explore.simulated import PATIENCE, Clock

ASK = Ask(client="a", service=("t1", "v1"), port=8080, call=Call(protocol="HTTP", method="GET", path="/"))
OTHER = replace(ASK, client="b")
PLACE = ("t1/v1", 8080)
ALLOWED = Expected(verdict=Verdict.ALLOWED, may=frozenset({PLACE}))
DENIED = Expected(verdict=Verdict.DENIED, may=frozenset())
TABLE: Table = {ASK: ALLOWED, OTHER: DENIED}


def arrived(times: int) -> Seen:
    return Seen(sent=times, delivered=times, arrivals=Counter({PLACE: times}))


def judged(answer: Callable[[float, Ask, int], Seen], table: Table = TABLE) -> Judged:
    """What is made of a mesh that answers so at a time."""
    clock = Clock()

    def look(asks: Sequence[Ask], times: int) -> Mapping[Ask, Seen]:
        clock.pause(0.02)
        return {ask: answer(clock.now, ask, times) for ask in asks}

    def rounds() -> Backoff:
        return Backoff("it is so", longest=0.1, clock=clock, pause=clock.pause)

    return judge(look, table, rounds, replace(PATIENCE, pause=clock.pause))


def right(ask: Ask, times: int) -> Seen:
    return arrived(times) if ask == ASK else Seen(sent=times)


def wrong(ask: Ask, times: int) -> Seen:
    return arrived(times) if ask == OTHER else Seen(sent=times)


def test_a_mesh_that_comes_to_agree_agrees() -> None:
    found = judged(lambda now, ask, times: right(ask, times) if now > 0.5 else wrong(ask, times))
    assert found.outcome is Outcome.AGREES
    assert 0.4 < found.waited < 0.8


def test_what_agrees_is_looked_at_once_more_after_the_hold_and_not_all_through_it() -> None:
    """Each look is hundreds of requests; that what is wrong at the end of the hold is wrong is shown below."""
    looks: list[float] = []

    def answer(now: float, ask: Ask, times: int) -> Seen:
        looks.extend([now] if ask == ASK else [])
        return right(ask, times)

    assert judged(answer).outcome is Outcome.AGREES
    first, last = looks
    assert last - first >= PATIENCE.hold - 0.02
    assert (
        judged(lambda now, ask, times: right(ask, times) if now < 0.05 else wrong(ask, times)).outcome is Outcome.WRONG
    )


def test_a_mesh_that_agrees_by_chance_before_it_is_wrong_is_wrong() -> None:
    """The old state may look like the new one until the mesh has taken note of the change."""
    found = judged(lambda now, ask, times: right(ask, times) if now < 0.05 else wrong(ask, times))
    assert found.outcome is Outcome.WRONG
    assert {(one.ask, one.fault) for one in found.disagreements} == {(ASK, Fault.REFUSAL), (OTHER, Fault.LEAK)}


def test_a_cell_that_is_wrong_now_and_then_is_wrong() -> None:
    """One pod of two that refuses: each look at some requests sees some of it."""

    def half(now: float, ask: Ask, times: int) -> Seen:
        if ask == OTHER:
            return Seen(sent=times)
        got = times // 2 if times > 1 else 0
        return Seen(sent=times, delivered=got, arrivals=Counter({PLACE: got}))

    found = judged(half)
    assert found.outcome is Outcome.WRONG
    assert [one.fault for one in found.disagreements] == [Fault.REFUSAL]


def test_a_mesh_that_keeps_changing_is_not_called_wrong() -> None:
    turn = iter(range(10**6))
    found = judged(lambda now, ask, times: right(ask, times) if next(turn) // 2 % 2 else wrong(ask, times))
    assert found.outcome is Outcome.UNSETTLED
    assert found.disagreements == ()


def test_answers_that_are_slow_are_no_refusal() -> None:
    def slow(now: float, ask: Ask, times: int) -> Seen:
        return Seen(sent=times, slow=times, arrivals=Counter({PLACE: times})) if ask == ASK else Seen(sent=times)

    assert judged(slow).outcome is Outcome.AGREES


@pytest.mark.parametrize(("often", "outcome"), [(0.1, Outcome.WRONG), (0.005, Outcome.AGREES)])
def test_requests_that_arrive_twice_are_counted(often: float, outcome: Outcome) -> None:
    """Where the specification leaves open whether they arrive, too; one now and then is a retry."""
    wanted = Expected(verdict=Verdict.OPEN, may=None)
    chance = random.Random(5)

    def answer(now: float, ask: Ask, times: int) -> Seen:
        return replace(arrived(times), twice=sum(chance.random() < often for _ in range(times)))

    table = {replace(ASK, port=8080 + number): wanted for number in range(20)}
    found = judged(answer, table)
    assert found.outcome is outcome
    assert {one.fault for one in found.disagreements} == ({Fault.TWICE} if outcome is Outcome.WRONG else set())


@pytest.mark.parametrize(("share", "outcome"), [(0.9, Outcome.AGREES), (0.5, Outcome.WRONG)])
def test_shares_of_a_split_are_tested(share: float, outcome: Outcome) -> None:
    places = (("t1/v1", 8080), ("t1/v2", 8080))
    wanted = Expected(
        verdict=Verdict.ALLOWED,
        may=frozenset(places),
        weights={"t1/v1": Fraction(9, 10), "t1/v2": Fraction(1, 10), "t1/v3": Fraction(0)},
    )
    chance = random.Random(3)

    def answer(now: float, ask: Ask, times: int) -> Seen:
        chosen = chance.choices(places, weights=[share, 1 - share], k=times)
        return Seen(sent=times, delivered=times, arrivals=Counter(chosen))

    found = judged(answer, {ASK: wanted})
    assert found.outcome is outcome
    assert [one.fault for one in found.disagreements] == ([] if outcome is Outcome.AGREES else [Fault.SHARES])


def test_shares_that_are_right_a_little_later_are_right() -> None:
    wanted = Expected(
        verdict=Verdict.ALLOWED,
        may=frozenset({("t1/v1", 8080), ("t1/v2", 8080)}),
        weights={"t1/v1": Fraction(1), "t1/v2": Fraction(0)},
    )

    def answer(now: float, ask: Ask, times: int) -> Seen:
        place = ("t1/v1", 8080) if now > 0.6 else ("t1/v2", 8080)
        return Seen(sent=times, delivered=times, arrivals=Counter({place: times}))

    assert judged(answer, {ASK: wanted}).outcome is Outcome.AGREES


def test_a_plain_service_reaches_every_server() -> None:
    wanted = Expected(
        verdict=Verdict.ALLOWED,
        may=frozenset({("t1/v1", 8080), ("t1/v2", 8080)}),
        each=frozenset({"t1/v1", "t1/v2"}),
    )
    found = judged(lambda now, ask, times: arrived(times), {ASK: wanted})
    assert [(one.fault, one.detail) for one in found.disagreements] == [
        (Fault.SHARES, "t1/v2 got none of 100 requests")
    ]


def test_shares_of_several_calls_are_tested_side_by_side_and_only_the_wrong_one_is_told() -> None:
    """A round trip is what a test costs, so those of all calls share it."""
    places = (("t1/v1", 8080), ("t1/v2", 8080))
    even = Expected(
        verdict=Verdict.ALLOWED, may=frozenset(places), weights={"t1/v1": Fraction(1, 2), "t1/v2": Fraction(1, 2)}
    )
    asks = [replace(ASK, service=("t1", name)) for name in ("root", "twin")]
    chance, looks = random.Random(3), Counter[Ask]()

    def answer(now: float, ask: Ask, times: int) -> Seen:
        looks[ask] += times > PATIENCE.limits.explore_full
        share = 0.9 if ask == asks[1] else 0.5
        return Seen(
            sent=times,
            delivered=times,
            arrivals=Counter(chance.choices(places, weights=[share, 1 - share], k=times)),
        )

    found = judged(answer, dict.fromkeys(asks, even))
    assert [(one.ask, one.fault) for one in found.disagreements] == [(asks[1], Fault.SHARES)]
    assert looks[asks[0]] > 1
