"""Driving claims to a verdict, with scripted outcomes and a clock that only pauses move."""

import pytest

from pytest_smi.core.limits import Limits
from pytest_smi.scenario.verdict import (
    Claim,
    Inconclusive,
    NotReached,
    RequirementFailed,
    allowed,
    closed,
    control,
    denied,
)
from pytest_smi.testbed.probing.observation import Outcome
from pytest_smi.testbed.probing.plan import Call
from tests.scenario.scripted import Script, Scripted, by_call

A = Call(source="t1/a", client="cli-a", server="t1/srv", host="srv", port=8080)
C = Call(source="t1/c", client="cli-c", server="t1/srv", host="srv", port=8080)
OTHER = Call(source="t1/a", client="cli-a", server="t1/other", host="other", port=8080)
LIMITS = Limits(settle_deadline=10, settle_rounds=3, hold_probes=20, hold_seconds=1)
ARRIVES, STAYS_AWAY = Outcome.DELIVERED, Outcome.NOT_DELIVERED


def scripted(script: Script, broken: str = "") -> Scripted:
    """A scenario whose traffic fares as a script says."""
    made = Scripted(script, limits=LIMITS)
    made.testbed.broken = broken
    return made


def test_right_mesh_settles_and_holds() -> None:
    """One probe, then the stated number, then the hold."""
    made = scripted(by_call({A: ARRIVES, C: STAYS_AWAY}))

    made.smi.expect(allowed(A), denied(C))

    assert made.rounds == 3
    assert made.smi.expectations.pending_controls() == []


def test_slow_mesh_is_waited_for() -> None:
    """A state that comes before the deadline is not failed for having been late."""
    made = scripted(lambda _call, _number, now: ARRIVES if now > 9 else STAYS_AWAY)

    made.smi.expect(allowed(A))


def test_deadline_needs_rounds_as_well_as_time() -> None:
    """A harness so slow that a few rounds eat the deadline does not decide."""
    made = scripted(by_call({}))

    def script(_call: Call, _number: int, _now: float) -> Outcome:
        made.clock.now += 100
        return ARRIVES if made.rounds >= LIMITS.settle_rounds - 1 else STAYS_AWAY

    made.script = script

    made.smi.expect(allowed(A), hold=False)


@pytest.mark.parametrize(
    ("claims", "outcomes", "error"),
    [
        ([allowed(A)], {A: STAYS_AWAY}, NotReached),
        ([denied(C), control(A)], {A: ARRIVES, C: ARRIVES}, RequirementFailed),
        ([denied(C), control(A)], {A: STAYS_AWAY, C: STAYS_AWAY}, Inconclusive),
        ([closed(C)], {C: ARRIVES}, Inconclusive),
    ],
)
def test_state_that_never_comes(claims: list[Claim], outcomes: dict[Call, Outcome], error: type[Exception]) -> None:
    """Claims fail the mesh, controls make the assertion inconclusive."""
    with pytest.raises(error):
        scripted(by_call(outcomes)).smi.expect(*claims)


def test_broken_harness_is_not_the_mesh() -> None:
    """A server that does not answer itself explains why nothing got through."""
    with pytest.raises(Inconclusive, match="server is down"):
        scripted(by_call({A: STAYS_AWAY}), broken="server is down").smi.expect(allowed(A))


def test_leak_during_the_hold_fails() -> None:
    """A denial that lapses after it settled is found."""
    made = scripted(by_call({}))
    made.script = lambda call, _number, _now: ARRIVES if call == A or made.rounds > 2 else STAYS_AWAY

    with pytest.raises(RequirementFailed, match="stay denied"):
        made.smi.expect(allowed(A), denied(C))


def test_denial_without_a_control_is_pending() -> None:
    """Until something arrives on the same path, a denial proves nothing; another server does not count,
    an earlier opening does."""
    made = scripted(by_call({A: ARRIVES, C: STAYS_AWAY, OTHER: ARRIVES}))

    made.smi.expect(denied(C))
    made.smi.expect(allowed(OTHER))
    with pytest.raises(
        Inconclusive, match=r"cli-c .* can reach t1/srv on port 8080 by HTTP/1\.1, so that it may be dead for everybody"
    ):
        made.smi.conclude()

    made.smi.expect(allowed(A))
    made.smi.conclude()

    made.smi.expect(denied(C))
    made.smi.conclude()


def test_patience_with_controls_is_cut_after_two_failures() -> None:
    """When nothing works, the rest is found out sooner; the verdict can only be errored."""
    made = scripted(by_call({A: STAYS_AWAY}))
    made.testbed.failed_controls = 2

    with pytest.raises(Inconclusive):
        made.smi.expect(control(A))

    assert made.clock() < LIMITS.settle_deadline
