"""Judge how traffic to a root Service is divided: sequential tests for weights, exact counts for the rest."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from pytest_smi.cluster.wait import pause
from pytest_smi.scenario.deployment import Cast
from pytest_smi.scenario.expectations import Expectations
from pytest_smi.scenario.sampling.explain import explain, state_json
from pytest_smi.scenario.sampling.share_test import Decision, ShareTest, next_batch
from pytest_smi.scenario.verdict import Inconclusive, NotReached, RequirementFailed
from pytest_smi.testbed.observe import observe, volley
from pytest_smi.testbed.probing.observation import Fate, Observation, Probe
from pytest_smi.testbed.probing.plan import Call
from pytest_smi.testbed.workloads import Workload


class Shares(Expectations, Cast):
    """The part of a scene that judges shares. Every count is of nonces at servers, so a lost request is a loss, never a share."""

    def share(self, call: Call, weights: Mapping[Workload, int], *, settle: bool = True) -> Counter[str]:
        """Requirement: fresh requests of `call` reach the workloads in proportion to `weights`, and nothing else.

        Settles first (two consecutive blocks in a loose band), then tests sequentially with the stated errors.
        Raises RequirementFailed for a rejected share, a leak to weight 0, or too many lost requests.
        """
        return self.share_each([call], weights, settle=settle)[0]

    def share_each(self, calls: Sequence[Call], weights: Mapping[Workload, int], *, settle: bool = True) -> list[Counter[str]]:
        """Requirement: as `share`, for each of several calls on its own while all of them send at the same time."""
        expected = {workload.name: weight for workload, weight in weights.items()}
        if settle:
            for call in calls:
                self.settle_shares(call, weights)
        plan = ShareTest.from_weights(expected, alpha=self.limits.share_alpha, beta=self.limits.share_beta, delta=self.limits.share_delta)
        states = [plan.start() for _ in calls]
        totals: list[Counter[str]] = [Counter() for _ in calls]
        probes: list[tuple[Probe, ...]] = [() for _ in calls]
        while undecided := [i for i, state in enumerate(states) if state.decision is Decision.UNDECIDED]:
            batches = [next_batch(states[i]) for i in undecided]
            for i, batch in zip(undecided, batches, strict=True):
                if batch <= 0:
                    raise Inconclusive(f"{calls[i].label}: no decision on shares: {explain(states[i])}")
            seen = self._observe_each([calls[i] for i in undecided], batches)
            for i, observation in zip(undecided, seen, strict=True):
                # In the order of sending, so that the test can stop at the very request that decides it.
                labels = self._labels(observation)
                totals[i].update(labels)
                states[i] = states[i].feed(labels)
                # Losses are judged over all batches: one in each small batch would be many in all.
                probes[i] += observation.probes
                self._counted(calls[i], replace(observation, probes=probes[i]))
        for call, state in zip(calls, states, strict=True):
            self.evidence.event("shares tested", call=call.label, test=state_json(state))
        for call, state in zip(calls, states, strict=True):
            if state.decision is Decision.REJECTED:
                raise RequirementFailed(f"{call.label}: {explain(state)}")
        return totals

    def only(self, call: Call, workloads: Iterable[Workload], *, trials: int = 500, settle: bool = True) -> Counter[str]:
        """Requirement: all of `trials` requests reach these workloads, each of them at least once, and nothing else."""
        names = [workload.name for workload in workloads]
        if settle:
            # All of them: a state in between, in which one gets everything, must not pass for the one that was asked for.
            self._settle_counts(call, lambda counts: set(counts) == set(names), f"only {', '.join(names)}")
        counts = self._count_all(call, trials)
        self.evidence.event("counted", call=call.label, trials=trials, counts=dict(sorted(counts.items())))
        strangers = {name: n for name, n in counts.items() if name not in names}
        if strangers:
            raise RequirementFailed(f"{call.label}: of {trials} requests {_tally(strangers)} went elsewhere than to {', '.join(names)}")
        unseen = [name for name in names if not counts[name]]
        if unseen:
            raise RequirementFailed(f"{call.label}: {', '.join(unseen)} got none of {trials} requests ({_tally(counts)})")
        return counts

    def at_least_once(self, call: Call, workload: Workload, *, trials: int) -> int:
        """Requirement: `workload` gets at least one of up to `trials` requests; returns after how many (to a block)."""
        sent = 0
        while sent < trials:
            block = min(200, trials - sent)
            counts = self._count(call, block)
            sent += block
            if counts[workload.name]:
                self.evidence.event("counted", call=call.label, trials=sent, counts=dict(sorted(counts.items())))
                return sent
        raise RequirementFailed(f"{call.label}: {workload.name} got none of {sent} requests")

    def settle_shares(self, call: Call, weights: Mapping[Workload, int]) -> None:
        """Poll until two consecutive blocks of requests lie in a loose band around the shares."""
        total = sum(weights.values())
        shares = {workload.name: weight / total for workload, weight in weights.items()}
        wanted = ", ".join(f"{name} {share:.1%}" for name, share in shares.items())
        self._settle_counts(call, lambda counts: _in_loose_band(counts, shares), wanted)

    def power_shares(self, call: Call, weights: Mapping[Workload, int]) -> None:
        """Control: as `settle_shares`, but the split not being in effect makes the assertion inconclusive."""
        try:
            self.settle_shares(call, weights)
        except RequirementFailed as error:
            self.testbed.failed_controls += 1
            raise Inconclusive(f"the split that this needs is not in effect: {error}") from error

    def _settle_counts(self, call: Call, right: Callable[[Counter[str]], bool], wanted: str) -> None:
        self._settle_blocks(call, lambda observation: right(Counter(self._labels(observation))), wanted)

    def _settle_blocks(self, call: Call, right: Callable[[Observation], bool], wanted: str, *, deadline: float | None = None) -> None:
        """Poll until two consecutive blocks are answered in full and look right; raises NotReached through `blame`."""
        patience = self.limits.settle_deadline if deadline is None else deadline
        started, blocks, in_a_row, pace, idle = self.clock(), 0, 0, 0.005, self.idle_for(call)
        if idle:
            # A client that calls before it can know split and servers keeps to what it finds then, and that may look right for a while.
            pause(idle)
        while in_a_row < 2:
            block = self.limits.share_block
            size = block if in_a_row or blocks % 2 == 0 else block // 2
            observation = self._observe(call, size)
            counts = Counter(self._labels(observation))
            blocks += 1
            ok = observation.all(Fate.OK) and right(observation)
            in_a_row = in_a_row + 1 if ok else 0
            waited = self.clock() - started
            if in_a_row == 0:
                if waited > patience and blocks >= self.fewest_rounds(patience, idle):
                    lost = observation.first_not(Fate.OK)
                    detail = f"; {lost.describe()}" if lost else ""
                    self.evidence.event(
                        "shares did not settle", call=call.label, wanted=wanted, last=dict(counts), seconds=round(waited, 3)
                    )
                    error = NotReached(f"{call.label}: wanted {wanted}, found {_tally(counts)} of {size} after {waited:.1f} s{detail}")
                    self._blame_split(error, call, lost=lost is not None)
                pause(max(pace, idle))
                pace = min(pace * 2, self.limits.poll_interval)
        stated = {"idle_between": idle} if idle else {}
        self.evidence.event("shares settled", call=call.label, wanted=wanted, blocks=blocks, **stated)

    def _count_all(self, call: Call, trials: int) -> Counter[str]:
        counts: Counter[str] = Counter()
        for start in range(0, trials, 500):
            counts += self._count(call, min(500, trials - start))
        return counts

    def _count(self, call: Call, times: int) -> Counter[str]:
        return Counter(self._counted(call, self._observe(call, times)))

    def _counted(self, call: Call, observation: Observation) -> list[str]:
        """Return the workload that each arrival reached, in the order of sending; too many losses fail the mesh."""
        times = len(observation.probes)
        lost = times - observation.fates[Fate.OK]
        if observation.fates[Fate.SLOW] > self.limits.loss_budget * times:
            raise Inconclusive(f"{call.label}: {observation.fates[Fate.SLOW]} of {times} answers were too slow to count")
        if lost > max(1, self.limits.loss_budget * times):
            example = observation.first_not(Fate.OK)
            error = NotReached(f"{call.label}: {lost} of {times} requests were lost ({example.describe() if example else ''})")
            self._blame_split(error, call, lost=True)
        return self._labels(observation)

    def _blame_split(self, error: NotReached, call: Call, *, lost: bool) -> None:
        """Fail the requirement; inconclusive when requests are lost on the direct way to the servers too, where no split is."""
        direct = self.direct_calls(call) if lost else []
        if not any(other.host == call.host for other in direct):
            for other, seen in zip(direct, self._observe_each(direct, [100] * len(direct)), strict=True):
                if seen.fates[Fate.OK] < (1 - self.limits.loss_budget) * len(seen.probes):
                    raise Inconclusive(f"{error}; but {other.label} loses requests as well, which no split explains") from error
        self.blame(error, [call])

    def _observe(self, call: Call, times: int) -> Observation:
        return self._observe_each([call], [times])[0]

    def _observe_each(self, calls: Sequence[Call], times: Sequence[int]) -> list[Observation]:
        volleys = [volley(call, max(1, n // len(call.requests)), self.limits) for call, n in zip(calls, times, strict=True)]
        return observe(self.testbed, self.servers, volleys)

    def _labels(self, observation: Observation) -> list[str]:
        owners = {pod.name: workload.name for workload in self.servers for pod in workload.pods}
        return [owners.get(arrival.pod, arrival.pod) for probe in observation.probes for arrival in probe.arrivals]


_MUST_BE_SEEN = 4
"""Expected requests of a block from which on none at all is hardly chance (2 % at most), and costs one more block."""


def _in_loose_band(counts: Mapping[str, int], shares: Mapping[str, float]) -> bool:
    """Whether one block lies within four standard deviations plus two of every share; nothing at weight 0 or elsewhere.

    Who should get four or more of the block must be seen: a state in between, in which one gets everything, is not the one waited for.
    """
    total = sum(counts.values())
    if not total or any(name not in shares or (shares[name] == 0 and n) for name, n in counts.items()):
        return False
    if any(total * p >= _MUST_BE_SEEN and not counts.get(name) for name, p in shares.items()):
        return False
    return all(abs(counts.get(name, 0) - total * p) <= 4 * math.sqrt(total * p * (1 - p)) + 2 for name, p in shares.items())


def _tally(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{n} at {name}" for name, n in sorted(counts.items())) or "none anywhere"
