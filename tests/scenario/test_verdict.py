"""The judgement of claims: what fails a mesh, what is inconclusive, and what is conclusive without a control."""

from dataclasses import replace

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
    judge_hold,
    judge_unsettled,
    settled,
    steady,
)
from pytest_smi.testbed.probing.observation import Observation, Outcome
from pytest_smi.testbed.probing.plan import Call, ProbeBatch
from tests.scenario.scripted import probe

OPEN = Call(source="t1/a", client="cli-a", server="t1/srv", host="srv", port=8080)
SHUT = Call(source="t1/c", client="cli-c", server="t1/srv", host="srv", port=8080)
LIMITS = Limits()


def seen(call: Call, **outcomes: int) -> Observation:
    """So many probes of each outcome, by its name."""
    probes = [probe("n", Outcome[name.upper()]) for name, count in outcomes.items() for _ in range(count)]
    return Observation(batch=ProbeBatch(call=call, repeat=len(probes), nonce="n", timeout=1.0), probes=tuple(probes))


def test_settled_names_the_claims_that_do_not_hold() -> None:
    """A round is right only when every probe of every claim has its outcome."""
    good, bad = allowed(OPEN), denied(SHUT)

    assert settled([good, bad], {good: seen(OPEN, delivered=2), bad: seen(SHUT, not_delivered=1, delivered=1)}) == [bad]
    assert settled([good, bad], {good: seen(OPEN, delivered=2), bad: seen(SHUT, not_delivered=2)}) == []


def test_leak_is_conclusive_without_a_control() -> None:
    """A nonce that arrived where it is denied fails the mesh even when a control does not hold."""
    shut, open_ = denied(SHUT), control(OPEN)

    with pytest.raises(RequirementFailed, match="still reaches"):
        judge_unsettled([open_, shut], {open_: seen(OPEN, not_delivered=1), shut: seen(SHUT, delivered=1)}, 8.0)


def test_request_delivered_but_answered_with_an_error_is_a_leak() -> None:
    """A denied request has no effect at the server, whatever the client was told."""
    shut = denied(SHUT)

    with pytest.raises(RequirementFailed):
        judge_unsettled([shut], {shut: seen(SHUT, no_response=1)}, 8.0)


@pytest.mark.parametrize("claim", [control(OPEN), closed(SHUT)])
def test_failed_control_is_inconclusive(claim: Claim) -> None:
    """Nothing is said about the mesh when a control does not hold, even if a permission fails as well."""
    wrong = seen(claim.call, not_delivered=1) if claim.kind.opens else seen(claim.call, delivered=1)
    other = allowed(OPEN)

    with pytest.raises(Inconclusive):
        judge_unsettled([other, claim], {claim: wrong, other: seen(OPEN, not_delivered=1)}, 8.0)


def test_permission_that_is_not_reached_needs_a_health_check() -> None:
    """Traffic that does not get through is the mesh's failure only after the harness was found healthy."""
    claim = allowed(OPEN)

    with pytest.raises(NotReached):
        judge_unsettled([claim], {claim: seen(OPEN, not_delivered=1)}, 8.0)


def test_slow_answers_never_fail_a_mesh() -> None:
    """A request that arrived and was answered too late says that something is slow, not that it is denied."""
    claim = allowed(OPEN)

    with pytest.raises(Inconclusive, match="too slowly"):
        judge_unsettled([claim], {claim: seen(OPEN, timed_out=1)}, 8.0)
    with pytest.raises(Inconclusive, match="too slowly"):
        judge_hold([steady(OPEN)], {steady(OPEN): seen(OPEN, delivered=99, timed_out=1)}, LIMITS)


def test_one_leak_in_a_hold_fails() -> None:
    """A denial that is held has no budget."""
    claims = [allowed(OPEN), denied(SHUT)]

    with pytest.raises(RequirementFailed, match="stay denied"):
        judge_hold(
            claims, {claims[0]: seen(OPEN, delivered=100), claims[1]: seen(SHUT, not_delivered=99, delivered=1)}, LIMITS
        )


def test_denial_counts_only_while_the_control_lasts() -> None:
    """When the control dies during the hold, the denial beside it proves nothing."""
    claims = [control(OPEN), denied(SHUT)]

    with pytest.raises(Inconclusive, match="did not last"):
        judge_hold(
            claims,
            {claims[0]: seen(OPEN, delivered=50, not_delivered=50), claims[1]: seen(SHUT, not_delivered=100)},
            LIMITS,
        )


def test_steady_has_no_exception_and_allowed_a_stated_share() -> None:
    """One refusal in a hundred breaks `steady` and leaves `allowed` alone."""
    mixed = seen(OPEN, delivered=99, not_delivered=1)

    judge_hold([allowed(OPEN)], {allowed(OPEN): mixed}, LIMITS)
    with pytest.raises(NotReached):
        judge_hold([steady(OPEN)], {steady(OPEN): mixed}, LIMITS)


def test_datagrams_that_arrive_are_let_through_however_late_their_answers_are() -> None:
    """Their patience is short; that not one is answered is another matter, and so are requests and what is lost."""
    udp = replace(OPEN, kind="udp")
    judge_hold([allowed(udp)], {allowed(udp): seen(udp, delivered=1, timed_out=39)}, LIMITS)
    judge_hold([control(udp)], {control(udp): seen(udp, delivered=1, timed_out=38, not_delivered=1)}, LIMITS)
    for call, outcomes in ((udp, {"timed_out": 40}), (OPEN, {"delivered": 30, "timed_out": 10})):
        with pytest.raises(Inconclusive, match="answered too slowly"):
            judge_hold([allowed(call)], {allowed(call): seen(call, **outcomes)}, LIMITS)
    with pytest.raises(NotReached):
        judge_hold([allowed(udp)], {allowed(udp): seen(udp, delivered=1, timed_out=29, not_delivered=10)}, LIMITS)


def test_all_as_claimed_raises_nothing() -> None:
    """A right mesh passes."""
    claims = [steady(OPEN), denied(SHUT)]

    judge_hold(claims, {claims[0]: seen(OPEN, delivered=100), claims[1]: seen(SHUT, not_delivered=100)}, LIMITS)
