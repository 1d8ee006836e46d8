"""One-sided sequential tests: is a backend's share what it should be, or off in one direction? Pure arithmetic.

A *side* compares the expected share p with an alternative q. Over n requests with x hits its likelihood ratio is
L = (q/p)^x ((1-q)/(1-p))^(n-x).

- *Rejecting* when L ≥ 1/a: under the share p, L is a martingale that starts at 1, so by Ville's inequality it ever
  reaches 1/a with probability at most a. This is exact at every n, however the requests are batched.
- *Accepting* when L ≤ c: under the share q, 1/L is such a martingale (and a supermartingale for shares beyond q), so L
  ever falls to c with probability at most c. `error_bounds` computes the probability itself, which is smaller,
  and raises c until it meets the error allowed.

Special sides are the same formula at its ends: a weight of zero is p = 0 against a leak (one hit is infinite evidence),
a small share that must not be starved is q = 0 (the first hit ends the doubt).
"""

import math
from dataclasses import dataclass

__all__ = ["SEQUENTIAL_PART", "BackendTest", "Side", "divergence", "side_of"]

SEQUENTIAL_PART = 0.99
"""Part of each error that the sequential boundary may spend; the rest is for the exact decision at the largest n."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side of one backend's test.

    `name`: `above`, `below`, `leak` or `starved`. `up`, `down`: what a hit and a miss add to the log-likelihood
    ratio. `alpha`: allowed probability to reject a right mesh. `reject_at`, `accept_at`: bounds of the log-likelihood
    ratio. `accept_error`: the probability, computed exactly, that a mesh with the alternative share is accepted by
    the sequential boundary.
    """

    name: str
    expected: float
    alternative: float
    up: float
    down: float
    alpha: float
    reject_at: float
    accept_at: float
    accept_error: float

    def log_ratio(self, hits: int, n: int) -> float:
        """Return the log-likelihood ratio after n requests, `hits` of them to the backend."""
        # 0 · ∞ never arises: what did not happen adds nothing.
        return (hits * self.up if hits else 0.0) + ((n - hits) * self.down if n > hits else 0.0)

    def accepts(self, hits: int, n: int) -> bool:
        """Return whether this side finds the alternative refuted."""
        return self.log_ratio(hits, n) <= self.accept_at

    def rejects(self, hits: int, n: int) -> bool:
        """Return whether this side finds the expected share refuted."""
        return self.log_ratio(hits, n) >= self.reject_at


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendTest:
    """The sides of one backend. It is accepted when all sides accept at the same look, rejected as soon as one rejects.

    `n_max`: number of requests at which it is decided by exact binomial tails, if it is still open then.
    """

    backend: str
    expected: float
    sides: tuple[Side, ...]
    n_max: int


def side_of(name: str, expected: float, alternative: float, alpha: float, accept: float, accept_error: float) -> Side:
    """Return a side from its shares, its allowed false rejection `alpha`,
    and the likelihood ratio `accept` at which it accepts."""
    return Side(
        name=name,
        expected=expected,
        alternative=alternative,
        up=_log_ratio(alternative, expected),
        down=_log_ratio(1 - alternative, 1 - expected),
        alpha=alpha,
        reject_at=-math.log(alpha * (SEQUENTIAL_PART if 0 < expected < 1 and alternative > 0 else 1.0)),
        accept_at=math.log(accept),
        accept_error=accept_error,
    )


def divergence(p: float, q: float) -> float:
    """Return the mean evidence against share q that one request gives when the share is p (Kullback-Leibler, in
    nats)."""
    return sum(part * _log_ratio(part, other) for part, other in ((p, q), (1 - p, 1 - q)) if part > 0)


def _log_ratio(numerator: float, denominator: float) -> float:
    if numerator == denominator:
        return 0.0
    if numerator <= 0:
        return -math.inf
    return math.inf if denominator <= 0 else math.log(numerator / denominator)
