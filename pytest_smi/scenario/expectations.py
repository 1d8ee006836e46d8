"""Drive claims to a verdict: poll until they hold, hold them, and check the harness before blaming the mesh."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NoReturn

from pytest_smi.cluster.wait import pause
from pytest_smi.errors import SmiError
from pytest_smi.scenario.context import Stage
from pytest_smi.scenario.verdict import Claim, Inconclusive, NotReached, judge_hold, judge_unsettled, settled
from pytest_smi.testbed.observe import observe, volley
from pytest_smi.testbed.probing.observation import Observation
from pytest_smi.testbed.probing.plan import Call
from pytest_smi.testbed.workloads import HTTP


class Expectations(Stage):
    """The part of a scene that judges claims."""

    owed: list[Claim]
    """Denials that no control has vouched for yet."""

    def expect(self, *claims: Claim, hold: bool = True) -> dict[Claim, Observation]:
        """Settle all claims together, then hold them together (`hold=False`: settling is enough); returns the last observations.

        A denial needs a control: an allowed, steady or control claim on the same server, here or later in the assertion.
        """
        seen = self._settle(claims)
        if hold:
            seen = self._hold(claims)
        self._settle_debts(claims)
        return seen

    def look(self, *calls: Call, times: int = 1) -> list[Observation]:
        """Send without judging: for readings and for counts."""
        seen = observe(self.testbed, self.servers, [volley(call, times, self.limits) for call in calls])
        self.evidence.event("looked", calls=[observation.to_json() for observation in seen])
        return seen

    def traffic(self, plan: Mapping[Call, int]) -> dict[Call, Observation]:
        """Send every call as often as the plan says, all at once, without judging: known traffic, to be counted elsewhere."""
        volleys = [volley(call, times, self.limits) for call, times in plan.items()]
        seen = dict(zip(plan, observe(self.testbed, self.servers, volleys), strict=True))
        self.evidence.event("sent", calls=[observation.to_json() for observation in seen.values()])
        return seen

    def check_health(self, calls: Sequence[Call]) -> None:
        """Prove that servers answer themselves and names resolve; raises HarnessError or ClusterError otherwise."""
        for journal in self.testbed.journals(self.servers):
            journal.check_alive(HTTP)
        for call in calls:
            if call.address is None:
                self.testbed.prober(call.source).resolve(call.host)
        self.evidence.event("harness is healthy: servers answer themselves, names resolve")

    def blame(self, error: NotReached, calls: Sequence[Call]) -> NoReturn:
        """Fail the requirement for traffic that did not get through, if it is the mesh's doing; else inconclusive."""
        try:
            self.check_health(calls)
        except SmiError as broken:
            raise Inconclusive(f"the harness is not healthy: {broken}") from error
        raise error

    def _settle(self, claims: Sequence[Claim]) -> dict[Claim, Observation]:
        started, rounds, right = self.clock(), 0, False
        pace, idle = 0.005, max(map(self.idle_for, (claim.call for claim in claims)), default=0.0)
        while True:
            # One probe each while the state is wrong; the stated number once it looks right.
            probes = self.limits.settle_probes if right else 1
            seen = self._round(claims, probes)
            still_open = settled(claims, seen)
            rounds += 1
            waited = self.clock() - started
            if not still_open and probes == self.limits.settle_probes:
                self._record("settled", waited, rounds, seen)
                return seen
            right = not still_open
            deadline = self.limits.settle_deadline
            if still_open and self.testbed.failed_controls >= 2 and not any(claim.kind.required for claim in still_open):
                deadline *= self.limits.control_patience
            if still_open and waited > deadline and rounds >= self.fewest_rounds(deadline, idle):
                self._record("did not settle", waited, rounds, seen)
                self._unsettled(still_open, seen, waited)
            if still_open:
                pause(max(pace, idle))
                pace = min(pace * 2, self.limits.poll_interval)

    def _unsettled(self, still_open: Sequence[Claim], seen: dict[Claim, Observation], waited: float) -> NoReturn:
        try:
            judge_unsettled(still_open, seen, waited)
        except NotReached as error:
            self.blame(error, [claim.call for claim in still_open])
        except Inconclusive:
            self.testbed.failed_controls += 1
            raise
        raise Inconclusive("no claim explains why the state was not reached")

    def _hold(self, claims: Sequence[Claim]) -> dict[Claim, Observation]:
        volleys = [
            volley(claim.call, max(1, self.limits.hold_probes // len(claim.call.requests)), self.limits, spread=self.limits.hold_seconds)
            for claim in claims
        ]
        seen = dict(zip(claims, observe(self.testbed, self.servers, volleys), strict=True))
        self._record("held", self.limits.hold_seconds, 1, seen)
        try:
            judge_hold(claims, seen, self.limits)
        except NotReached as error:
            self.blame(error, [claim.call for claim in claims])
        return seen

    def _round(self, claims: Sequence[Claim], probes: int) -> dict[Claim, Observation]:
        volleys = [volley(claim.call, probes, self.limits) for claim in claims]
        return dict(zip(claims, observe(self.testbed, self.servers, volleys), strict=True))

    def _settle_debts(self, claims: Sequence[Claim]) -> None:
        reachable = {claim.call.server for claim in claims if claim.kind.opens}
        self.owed.extend(claim for claim in claims if not claim.kind.opens)
        self.owed[:] = [claim for claim in self.owed if claim.call.server not in reachable]

    def _record(self, what: str, waited: float, rounds: int, seen: dict[Claim, Observation]) -> None:
        claims = [{"claim": claim.kind.value, **observation.to_json()} for claim, observation in seen.items()]
        self.evidence.event(what, seconds=round(waited, 3), rounds=rounds, claims=claims)
