"""When traffic has settled: blocks of requests show the state that is waited for,
and the states before could not show them. Pure.

A *state* says which share of the requests arrives at which place. After a change the mesh may show a state before it
for a while, and a loose look at that can pass for the target. So every block that looks right is also weighed as
evidence against each state before:
the factor by which it is likelier under the target. Under a state before, the product of these factors is a
supermartingale that starts at 1, so by Ville's inequality it ever reaches 1/alpha with probability at most alpha.
A block that looks wrong starts it anew.
"""

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pytest_smi.scenario.sampling.error_bounds import binomial_tails

__all__ = ["AtLeast", "Everywhere", "OnPlaces", "Only", "Place", "Settling", "State", "Target", "Weighted", "by_name"]

Place = tuple[str, int]
"""A server and the port on which it listens."""
State = Mapping[Place, float]
"""Shares of the requests, by place; they add up to 1."""


class Target(Protocol):
    """A state that is waited for, as far as it is known."""

    @property
    def words(self) -> str:
        """What is expected, in words."""

    def right(self, seen: Counter[Place]) -> bool:
        """Return whether one block looks like it."""

    def evidence(self, seen: Counter[Place], before: State) -> float:
        """Return the evidence of a block that looks right against a state before: a log-likelihood ratio, in nats;
        inf is proof."""

    def strength(self, before: State, block: int) -> float:
        """Return the evidence to expect of one block of so many requests if the target is in effect."""


@dataclass(slots=True)
class Settling:
    """The blocks seen so far, weighed against the states before.

    `feed` says when the target is shown to be in effect.
    """

    target: Target
    before: Sequence[State]
    alpha: float
    """Probability that a state before is taken for the target, from one start to the next."""
    blocks: int = 2
    """Fewest blocks in a row that must look right."""
    in_a_row: int = 0
    weights: Sequence[float] = ()

    def feed(self, seen: Counter[Place] | None) -> bool:
        """Add one block, None where requests were lost; return whether the state has settled."""
        if seen is None or not self.target.right(seen):
            self.in_a_row, self.weights = 0, ()
            return False
        self.in_a_row += 1
        carried = self.weights or [0.0] * len(self.before)
        # Never below zero: evidence for a state before must not hide that the target came later.
        self.weights = [
            max(0.0, weight + self.target.evidence(seen, state))
            for weight, state in zip(carried, self.before, strict=True)
        ]
        return self.in_a_row >= self.blocks and all(weight >= -math.log(self.alpha) for weight in self.weights)

    def hopeless(self, block: int, most: int) -> State | None:
        """Return a state before that `most` blocks of so many requests cannot be expected to tell from the target."""
        needed = -math.log(self.alpha)
        return next((state for state in self.before if self.target.strength(state, block) * most < needed), None)


def by_name(shares: State | Counter[Place]) -> dict[str, float]:
    """Add up what arrives at each server, whatever the port."""
    found: dict[str, float] = {}
    for (name, _), share in shares.items():
        found[name] = found.get(name, 0) + share
    return found


@dataclass(frozen=True, slots=True)
class Weighted:
    """Shares by server; nothing at weight 0 or elsewhere. A block looks right within `sigmas` standard deviations
    and `spare` requests.

    Who should get `must_see` or more of the block must be seen: a state in between, in which one gets everything, is
    not the one waited for. At 4, none at all is hardly chance (2 % at most), and costs one more block.
    """

    shares: Mapping[str, float]
    sigmas: float = 4.0
    spare: float = 2.0
    must_see: float = 4.0

    @property
    def words(self) -> str:
        """The shares in per cent."""
        return ", ".join(f"{name} {share:.1%}" for name, share in self.shares.items())

    def right(self, seen: Counter[Place]) -> bool:
        """Return whether the block lies in the band."""
        counts, total = by_name(seen), seen.total()
        if not total or any(name not in self.shares or (self.shares[name] == 0 and n) for name, n in counts.items()):
            return False
        if any(total * p >= self.must_see and not counts.get(name) for name, p in self.shares.items()):
            return False
        return all(
            abs(counts.get(name, 0) - total * p) <= self._width(total * p * (1 - p)) for name, p in self.shares.items()
        )

    def _width(self, variance: float) -> float:
        return self.sigmas * math.sqrt(variance) + self.spare

    def evidence(self, seen: Counter[Place], before: State) -> float:
        """Return how much likelier the block is under these shares."""
        old = by_name(before)
        return sum(n * _log_ratio(self.shares[name], old.get(name, 0.0)) for name, n in by_name(seen).items() if n)

    def strength(self, before: State, block: int) -> float:
        """Return the Kullback-Leibler divergence of so many requests."""
        old = by_name(before)
        return block * sum(p * _log_ratio(p, old.get(name, 0.0)) for name, p in self.shares.items() if p)


