"""Judging shares of traffic by a sequential test with stated errors: `ShareTest` is the plan,
`ShareState` what was seen so far. Pure.

With the errors `alpha` and `beta` and the deviation `delta` of the limits:
- a mesh with exactly the expected shares is rejected with probability at most alpha, all backends together;
- a mesh with any backend's share off by delta or more is accepted with probability at most beta;
- a backend of weight zero may not be hit at all, and is accepted after so many requests that a leak
  of `leak` is missed with at most beta;
- a share below `small` must be hit; a right mesh is rejected for missing it
  with probability at most alpha / 10;
- a hit on a name that is not a backend rejects at once.
In between, either answer is right. The test stops as soon as it knows, mostly after a few hundred requests; how the
bounds come about is told in `sprt`, and their exact errors in `error_bounds`.
Requests must be independent of what was seen before.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from pytest_smi.core.limits import Limits
from pytest_smi.scenario.sampling.error_bounds import decide_at_end
from pytest_smi.scenario.sampling.share_sides import backend_tests, sides_wanted
from pytest_smi.scenario.sampling.sprt import BackendTest, Side, divergence

__all__ = ["BackendResult", "Decision", "ShareState", "ShareTest", "next_batch", "wald_lower_bound"]

_STANDARD = Limits()
_SMALLEST_BATCH, _LARGEST_BATCH = 10, 200


class Decision(StrEnum):
    """What the test says."""

    UNDECIDED = "undecided"
    """Send more requests; or, when `exhausted`, the largest n was reached without an answer: neither pass nor fail."""
    ACCEPTED = "accepted"
    """The shares are as expected, within the errors stated."""
    REJECTED = "rejected"
    """The shares are not as expected, within the errors stated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendResult:
    """How one backend's test ended: at which n, and by which rule.

    An undecided outcome is final too: its largest n was reached.
    """

    decision: Decision
    n: int
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareTest:
    """The plan of a test: made once from the weights, used for any number of samples.

    `at_least`: accept no earlier than this n.
    """

    shares: dict[str, float]
    tests: tuple[BackendTest, ...]
    alpha: float
    beta: float
    delta: float
    at_least: int = 0

    @classmethod
    def from_weights(
        cls,
        weights: Mapping[str, float],
        *,
        alpha: float = _STANDARD.share_alpha,
        beta: float = _STANDARD.share_beta,
        delta: float = _STANDARD.share_delta,
        leak: float = _STANDARD.share_leak,
        small: float = _STANDARD.share_small,
        at_least: int = 0,
    ) -> "ShareTest":
        """Plan a test for backends with these weights (relative; zero allowed).

        Raises `ValueError` for senseless weights or errors.
        """
        total = math.fsum(weights.values())
        if not weights or not all(weight >= 0 and math.isfinite(weight) for weight in weights.values()) or total <= 0:
            raise ValueError(f"weights must be finite, not negative and not all zero; found {dict(weights)}")
        if not (0 < alpha < 0.5 and 0 < beta < 0.5 and 0 < delta < 0.5):
            raise ValueError(f"alpha, beta and delta must lie between 0 and 0.5; found {alpha}, {beta}, {delta}")
        shares = {name: weight / total for name, weight in sorted(weights.items())}
        return cls(
            shares=shares,
            tests=backend_tests(shares, alpha, beta, lambda share: sides_wanted(share, delta, leak, small)),
            alpha=alpha,
            beta=beta,
            delta=delta,
            at_least=at_least,
        )

    @property
    def n_max(self) -> int:
        """The number of requests after which every backend's test has ended."""
        return max(self.at_least, *(test.n_max for test in self.tests))

    def start(self) -> "ShareState":
        """Return the state before the first request."""
        return ShareState(
            plan=self, n=0, counts=dict.fromkeys(self.shares, 0), unexpected={}, outcomes=(None,) * len(self.tests)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareState:
    """What was seen and what follows from it.

    `n` counts requests that were answered by anybody; `outcomes` go with `plan.tests`.
    """

    plan: ShareTest
    n: int
    counts: dict[str, int]
    unexpected: dict[str, int]
    outcomes: tuple[BackendResult | None, ...]
    decision: Decision = Decision.UNDECIDED
    decided_at: int | None = None

    @property
    def exhausted(self) -> bool:
        """Undecided for good: more requests will not help."""
        ended = all(outcome is not None for outcome in self.outcomes) and self.n >= self.plan.at_least
        return self.decision is Decision.UNDECIDED and ended

    def feed(self, seen: Mapping[str, int] | Sequence[str]) -> "ShareState":
        """Return the state after more requests: names in the order of the requests (looked at one by one),
        or counts (looked at once).

        The errors hold either way; one by one decides earlier. Raises `ValueError` for negative counts.
        """
        if isinstance(seen, Mapping):
            if any(count < 0 for count in seen.values()):
                raise ValueError(f"counts must not be negative; found {dict(seen)}")
            return self._add(seen)
        state = self
        for index, name in enumerate(seen):
            state = state._add({name: 1})
            if state.decision is not Decision.UNDECIDED:
                # Nothing after the decision can change it, but for hits where there may be none; those are looked for
                # all the same.
                return state._add(Counter(seen[index + 1 :]))
        return state

    def _add(self, seen: Mapping[str, int]) -> "ShareState":
        if not any(seen.values()):
            return self
        counts, unexpected = dict(self.counts), dict(self.unexpected)
        for name, count in seen.items():
            into = counts if name in counts else unexpected
            into[name] = into.get(name, 0) + count
        n = self.n + sum(seen.values())
        pairs = zip(self.plan.tests, self.outcomes, strict=True)
        outcomes = tuple(_look(test, before, counts[test.backend], n, self.plan.beta) for test, before in pairs)
        unexpected = {name: count for name, count in unexpected.items() if count}
        state = replace(self, n=n, counts=counts, unexpected=unexpected, outcomes=outcomes)
        found = {outcome.decision if outcome else Decision.UNDECIDED for outcome in outcomes}
        if unexpected or Decision.REJECTED in found:
            decision = Decision.REJECTED
        elif found == {Decision.ACCEPTED} and n >= self.plan.at_least:
            decision = Decision.ACCEPTED
        else:
            decision = Decision.UNDECIDED
        if decision is self.decision:
            return state
        return replace(state, decision=decision, decided_at=n)


def next_batch(state: ShareState) -> int:
    """Return a good number of requests to send next: 0 when there is nothing to learn, else from 10 to 200.

    About a quarter of what is expected to be missing, so that few requests are sent in vain;
    all of it where nothing depends on chance.
    """
    if state.decision is not Decision.UNDECIDED or state.exhausted:
        return 0
    wanted = float(state.plan.at_least - state.n)
    for test, outcome in zip(state.plan.tests, state.outcomes, strict=True):
        if outcome is None:
            certain = not 0 < test.expected < 1
            missing = max(_missing(side, state.counts[test.backend], state.n) for side in test.sides)
            wanted = max(wanted, missing if certain else missing / 4)
    return max(_SMALLEST_BATCH, min(_LARGEST_BATCH, math.ceil(wanted)))


def wald_lower_bound(plan: ShareTest) -> float:
    """Wald's lower bound: no test with the same errors accepts a right mesh after fewer requests on average.

    The largest, over all sides, of the bound for telling the expected share from that one alternative.
    """
    a, b = plan.alpha, plan.beta
    needed = (1 - a) * math.log((1 - a) / b) + a * math.log(a / (1 - b))
    sides = [side for test in plan.tests for side in test.sides]
    return max(1.0, *(needed / divergence(side.expected, side.alternative) for side in sides))


def _look(test: BackendTest, before: BackendResult | None, hits: int, n: int, beta: float) -> BackendResult | None:
    if test.expected == 0 and hits:
        # Also after it was accepted: there is no chance by which a right mesh does this.
        return (
            before
            if before and before.decision is Decision.REJECTED
            else BackendResult(decision=Decision.REJECTED, n=n, by="a hit on weight zero")
        )
    if before is not None:
        return before
    if any(side.rejects(hits, n) for side in test.sides):
        return BackendResult(decision=Decision.REJECTED, n=n, by="sequential test")
    if all(side.accepts(hits, n) for side in test.sides):
        return BackendResult(decision=Decision.ACCEPTED, n=n, by="sequential test")
    if n >= test.n_max:
        return BackendResult(
            decision=Decision(decide_at_end(test, hits, n, beta)), n=n, by="exact binomial bound at the largest n"
        )
    return None


def _missing(side: Side, hits: int, n: int) -> float:
    """Requests that this side still needs on average if the mesh is right."""
    over = side.log_ratio(hits, n) - side.accept_at
    if over <= 0:
        return 0.0
    return 1 / side.expected if side.alternative == 0 else over / divergence(side.expected, side.alternative)
