"""Settle, count and excuse: what every judgement of destinations does with the requests of a call before it judges.

Every count is of nonces at servers, so a lost request is a loss, never a share.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn, TypeVar

from pytest_smi.scenario.context import Context
from pytest_smi.scenario.deployment import Deployment
from pytest_smi.scenario.direct_ways import DirectWays
from pytest_smi.scenario.expectations import Expectations
from pytest_smi.scenario.roots import Roots
from pytest_smi.scenario.sampling.settling import OnPlaces, Place, Settling, State, Target
from pytest_smi.scenario.verdict import Inconclusive, NotReached, RequirementFailed
from pytest_smi.testbed.observe import plan_batch
from pytest_smi.testbed.probing.observation import Observation, Outcome
from pytest_smi.testbed.probing.plan import Call

T = TypeVar("T")
ATTEMPTS = 2
"""How often at most a test of settled traffic is made, see `judge`:
what a wrong mesh may pass by is shared out among them."""


class CannotTell(Exception):
    """A bug of the suite: a state that is to be waited for looks like the state before the change."""


class Traffic:
    """Requests of a call, by the server that they reach."""

    def __init__(self, context: Context, deployment: Deployment, expectations: Expectations, roots: Roots) -> None:
        self._context, self._deployment, self._expectations, self._roots = context, deployment, expectations, roots
        self._limits = context.limits
        self._ways = DirectWays(context, deployment, expectations, self.observe_each)

    def settle(self, call: Call, target: Target, *, deadline: float | None = None) -> None:
        """Poll until blocks in a row are answered in full, look like the target, and cannot be of a state before.

        Raise as `attribute` when the deadline passes. Raise CannotTell where the limit of blocks could not tell the
        target from a state before: the assertion needs another root or other weights.
        """
        limits = self._limits
        patience, idle = limits.settle_deadline if deadline is None else deadline, self._context.idle_for(call)
        settling = Settling(target, self._roots.before(call), alpha=limits.settle_alpha)
        if (state := settling.hopeless(limits.share_block, limits.settle_blocks)) is not None:
            raise CannotTell(f"{call.label}: {target.words} cannot be told from the state before it: {_words(state)}")
        if idle:
            # A client that calls before it can know split and servers keeps to what it finds then, and that may look
            # right for a while.
            self._context.pause(idle)
        rounds = self._context.rounds(f"traffic is shared as expected: {target.words}", idle=idle)
        for number in rounds:
            size = limits.share_block if settling.in_a_row or number % 2 else limits.share_block // 2
            observation = self.observe(call, size)
            if settling.feed(self.places(observation) if observation.all(Outcome.DELIVERED) else None):
                break
            if settling.in_a_row:
                rounds.at_once()
            elif rounds.over(patience, fewest=self._context.fewest_rounds(patience, idle)):
                self._did_not_settle(call, observation, target, rounds.waited)
        self._roots.arrived(call)
        stated = {"idle_between": idle} if idle else {}
        before = [_words(state) for state in settling.before]
        self._context.evidence.event(
            "shares settled", call=call.label, expected=target.words, blocks=rounds.rounds, not_before=before, **stated
        )

    def control(self, call: Call, target: Target) -> None:
        """Control: as `settle`, but inconclusive when the split is not in effect;
        after two lost controls with less patience."""
        patience = self._limits.settle_deadline * (
            self._limits.control_patience if self._context.testbed.failed_controls >= 2 else 1
        )
        try:
            self.settle(call, target, deadline=patience)
        except RequirementFailed as error:
            self._context.testbed.failed_controls += 1
            raise Inconclusive(f"the split that this needs is not in effect: {error}") from error

    def judge(self, calls: Sequence[Call], test: Callable[[], T]) -> T:
        """Return what a test of settled traffic returns; what fails while the mesh may still be changing over is tested
        once more.

        A mesh may reach its new state in several steps, and one in between may have looked settled. So only what was
        sent after the time that a mesh has to settle fails it.
        """
        try:
            return test()
        except RequirementFailed as error:
            left = self._context.time_to_settle
            if left <= 0:
                raise
            self._context.evidence.event(
                "failed before the time to settle was over: tested once more after it", reason=str(error), left=left
            )
        self._context.pause(max(left, *map(self._context.idle_for, calls)))
        return test()

    def count(self, call: Call, trials: int) -> Counter[str]:
        """Send `trials` requests and return how many each server got; raise as `arrived`."""
        counts: Counter[str] = Counter()
        for start in range(0, trials, 500):
            counts += Counter(self.arrived(call, self.observe(call, min(500, trials - start))))
        return counts

    def arrived(self, call: Call, observation: Observation) -> list[str]:
        """Return the workload that each arrival reached, in the order of sending; too many losses fail the mesh."""
        times, outcomes = len(observation.probes), observation.outcomes
        lost = times - outcomes[Outcome.DELIVERED]
        if outcomes[Outcome.TIMED_OUT] > self._limits.loss_budget * times:
            raise Inconclusive(f"{call.label}: {outcomes[Outcome.TIMED_OUT]} of {times} answers were too slow to count")
        if lost > max(1, self._limits.loss_budget * times):
            example = observation.first_not(Outcome.DELIVERED)
            error = NotReached(
                f"{call.label}: {lost} of {times} requests were lost ({example.describe() if example else ''})"
            )
            self.attribute(error, call, lost=True)
        return self.labels(observation)

    def attribute(self, error: NotReached, call: Call, *, lost: bool) -> NoReturn:
        """Fail the requirement; inconclusive when requests are `lost` on the direct way to the servers too, where no
        split is."""
        if lost:
            self._ways.require(error, call)
        self._expectations.attribute_failure(error, [call])

    def observe(self, call: Call, times: int) -> Observation:
        """Send one call `times` times."""
        return self.observe_each([call], [times])[0]

    def observe_each(self, calls: Sequence[Call], times: Sequence[int]) -> list[Observation]:
        """Send each call so many times, all at once."""
        batches = [
            plan_batch(call, max(1, n // len(call.requests)), self._limits)
            for call, n in zip(calls, times, strict=True)
        ]
        return self._context.observe(self._deployment.servers, batches)

    def labels(self, observation: Observation) -> list[str]:
        """Return the workload that each arrival reached, in the order of sending;
        pods of no server by their own names."""
        owners = self._deployment.owners()
        return [owners.get(arrival.pod, arrival.pod) for probe in observation.probes for arrival in probe.arrivals]

    def places(self, observation: Observation) -> Counter[Place]:
        """Return how many requests arrived where: at which workload, on which of its ports."""
        owners = self._deployment.owners()
        return Counter(
            (owners.get(arrival.pod, arrival.pod), arrival.port)
            for probe in observation.probes
            for arrival in probe.arrivals
        )

    def _did_not_settle(self, call: Call, observation: Observation, target: Target, waited: float) -> NoReturn:
        expected, lost = target.words, observation.first_not(Outcome.DELIVERED)
        counts = Counter(self.labels(observation))
        if isinstance(target, OnPlaces):
            counts = Counter({f"{name}:{port}": n for (name, port), n in self.places(observation).items()})
        detail = f"; {lost.describe()}" if lost else ""
        size = len(observation.probes)
        self._context.evidence.event(
            "shares did not settle",
            call=call.label,
            expected=expected,
            last=dict(counts),
            sent=size,
            lost=f"{size - observation.outcomes[Outcome.DELIVERED]} of {size}{detail}" if lost else "",
            seconds=round(waited, 3),
        )
        error = NotReached(
            f"{call.label}: expected {expected}, found {tally(counts)} of {size} after {waited:.1f} s{detail}"
        )
        self.attribute(error, call, lost=lost is not None)


def tally(counts: Mapping[str, int]) -> str:
    """Return the counts in words: `25 at v1, 25 at v2`."""
    return ", ".join(f"{n} at {name}" for name, n in sorted(counts.items())) or "none anywhere"


def _words(state: State) -> str:
    return ", ".join(f"{share:.1%} at {name}:{port}" for (name, port), share in state.items())
