"""Drive claims to a verdict: poll until they hold, hold them, and check the harness before blaming the mesh."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn

from pytest_smi.cluster.wait import waits
from pytest_smi.errors import SmiError
from pytest_smi.scenario.context import Context
from pytest_smi.scenario.controls import unproven
from pytest_smi.scenario.deciding import decision_of
from pytest_smi.scenario.deployment import Deployment
from pytest_smi.scenario.verdict import (
    Claim,
    Inconclusive,
    NotReached,
    RequirementFailed,
    Unanswered,
    judge_hold,
    judge_unsettled,
    settled,
)
from pytest_smi.testbed.observe import plan_batch
from pytest_smi.testbed.probing.observation import Observation
from pytest_smi.testbed.probing.plan import Call
from pytest_smi.testbed.workloads import HTTP

_EXPLAINED = 4
"""Calls of a failure for which the evidence tells what should have decided them."""


class Expectations:
    """Claims about calls, judged together."""

    def __init__(self, context: Context, deployment: Deployment) -> None:
        self._context, self._deployment, self._limits = context, deployment, context.limits
        self.denials: list[Claim] = []
        """Claims of all kinds that held although nothing arrived."""
        self.opened: list[Call] = []
        """Calls that arrived, as claimed."""

    def expect(self, *claims: Claim, hold: bool = True) -> dict[Claim, Observation]:
        """Settle all claims together, then hold them together (`hold=False`: settling is enough);
        returns the last observations.

        A denial needs a control: an allowed, steady or control claim on the same path,
        here or elsewhere in the assertion (see `controls`).
        """
        seen = self._settle(claims)
        if hold:
            seen = self._hold(claims)
        self.denials += [claim for claim in claims if not claim.kind.opens]
        self.opened += [claim.call for claim in claims if claim.kind.opens]
        return seen

    def sample(self, *calls: Call, times: int = 1) -> list[Observation]:
        """Send without judging: for readings and for counts."""
        seen = self._context.observe(
            self._deployment.servers, [plan_batch(call, times, self._limits) for call in calls]
        )
        self._context.evidence.event("sampled", calls=[observation.to_json() for observation in seen])
        return seen

    def send(self, plan: Mapping[Call, int], at_once: Callable[[Call], int | None]) -> dict[Call, Observation]:
        """Send every call as often as the plan says, all calls together, without judging: known traffic, to be counted
        elsewhere. `at_once`: how many requests of a call are under way at the same time; None: as many as usual."""
        batches = [plan_batch(call, times, self._limits, at_once=at_once(call)) for call, times in plan.items()]
        seen = dict(zip(plan, self._context.observe(self._deployment.servers, batches), strict=True))
        self._context.evidence.event("sent", calls=[observation.to_json() for observation in seen.values()])
        return seen

    def check_health(self, calls: Sequence[Call]) -> None:
        """Prove that servers answer themselves and names resolve; raises HarnessError or ClusterError otherwise."""
        for journal in self._context.testbed.journals(self._deployment.servers):
            journal.check_alive(HTTP)
        for call in calls:
            if call.address is None:
                self._context.testbed.prober(call.source).resolve(call.host)
        self._context.evidence.event("harness is healthy: servers answer themselves, names resolve")

    def attribute_failure(self, error: NotReached, calls: Sequence[Call]) -> NoReturn:
        """Fail the requirement for traffic that did not get through, if it is the mesh's doing; else inconclusive."""
        try:
            self.check_health(calls)
        except SmiError as broken:
            raise Inconclusive(f"the harness is not healthy: {broken}") from error
        raise error

    def _settle(self, claims: Sequence[Claim]) -> dict[Claim, Observation]:
        right = False
        idle = max(map(self._context.idle_for, (claim.call for claim in claims)), default=0.0)
        rounds = self._context.rounds(_as_claimed(len(claims)), idle=idle)
        for number in rounds:
            # One probe each while the state is wrong; the stated number once it looks right.
            probes = self._limits.settle_probes if right else 1
            seen = self._round(claims, probes)
            still_open = settled(claims, seen)
            if not still_open and probes == self._limits.settle_probes:
                self._record("settled", rounds.waited, number, seen)
                return seen
            right = not still_open
            if right:
                rounds.at_once()
                continue
            deadline = self._patience(still_open)
            if rounds.over(deadline, fewest=self._context.fewest_rounds(deadline, idle)):
                self._record("did not settle", rounds.waited, number, seen)
                self._explain(still_open)
                self._unsettled(still_open, seen, rounds.waited)
        raise AssertionError("rounds never end by themselves")

    def _patience(self, still_open: Sequence[Claim]) -> float:
        """Return how long to wait for these claims: less when only controls are open and two did not hold before."""
        lost = self._context.testbed.failed_controls >= 2 and not any(claim.kind.required for claim in still_open)
        return self._limits.settle_deadline * (self._limits.control_patience if lost else 1)

    def _unsettled(self, still_open: Sequence[Claim], seen: dict[Claim, Observation], waited: float) -> NoReturn:
        try:
            judge_unsettled(still_open, seen, waited)
        except NotReached as error:
            self.attribute_failure(error, [claim.call for claim in still_open])
        except Inconclusive:
            self._context.testbed.failed_controls += 1
            raise
        raise Inconclusive("no claim explains why the state was not reached")

    def _hold(self, claims: Sequence[Claim]) -> dict[Claim, Observation]:
        seen = self._held(claims)
        try:
            try:
                judge_hold(claims, seen, self._limits)
            except Unanswered:
                before, seen = seen, self._held(claims)
                judge_hold(claims, seen, self._limits, before=before)
                raise  # what was lost stays unexplained
        except RequirementFailed as error:
            self._explain([claim for claim in claims if not seen[claim].all(claim.expected)])
            if isinstance(error, NotReached):
                self.attribute_failure(error, [claim.call for claim in claims])
            raise
        return seen

    def _held(self, claims: Sequence[Claim]) -> dict[Claim, Observation]:
        waits.info("for %.3g s of traffic to hold", self._limits.hold_seconds)
        batches = [
            plan_batch(
                claim.call,
                max(1, self._limits.hold_probes // len(claim.call.requests)),
                self._limits,
                spread=self._limits.hold_seconds,
            )
            for claim in claims
        ]
        seen = dict(zip(claims, self._context.observe(self._deployment.servers, batches), strict=True))
        self._record("held", self._limits.hold_seconds, 1, seen)
        return seen

    def _round(self, claims: Sequence[Claim], probes: int) -> dict[Claim, Observation]:
        batches = [plan_batch(claim.call, probes, self._limits) for claim in claims]
        return dict(zip(claims, self._context.observe(self._deployment.servers, batches), strict=True))

    def _explain(self, wrong: Sequence[Claim]) -> None:
        """Put into the evidence which objects should have decided these calls."""
        for claim in [claim for claim in wrong if claim.kind.required][:_EXPLAINED]:
            decision = decision_of(claim.call, self._context.applied)
            if decision is not None:
                self._context.evidence.event("what should have decided", **decision)

    def pending_controls(self) -> list[Claim]:
        """Return the denials for which no opening on the same path stands so far."""
        return unproven(self.denials, self.opened)

    def _record(self, what: str, waited: float, rounds: int, seen: dict[Claim, Observation]) -> None:
        claims = [{"claim": claim.kind.value, **observation.to_json()} for claim, observation in seen.items()]
        self._context.evidence.event(what, seconds=round(waited, 3), rounds=rounds, claims=claims)


def _as_claimed(calls: int) -> str:
    return "1 call comes out as claimed" if calls == 1 else f"{calls} calls come out as claimed"
