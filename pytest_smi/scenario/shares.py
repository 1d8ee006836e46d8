"""Judge how traffic to a root Service is divided: sequential tests for weights, exact counts for the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from pytest_smi.scenario.context import Context
from pytest_smi.scenario.sampling.explain import explain, state_json
from pytest_smi.scenario.sampling.settling import Only, Weighted
from pytest_smi.scenario.sampling.share_test import Decision, ShareTest, next_batch
from pytest_smi.scenario.traffic import ATTEMPTS, Traffic, tally
from pytest_smi.scenario.verdict import Inconclusive, RequirementFailed
from pytest_smi.testbed.probing.observation import Probe
from pytest_smi.testbed.probing.plan import Call
from pytest_smi.testbed.workloads import Workload


class Shares:
    """Judgements of how many requests each server gets."""

    def __init__(self, context: Context, traffic: Traffic) -> None:
        self._context, self._traffic, self._limits = context, traffic, context.limits

    def share(self, call: Call, weights: Mapping[Workload, int], *, settle: bool = True) -> Counter[str]:
        """Requirement: fresh requests of `call` reach the workloads in proportion to `weights`, and nothing else.

        Settles first (see `Traffic.settle`), then tests sequentially with the stated errors,
        both attempts of `Traffic.judge` together.
        Raise RequirementFailed for a rejected share, a leak to weight 0, or too many lost requests.
        """
        return self.share_each([call], weights, settle=settle)[0]

    def share_each(
        self, calls: Sequence[Call], weights: Mapping[Workload, int], *, settle: bool = True
    ) -> list[Counter[str]]:
        """Requirement: as `share`, for each of several calls on its own while all of them send at the same time."""
        if settle:
            for call in calls:
                self.settle_shares(call, weights)
        limits, expected = self._limits, {workload.name: weight for workload, weight in weights.items()}
        plan = ShareTest.from_weights(
            expected,
            alpha=limits.share_alpha,
            beta=limits.share_beta / ATTEMPTS,
            delta=limits.share_delta,
            leak=limits.share_leak,
            small=limits.share_small,
        )
        return self._traffic.judge(calls, lambda: self._test(calls, plan))

    def _test(self, calls: Sequence[Call], plan: ShareTest) -> list[Counter[str]]:
        states = [plan.start() for _ in calls]
        totals: list[Counter[str]] = [Counter() for _ in calls]
        probes: list[tuple[Probe, ...]] = [() for _ in calls]
        while undecided := [i for i, state in enumerate(states) if state.decision is Decision.UNDECIDED]:
            batches = [next_batch(states[i]) for i in undecided]
            for i, batch in zip(undecided, batches, strict=True):
                if batch <= 0:
                    raise Inconclusive(f"{calls[i].label}: no decision on shares: {explain(states[i])}")
            seen = self._traffic.observe_each([calls[i] for i in undecided], batches)
            for i, observation in zip(undecided, seen, strict=True):
                # In the order of sending, so that the test can stop at the very request that decides it.
                labels = self._traffic.labels(observation)
                totals[i].update(labels)
                states[i] = states[i].feed(labels)
                # Losses are judged over all batches: one in each small batch would be many in all.
                probes[i] += observation.probes
                self._traffic.arrived(calls[i], replace(observation, probes=probes[i]))
        for call, state in zip(calls, states, strict=True):
            self._context.evidence.event("shares tested", call=call.label, test=state_json(state))
        for call, state in zip(calls, states, strict=True):
            if state.decision is Decision.REJECTED:
                raise RequirementFailed(f"{call.label}: {explain(state)}")
        return totals

    def only(
        self, call: Call, workloads: Iterable[Workload], *, trials: int | None = None, settle: bool = True
    ) -> Counter[str]:
        """Requirement: all of `trials` requests (`count_trials`) reach these workloads, each of them at least once,
        and nothing else."""
        trials = trials or self._limits.count_trials
        names = [workload.name for workload in workloads]
        if not settle:
            return self._only(call, names, trials)
        self._traffic.settle(call, Only(names))
        return self._traffic.judge([call], lambda: self._only(call, names, trials))

    def _only(self, call: Call, names: Sequence[str], trials: int) -> Counter[str]:
        counts = self._traffic.count(call, trials)
        self._context.evidence.event("counted", call=call.label, trials=trials, counts=dict(sorted(counts.items())))
        unexpected = {name: n for name, n in counts.items() if name not in names}
        if unexpected:
            raise RequirementFailed(
                f"{call.label}: of {trials} requests {tally(unexpected)} went elsewhere than to {', '.join(names)}"
            )
        unseen = [name for name in names if not counts[name]]
        if unseen:
            raise RequirementFailed(
                f"{call.label}: {', '.join(unseen)} got none of {trials} requests ({tally(counts)})"
            )
        return counts

    def at_least_once(self, call: Call, workload: Workload) -> int:
        """Requirement: `workload` gets at least one of up to `rare_trials` requests;
        return after how many (to a block)."""
        return self._traffic.judge([call], lambda: self._at_least_once(call, workload, self._limits.rare_trials))

    def _at_least_once(self, call: Call, workload: Workload, trials: int) -> int:
        sent = 0
        while sent < trials:
            block = min(200, trials - sent)
            counts = self._traffic.count(call, block)
            sent += block
            if counts[workload.name]:
                self._context.evidence.event(
                    "counted", call=call.label, trials=sent, counts=dict(sorted(counts.items()))
                )
                return sent
        raise RequirementFailed(f"{call.label}: {workload.name} got none of {sent} requests")

    def settle_shares(self, call: Call, weights: Mapping[Workload, int]) -> None:
        """Poll until blocks of requests show the shares and no state before the change;
        raise CannotTell for weights too close to one."""
        self._traffic.settle(call, self._weighted(weights))

    def control_shares(self, call: Call, weights: Mapping[Workload, int]) -> None:
        """Control: as `settle_shares`, but the split not being in effect makes the assertion inconclusive."""
        self._traffic.control(call, self._weighted(weights))

    def _weighted(self, weights: Mapping[Workload, int]) -> Weighted:
        total, limits = sum(weights.values()), self._limits
        shares = {workload.name: weight / total for workload, weight in weights.items()}
        return Weighted(shares, sigmas=limits.settle_sigmas, spare=limits.settle_spare, must_see=limits.settle_must_see)
