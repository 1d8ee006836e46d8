"""Claims, and the judgement of observations against them. Pure.

Four kinds of claims. *allowed* and *denied* are what the requirement says; when one is violated the mesh fails.
*control* (open) and *closed* are what must hold for the requirement to be judged at all; when one of those is
violated the result is inconclusive, never passed and never failed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pytest_smi.core.limits import Limits
from pytest_smi.scenario.silence import contradictions, like_a_denial, silent
from pytest_smi.testbed.probing.observation import Observation, Outcome
from pytest_smi.testbed.probing.plan import Call


class RequirementFailed(AssertionError):
    """The mesh does not do what the requirement says."""


class NotReached(RequirementFailed):
    """Traffic that the requirement allows did not get through.

    The mesh's failure only when servers, probers and names are healthy; whoever catches this checks that first.
    """


class Inconclusive(Exception):
    """The requirement could not be judged: a control did not hold or the harness broke."""


class Unanswered(Inconclusive):
    """So many requests of a hold got no answer and arrived nowhere that another hold is to tell whether that stays."""


def require(condition: bool, reason: str) -> None:
    """Fail the requirement unless `condition`."""
    if not condition:
        raise RequirementFailed(reason)


class Kind(StrEnum):
    """What a claim says and whose fault its violation is."""

    ALLOWED = "allowed"
    """Arrives and is answered: the requirement."""
    STEADY = "steady"
    """As allowed, and without a single exception while it is held."""
    DENIED = "denied"
    """Does not arrive: the requirement."""
    CONTROL = "control"
    """Arrives and is answered: the proof that path and server work."""
    CLOSED = "closed"
    """Does not arrive: the proof that the mesh is in the path."""

    @property
    def opens(self) -> bool:
        """Whether traffic should arrive."""
        return self in (Kind.ALLOWED, Kind.STEADY, Kind.CONTROL)

    @property
    def required(self) -> bool:
        """Whether the requirement itself says so."""
        return self in (Kind.ALLOWED, Kind.STEADY, Kind.DENIED)


@dataclass(frozen=True, slots=True)
class Claim:
    """A call and what should become of it."""

    kind: Kind
    call: Call

    @property
    def expected(self) -> Outcome:
        """The outcome that every probe should have."""
        return Outcome.DELIVERED if self.kind.opens else Outcome.NOT_DELIVERED

    def __str__(self) -> str:
        return f"{self.kind.value}: {self.call.label}"


def allowed(call: Call) -> Claim:
    """Claim what the requirement says: this call succeeds."""
    return Claim(Kind.ALLOWED, call)


def steady(call: Call) -> Claim:
    """Claim what the requirement says: this call succeeds, every single time."""
    return Claim(Kind.STEADY, call)


def denied(call: Call) -> Claim:
    """Claim what the requirement says: this call does not reach the server."""
    return Claim(Kind.DENIED, call)


def control(call: Call) -> Claim:
    """This call must succeed for the rest to mean anything."""
    return Claim(Kind.CONTROL, call)


def closed(call: Call) -> Claim:
    """This call must not reach the server yet, or the mesh is not in the path."""
    return Claim(Kind.CLOSED, call)


def settled(claims: Sequence[Claim], seen: Mapping[Claim, Observation]) -> list[Claim]:
    """Return the claims that do not hold in this round; empty means that the round is right."""
    return [claim for claim in claims if not seen[claim].all(claim.expected)]


def judge_unsettled(open_claims: Sequence[Claim], seen: Mapping[Claim, Observation], waited: float) -> None:
    """Raise for a state that was not reached by the deadline: what is conclusive first.

    A probe that arrives where it is denied proves itself. A probe that does not arrive where it is allowed is the
    mesh's failure only while every control holds (the caller has proved before that servers and names are healthy).
    """
    leaks = [
        claim
        for claim in open_claims
        if claim.kind is Kind.DENIED and any(probe.arrivals for probe in seen[claim].probes)
    ]
    if leaks:
        raise RequirementFailed(
            _reason(leaks[0], seen[leaks[0]], f"still reaches the server {waited:.1f} s after the change")
        )
    controls = [c for c in open_claims if not c.kind.required]
    if controls:
        raise Inconclusive(
            _reason(
                controls[0], seen[controls[0]], f"did not hold within {waited:.1f} s, so the result is inconclusive"
            )
        )
    for claim in open_claims:
        if seen[claim].outcomes[Outcome.TIMED_OUT]:
            raise Inconclusive(_reason(claim, seen[claim], f"was answered too slowly for {waited:.1f} s"))
        raise NotReached(_reason(claim, seen[claim], f"did not come to hold within {waited:.1f} s"))


def judge_hold(
    claims: Sequence[Claim],
    seen: Mapping[Claim, Observation],
    limits: Limits,
    *,
    before: Mapping[Claim, Observation] | None = None,
) -> None:
    """Raise when a state that was reached did not last: one leak is a failure; controls need their stated share.

    Requests that got no answer and arrived nowhere fail an opening only when `before`, the hold just before this one,
    had too many of them as well (see `silence`); without it, Unanswered asks for another hold.
    """
    for claim in claims:
        if claim.kind is Kind.DENIED and not seen[claim].all(Outcome.NOT_DELIVERED):
            raise RequirementFailed(_reason(claim, seen[claim], "reached the server while it should stay denied"))
    for claim in claims:
        if claim.kind is Kind.CLOSED and not seen[claim].all(Outcome.NOT_DELIVERED):
            raise Inconclusive(
                _reason(
                    claim, seen[claim], "reached the server before anything allowed it: the mesh is not in the path"
                )
            )
        if claim.kind is Kind.CONTROL and not _lasted(seen[claim], limits):
            raise Inconclusive(_reason(claim, seen[claim], "did not last while the denial beside it was held"))
    short = [claim for claim in claims if claim.kind in (Kind.ALLOWED, Kind.STEADY) and not _kept(claim, seen, limits)]
    for claim in short:
        probes = len(seen[claim].probes)
        if probes - contradictions(seen[claim]) < _needed(claim, limits) * probes:
            raise NotReached(_reason(claim, seen[claim], "did not last"))
        again = before is not None and like_a_denial(before[claim], limits)
        if again and like_a_denial(seen[claim], limits):
            raise NotReached(_reason(claim, seen[claim], "got no answer and arrived nowhere, in two holds in a row"))
    for claim in short:
        if not silent(seen[claim]):
            raise Inconclusive(_reason(claim, seen[claim], "was answered too slowly"))
        what = "got no answer and arrived nowhere, which a busy node explains as well as a denial"
        error = Unanswered if before is None and like_a_denial(seen[claim], limits) else Inconclusive
        raise error(_reason(claim, seen[claim], what))


def _kept(claim: Claim, seen: Mapping[Claim, Observation], limits: Limits) -> bool:
    return seen[claim].all(Outcome.DELIVERED) if claim.kind is Kind.STEADY else _lasted(seen[claim], limits)


def _needed(claim: Claim, limits: Limits) -> float:
    """Return the share of an opening's requests without which it is broken."""
    return 1.0 if claim.kind is Kind.STEADY else limits.control_share


def _lasted(seen: Observation, limits: Limits) -> bool:
    """Return whether enough requests were delivered. Of datagrams, whose patience is short since denied ones cost all
    of it, those count that arrived, once one answer came: the others are late on a busy node."""
    delivered = seen.outcomes[Outcome.DELIVERED]
    if delivered and seen.batch.call.kind == "udp":
        delivered += seen.outcomes[Outcome.TIMED_OUT]
    return delivered >= limits.control_share * len(seen.probes)


def _reason(claim: Claim, seen: Observation, what: str) -> str:
    example = seen.first_not(claim.expected)
    tally = ", ".join(f"{n} {outcome.value}" for outcome, n in sorted(seen.outcomes.items()))
    return f"{claim} {what} ({tally}{'; ' + example.describe() if example else ''})"
