"""Exact error probabilities of the sequential tests: binomial tails, and the chance that a wrong share is accepted.
Pure arithmetic.

The chance that a share q is accepted is, by change of measure, the mean of q's likelihood ratio where the test accepts,
under the expected share p. One pass over the (n, hits) grid under p therefore gives it for all alternatives at once.
Two choices make it hold for every way of batching requests: paths are never stopped by rejection, and each is counted
at the first n at which acceptance is possible.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

from pytest_smi.scenario.sampling.sprt import SEQUENTIAL_PART, BackendTest, Side, side_of

__all__ = ["acceptance_errors", "binomial_tails", "build_test", "decide_at_end"]

_NEGLIGIBLE = 1e-9
"""Probability below which a grid point is no longer followed; what that may hide is added to the error."""
_PASSES = 8
"""Most attempts at meeting the error allowed; the best bound found is sound whichever attempt it comes from."""


def binomial_tails(hits: int, n: int, share: float) -> tuple[float, float]:
    """P(X ≤ hits) and P(X ≥ hits) for X binomial with n trials of the given share."""
    if share <= 0 or share >= 1:
        certain = 0 if share <= 0 else n
        return float(certain <= hits), float(certain >= hits)
    log_p, log_q, log_n = math.log(share), math.log1p(-share), math.lgamma(n + 1)

    def mass(k: int) -> float:
        return math.exp(log_n - math.lgamma(k + 1) - math.lgamma(n - k + 1) + k * log_p + (n - k) * log_q)

    return min(1.0, math.fsum(map(mass, range(hits + 1)))), min(1.0, math.fsum(map(mass, range(hits, n + 1))))


def decide_at_end(test: BackendTest, hits: int, n: int, beta: float) -> str:
    """`rejected`, `accepted` or `undecided` by exact binomial tails, within the part of the errors kept for this."""
    rest = 1 - SEQUENTIAL_PART
    lower, upper = binomial_tails(hits, n, test.expected)
    for side in test.sides:
        if (upper if side.alternative > side.expected else lower) <= side.alpha * rest:
            return "rejected"
    for side in test.sides:
        lower, upper = binomial_tails(hits, n, side.alternative)
        if (lower if side.alternative > side.expected else upper) > beta * rest:
            return "undecided"
    return "accepted"


def acceptance_errors(sides: Sequence[Side], n_max: int) -> tuple[float, ...]:
    """For each side, the probability that a mesh with its alternative share is accepted at any look up to `n_max`."""
    p = sides[0].expected
    q = 1 - p
    errors = [0.0] * len(sides)
    hidden = 0.0
    # Paths that are still open, as (fewest hits, mass at each number of hits from there): what is accepted parts them
    # in two.
    live = [(0, [1.0])]
    for n in range(1, n_max + 1):
        lowest, highest = _accepted_hits(sides, n)
        still: list[tuple[int, list[float]]] = []
        for first, masses in live:
            grown = [here * q + before * p for here, before in zip([*masses, 0.0], [0.0, *masses], strict=True)]
            start = end = len(grown)
            if lowest <= highest:
                start = min(max(lowest - first, 0), len(grown))
                end = min(max(highest - first + 1, start), len(grown))
            for hits, mass in enumerate(grown[start:end], first + start):
                for number, side in enumerate(sides):
                    errors[number] += mass * math.exp(side.log_ratio(hits, n))
            for low, high in ((0, start), (end, len(grown))):
                while low < high and grown[high - 1] < _NEGLIGIBLE:
                    high -= 1
                    hidden += grown[high]
                while low < high and grown[low] < _NEGLIGIBLE:
                    hidden += grown[low]
                    low += 1
                if low < high:
                    still.append((first + low, grown[low:high]))
        live = still
        if not live:
            break
    # Where it accepts, a likelihood ratio is at most its bound: that is the most that a path no longer followed can
    # add.
    return tuple(error + hidden * math.exp(side.accept_at) for error, side in zip(errors, sides, strict=True))


def _accepted_hits(sides: Sequence[Side], n: int) -> tuple[int, int]:
    """Return the fewest and the most hits among n requests that every side accepts;
    the fewest is beyond the most when there are none.

    A log-likelihood ratio is linear in the hits, so that each side cuts off one end:
    the estimate of where is put right by the side itself.
    """
    lowest, highest = 0, n
    for side in sides:
        slope = side.up - side.down
        cut = (side.accept_at - n * side.down) / slope if math.isfinite(slope) else (0.0 if slope < 0 else n)
        hits = min(max(round(cut), 0), n)
        if slope > 0:
            while hits >= 0 and not side.accepts(hits, n):
                hits -= 1
            while 0 <= hits < n and side.accepts(hits + 1, n):
                hits += 1
            highest = min(highest, hits)
        else:
            while hits <= n and not side.accepts(hits, n):
                hits += 1
            while 0 < hits <= n and side.accepts(hits - 1, n):
                hits -= 1
            lowest = max(lowest, hits)
    return lowest, highest


def build_test(backend: str, expected: float, sides: tuple[tuple[str, float, float], ...], beta: float) -> BackendTest:
    """Return the test of a backend from (name, alternative, alpha) of each side,
    with acceptance bounds that just meet `beta`."""
    n_max, built = _bounds(expected, sides, beta)
    return BackendTest(backend=backend, expected=expected, sides=built, n_max=n_max)


@lru_cache(maxsize=256)
def _bounds(expected: float, sides: tuple[tuple[str, float, float], ...], beta: float) -> tuple[int, tuple[Side, ...]]:
    """Return the largest n and the sides of a test. Computed once for backends that expect the same."""
    spend = beta * SEQUENTIAL_PART
    if not 0 < expected < 1:
        # One kind of outcome cannot happen at all, so that the likelihood ratio is the error itself and nothing is left
        # for the end.
        ((name, alternative, alpha),) = sides
        only = side_of(name, expected, alternative, alpha, beta, beta)
        return math.ceil(only.accept_at / min(only.up, only.down)), (only,)
    n_max = _largest_n(expected, sides, beta)
    factors = [1.0] * len(sides)
    best = tuple(
        side_of(name, expected, other, alpha, spend, spend if other > 0 else 0.0) for name, other, alpha in sides
    )
    for _ in range(_PASSES):
        tried = [
            side_of(name, expected, other, a, f * spend, 0.0)
            for (name, other, a), f in zip(sides, factors, strict=True)
        ]
        errors = acceptance_errors(tried, n_max)
        if max(errors) <= spend:
            pairs = zip(sides, factors, errors, strict=True)
            best = tuple(
                side_of(name, expected, other, alpha, factor * spend, error)
                for (name, other, alpha), factor, error in pairs
            )
            if max(errors) >= 0.985 * spend or max(errors) == 0:
                break
        # A starved backend is refuted by a hit and by nothing else, however small the error of a laxer bound would be.
        factors = [
            1.0 if side.alternative <= 0 else max(1.0, f * 0.995 * spend / e)
            for side, f, e in zip(tried, factors, errors, strict=True)
        ]
    return n_max, best


def _largest_n(expected: float, sides: Sequence[tuple[str, float, float]], beta: float) -> int:
    """Return the least n at which the exact decision leaves (nearly) nothing undecided: normal approximation,
    with a tenth on top."""
    found = 1.0
    for _, other, alpha in sides:
        if other <= 0:
            # Without a single hit the sequential boundary itself rejects by then.
            found = max(found, math.log(alpha) / math.log1p(-expected))
            continue
        rest = 1 - SEQUENTIAL_PART
        spread = _quantile(alpha * rest) * math.sqrt(expected * (1 - expected)) + _quantile(beta * rest) * math.sqrt(
            other * (1 - other)
        )
        found = max(found, 1.1 * (spread / (other - expected)) ** 2)
    return math.ceil(found)


def _quantile(tail: float) -> float:
    """Return the z with P(Z ≥ z) = tail for a standard normal Z, to four digits; 0 for tails of a half or more."""
    low, high = 0.0, 40.0
    for _ in range(60):
        middle = (low + high) / 2
        if math.erfc(middle / math.sqrt(2)) / 2 > tail:
            low = middle
        else:
            high = middle
    return high
