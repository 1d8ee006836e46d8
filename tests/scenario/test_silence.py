"""A request without an answer that arrived nowhere: one is a busy node's, many in two holds are a denial by silence."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import comb

import pytest

from pytest_smi.core.limits import Limits
from pytest_smi.scenario.silence import contradictions, least, like_a_denial, silent
from pytest_smi.scenario.verdict import (
    Claim,
    Inconclusive,
    NotReached,
    Unanswered,
    allowed,
    judge_hold,
    steady,
)
from pytest_smi.testbed.probing.observation import Observation, Outcome
from pytest_smi.testbed.probing.plan import Call, ProbeBatch
from tests.scenario.scripted import Scripted, by_call, lost, probe

OPEN = Call(source="t1/a", client="cli-a", server="t1/srv", host="srv", port=8080)
LIMITS = Limits()


def seen(delivered: int, silence: int = 0, refused: int = 0, slow: int = 0) -> Observation:
    """So many probes of each kind."""
    probes = [
        *(probe("n", Outcome.DELIVERED) for _ in range(delivered)),
        *(lost("n") for _ in range(silence)),
        *(probe("n", Outcome.NOT_DELIVERED) for _ in range(refused)),
        *(probe("n", Outcome.TIMED_OUT) for _ in range(slow)),
    ]
    return Observation(batch=ProbeBatch(call=OPEN, repeat=len(probes), nonce="n", timeout=1.0), probes=tuple(probes))


def verdict(claim: Claim, *holds: Observation) -> type[Exception] | None:
    """What the last of the holds comes to."""
    try:
        judge_hold([claim], {claim: holds[-1]}, LIMITS, before={claim: holds[-2]} if len(holds) > 1 else None)
    except (NotReached, Inconclusive) as error:
        return type(error)
    return None


def test_what_is_counted() -> None:
    """Silence is neither a refusal nor an answer that is late."""
    found = seen(90, silence=4, refused=3, slow=3)

    assert (silent(found), contradictions(found)) == (4, 3)


@pytest.mark.parametrize(
    ("claim", "holds", "expected"),
    [
        # The real case: an overloaded node lost one of a hundred.
        (steady(OPEN), [seen(99, silence=1)], Inconclusive),
        (steady(OPEN), [seen(99, refused=1)], NotReached),
        (steady(OPEN), [seen(98, silence=1, refused=1)], NotReached),
        (steady(OPEN), [seen(98, silence=1, slow=1)], Inconclusive),
        (steady(OPEN), [seen(95, silence=5)], Inconclusive),
        (steady(OPEN), [seen(94, silence=6)], Unanswered),
        (steady(OPEN), [seen(94, silence=6), seen(94, silence=6)], NotReached),
        (steady(OPEN), [seen(94, silence=6), seen(99, silence=1)], Inconclusive),
        (steady(OPEN), [seen(94, silence=6), seen(100)], None),
        (allowed(OPEN), [seen(90, silence=10)], None),
        (allowed(OPEN), [seen(85, silence=15)], Unanswered),
        (allowed(OPEN), [seen(85, silence=15), seen(0, silence=100)], NotReached),
        (allowed(OPEN), [seen(89, refused=11)], NotReached),
        (allowed(OPEN), [seen(89, refused=1, slow=10)], Inconclusive),
    ],
)
def test_the_rule(claim: Claim, holds: Sequence[Observation], expected: type[Exception] | None) -> None:
    """Wrong answers fail at once, silence only by too much of it twice, and neither ever passes a steady claim."""
    assert verdict(claim, *holds) is expected


def test_a_failure_is_told_before_what_is_inconclusive() -> None:
    """A busy node that loses a request of one claim does not excuse the refusal of another."""
    other = steady(replace(OPEN, port=8081))

    with pytest.raises(NotReached):
        judge_hold([steady(OPEN), other], {steady(OPEN): seen(99, silence=1), other: seen(99, refused=1)}, LIMITS)


@pytest.mark.parametrize("probes", [10, 20, 40, 100, 500])
def test_stated_error(probes: int) -> None:
    """A node that loses as many as stated shows a denial in one hold with at most the stated probability,
    and one request less would not do."""

    def tail(hits: int) -> float:
        return sum(
            comb(probes, k) * LIMITS.silent_loss**k * (1 - LIMITS.silent_loss) ** (probes - k)
            for k in range(hits, probes + 1)
        )

    found = least(probes, LIMITS)

    assert tail(found) <= LIMITS.silent_alpha < tail(found - 1)
    assert like_a_denial(seen(probes - found, silence=found), LIMITS)
    assert not like_a_denial(seen(probes - found + 1, silence=found - 1), LIMITS)


def test_stated_power() -> None:
    """One dropped request in ten is seen as a denial in nine of ten runs of two holds of a hundred."""
    hold = sum(comb(100, k) * 0.1**k * 0.9 ** (100 - k) for k in range(least(100, LIMITS), 101))

    assert hold**2 > 0.88
    assert 0.9**100 < 1e-4  # and it passes, without a single loss, hardly ever


def scripted(drops: Callable[[int, int], bool]) -> Scripted:
    """An open path on which some requests of a hold get lost: by the number of the hold and of its request."""
    made = Scripted(by_call({OPEN: Outcome.DELIVERED}))
    whole = made.observe

    def observe(servers: Sequence[object], batches: Sequence[ProbeBatch]) -> list[Observation]:
        found = whole([], batches)
        hold = made.rounds - 3  # a round to see it, one to settle
        if hold < 0:
            return found
        return [
            replace(
                one,
                probes=tuple(lost(p.nonce) if drops(hold, number) else p for number, p in enumerate(one.probes)),
            )
            for one in found
        ]

    made.smi.context.observe = observe
    return made


def test_one_lost_request_is_inconclusive() -> None:
    """And is not asked about again."""
    made = scripted(lambda _hold, number: number == 17)

    with pytest.raises(Inconclusive, match="busy node"):
        made.smi.expect(steady(OPEN))
    assert len(made.events("held")) == 1


def test_a_stall_is_inconclusive_after_another_hold() -> None:
    """Sixteen requests under way when the node stalls are lost together, and then none."""
    made = scripted(lambda hold, number: hold == 0 and number < 16)

    with pytest.raises(Inconclusive, match="busy node"):
        made.smi.expect(steady(OPEN))
    assert len(made.events("held")) == 2


def test_a_denial_by_silence_fails() -> None:
    """It is still there in the hold after."""
    made = scripted(lambda _hold, number: number % 4 == 0)

    with pytest.raises(NotReached, match="two holds in a row"):
        made.smi.expect(steady(OPEN))


def test_a_broken_harness_is_still_asked_first() -> None:
    """Silence of a server that does not answer itself is no denial."""
    made = scripted(lambda _hold, number: number % 4 == 0)
    made.testbed.broken = "server is down"

    with pytest.raises(Inconclusive, match="server is down"):
        made.smi.expect(steady(OPEN))