class _Predicate:
    """A target that only says what a block must look like: a right block counts by how rarely a state before shows
    it."""

    def chance(self, before: State, block: int) -> float:
        """Return the probability, or a bound of it, that a block of a state before looks right."""
        raise NotImplementedError

    def evidence(self, seen: Counter[Place], before: State) -> float:
        """Return the surprise at a right block under a state before."""
        return self.strength(before, seen.total())

    def strength(self, before: State, block: int) -> float:
        """Return the same: the evidence does not depend on the counts."""
        chance = min(1.0, self.chance(before, block))
        return -math.log(chance) if chance > 0 else math.inf


@dataclass(frozen=True, slots=True)
class Only(_Predicate):
    """Every request reaches one of these servers, and each of them gets some."""

    names: Collection[str]

    @property
    def words(self) -> str:
        """Who."""
        return f"only {', '.join(self.names)}"

    def right(self, seen: Counter[Place]) -> bool:
        """Return whether they and nobody else were reached."""
        return {name for name, n in by_name(seen).items() if n} == set(self.names)

    def chance(self, before: State, block: int) -> float:
        """Return the probability that nobody else is reached, and that the rarest of them is."""
        old = by_name(before)
        mass = sum(old.get(name, 0.0) for name in self.names)
        rarest = min((old.get(name, 0.0) for name in self.names), default=0.0)
        return float(min(mass**block, 1 - (1 - rarest) ** block))


@dataclass(frozen=True, slots=True)
class Everywhere(_Predicate):
    """Each of these servers gets some requests."""

    names: Collection[str]

    @property
    def words(self) -> str:
        """Who."""
        return f"some at each of {', '.join(self.names)}"

    def right(self, seen: Counter[Place]) -> bool:
        """Return whether each was reached."""
        counts = by_name(seen)
        return all(counts.get(name) for name in self.names)

    def chance(self, before: State, block: int) -> float:
        """Return the probability that the rarest is reached."""
        old = by_name(before)
        return float(1 - (1 - min(old.get(name, 0.0) for name in self.names)) ** block)


@dataclass(frozen=True, slots=True)
class AtLeast(_Predicate):
    """These servers together get at least a share of the requests."""

    names: Collection[str]
    share: float

    @property
    def words(self) -> str:
        """How much, and who."""
        return f"{self.share:.0%} or more at {', '.join(self.names)}"

    def right(self, seen: Counter[Place]) -> bool:
        """Return whether they got as much of the block."""
        counts = by_name(seen)
        return sum(counts.get(name, 0) for name in self.names) >= self.share * seen.total()

    def chance(self, before: State, block: int) -> float:
        """Return the binomial tail."""
        old = by_name(before)
        mass = min(1.0, sum(old.get(name, 0.0) for name in self.names))
        return binomial_tails(math.ceil(self.share * block - 1e-9), block, mass)[1]


@dataclass(frozen=True, slots=True)
class OnPlaces(_Predicate):
    """Every request arrives at one of these places; `each`: and each of them gets some."""

    places: Collection[Place]
    each: bool = True

    @property
    def words(self) -> str:
        """Who, and on which port."""
        if not self.each:
            return f"all on port {', '.join(sorted({str(port) for _, port in self.places}))}"
        return ", ".join(f"{name} on {port}" for name, port in self.places)

    def right(self, seen: Counter[Place]) -> bool:
        """Return whether they and no others were reached."""
        found = {place for place, n in seen.items() if n}
        return found == set(self.places) if self.each else bool(found) and found <= set(self.places)

    def chance(self, before: State, block: int) -> float:
        """Return the probability that no other place is reached."""
        return float(min(1.0, sum(before.get(place, 0.0) for place in self.places)) ** block)


def _log_ratio(now: float, before: float) -> float:
    if now <= 0:
        return -math.inf
    return math.inf if before <= 0 else math.log(now / before)
