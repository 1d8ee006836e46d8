"""Faults of weights: how much a backend receives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.smi import TrafficSplit
from pytest_smi.reference.mesh.split_config import Key, ServiceConfigs, SplitCompiler
from pytest_smi.reference.mesh.splits import Candidate, Choice, PortKey, Service, Split, SplitChooser


class WeightsIgnored(SplitChooser):
    """Does not read weights."""

    def weights(self, split: Split, candidates: Sequence[Candidate]) -> list[int]:
        """Weigh all candidates alike."""
        return [1] * len(candidates)


WEIGHTS_IGNORED = Fault(
    name="split-weights-ignored",
    description="Weights above zero all count the same.",
    breaks=("SP-01", "SP-02", "SP-03", "SP-06", "SP-27", "SP-40", "SP-52", "SP-54", "SP-64"),
    overrides=(WeightsIgnored,),
)


class WinnerTakesAll(SplitChooser):
    """Takes weights for priorities."""

    def weights(self, split: Split, candidates: Sequence[Candidate]) -> list[int]:
        """Leave the heaviest candidates alone."""
        weights = super().weights(split, candidates)
        return [1 if weight == max(weights) else 0 for weight in weights]


WINNER_TAKES_ALL = Fault(
    name="split-winner-takes-all",
    description="The heaviest backend receives everything.",
    breaks=("SP-01", "SP-02", "SP-03", "SP-04", "SP-06", "SP-08", "SP-27", "SP-40", "SP-52", "SP-54", "SP-64"),
    overrides=(WinnerTakesAll,),
)


class ClampsAt100(SplitCompiler):
    """Takes weights for percentages."""

    def read(self, key: Key, split: TrafficSplit, services: ServiceConfigs) -> TrafficSplit:
        """Cut what is more than a hundred."""
        split = super().read(key, split, services)
        return replace(split, backends=tuple((name, min(weight, 100)) for name, weight in split.backends))


CLAMPS_AT_100 = Fault(
    name="split-clamps-at-100",
    description="Weights above 100 count as 100.",
    breaks=("SP-02", "SP-64"),
    overrides=(ClampsAt100,),
)


class PercentRestLost(SplitChooser):
    """Takes weights for percentages."""

    def pick(self, split: Split, candidates: Sequence[Candidate]) -> Choice:
        """Reach nothing as often as several weights lack to a hundred."""
        if len(candidates) > 1 and self.rng.random() * 100 >= sum(self.weights(split, candidates)):
            return Choice(endpoints=(), split=split.key, backend=None)
        return super().pick(split, candidates)


PERCENT_REST_LOST = Fault(
    name="split-percent-rest-lost",
    description="Weights are percentages; what is missing to 100 is answered with an error.",
    breaks=("SP-03", "SP-04"),
    overrides=(PercentRestLost,),
)


class OneIsAPercent(SplitChooser):
    """Takes a weight of 1 for a percentage."""

    def pick(self, split: Split, candidates: Sequence[Candidate]) -> Choice:
        """Reach nothing in ninety-nine of a hundred calls."""
        if self.weights(split, candidates) == [1] and self.rng.random() * 100 >= 1:
            return Choice(endpoints=(), split=split.key, backend=None)
        return super().pick(split, candidates)


ONE_IS_A_PERCENT = Fault(
    name="split-one-is-a-percent",
    description="A weight of 1 beside no other backend is one per cent; the rest is lost.",
    breaks=("SP-05", "SP-64"),
    overrides=(OneIsAPercent,),
)


class ZeroWeightLeaks(SplitChooser):
    """Keeps every backend alive."""

    def candidate(self, split: Split, weight: int, root: Service, port: PortKey, backend: Service) -> Candidate | None:
        """Give a backend of weight zero two per cent."""
        least = max(1, sum(weight for _, weight in split.backends) // 50)
        return super().candidate(split, weight or least, root, port, backend)


ZERO_WEIGHT_LEAKS = Fault(
    name="split-zero-weight-leaks",
    description="A backend of weight zero receives two per cent.",
    breaks=("SP-04", "SP-64"),
    overrides=(ZeroWeightLeaks,),
)


class WholePercent(SplitChooser):
    """Calculates in whole per cents."""

    def weights(self, split: Split, candidates: Sequence[Candidate]) -> list[int]:
        """Round the shares down, unless nothing would be left."""
        weights = super().weights(split, candidates)
        shares = [weight * 100 // sum(weights) for weight in weights]
        return shares if any(shares) else weights


WHOLE_PERCENT = Fault(
    name="split-whole-percent",
    description="Shares are rounded down to whole per cents.",
    breaks=("SP-08",),
    overrides=(WholePercent,),
)


class MatchedWeightsIgnored(SplitChooser):
    """Knows two kinds of splits."""

    def weights(self, split: Split, candidates: Sequence[Candidate]) -> list[int]:
        """Weigh all candidates alike where the split has `matches`."""
        return super().weights(split, candidates) if split.routes is None else [1] * len(candidates)


MATCHED_WEIGHTS_IGNORED = Fault(
    name="split-matched-weights-ignored",
    description="Weights are ignored where a split has `matches`.",
    breaks=("SP-40",),
    overrides=(MatchedWeightsIgnored,),
)


class PodsWeigh(SplitChooser):
    """Balances over pods."""

    def weights(self, split: Split, candidates: Sequence[Candidate]) -> list[int]:
        """Multiply each weight by the number of pods behind it."""
        weights = super().weights(split, candidates)
        return [weight * len(one.endpoints) for weight, one in zip(weights, candidates, strict=True)]


PODS_WEIGH = Fault(
    name="split-pods-weigh",
    description="A weight counts once for each pod of its backend.",
    breaks=("SP-72",),
    overrides=(PodsWeigh,),
)


class EqualsFavourFirst(SplitChooser):
    """Sorts by weight, and counts down."""

    def weights(self, split: Split, candidates: Sequence[Candidate]) -> list[int]:
        """Give the first of candidates that all weigh the same three times as much as each other."""
        weights = super().weights(split, candidates)
        return [3, *[1] * (len(weights) - 1)] if len(set(weights)) == 1 else weights


EQUALS_FAVOUR_FIRST = Fault(
    name="split-equals-favour-first",
    description="Of backends that all have the same weight the first receives three times as much as each other.",
    breaks=("SP-07", "SP-12", "SP-16", "SP-72"),
    overrides=(EqualsFavourFirst,),
)

WEIGHTS = (
    EQUALS_FAVOUR_FIRST,
    PODS_WEIGH,
    WEIGHTS_IGNORED,
    WINNER_TAKES_ALL,
    CLAMPS_AT_100,
    PERCENT_REST_LOST,
    ZERO_WEIGHT_LEAKS,
    ONE_IS_A_PERCENT,
    WHOLE_PERCENT,
    MATCHED_WEIGHTS_IGNORED,
)
