"""Compare the verdicts of many runs of one mesh, and what a search found with what was known; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from pytest_smi.matrix.exploration import Counterexample, Exploration

Verdicts = Mapping[str, str]
"""Requirement → status, with the reading where there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A verdict of one run that most runs did not give."""

    run: str
    requirement: str
    usual: str
    seen: str


def differences(runs: Mapping[str, Verdicts]) -> list[Difference]:
    """Return each verdict that is not the most frequent one of its requirement, in order of runs;
    a missing result is one too."""
    requirements = sorted({requirement for verdicts in runs.values() for requirement in verdicts})
    usual = {name: _most_frequent([verdicts.get(name, MISSING) for verdicts in runs.values()]) for name in requirements}
    return [
        Difference(run=run, requirement=name, usual=usual[name], seen=seen)
        for run, verdicts in runs.items()
        for name in requirements
        if (seen := verdicts.get(name, MISSING)) != usual[name]
    ]


MISSING = "no result"


def _most_frequent(values: Sequence[str]) -> str:
    counts = Counter(values)
    # Equal counts: the one that is first in the alphabet, so that the answer does not depend on the order of runs.
    return min(counts, key=lambda value: (-counts[value], value))


def bound(runs: int, wrong: int, confidence: float = 0.95) -> float:
    """Return the largest rate of wrong runs that `wrong` of `runs` do not rule out at this confidence (Clopper-Pearson,
    one-sided)."""
    if wrong >= runs:
        return 1.0
    low, high = wrong / runs if runs else 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _at_most(wrong, runs, middle) > 1 - confidence else (low, middle)
    return high


def _at_most(wrong: int, runs: int, rate: float) -> float:
    """The chance of at most `wrong` wrong runs of `runs`."""
    total, term = 0.0, (1 - rate) ** runs
    for k in range(wrong + 1):
        total += term
        term *= (runs - k) / (k + 1) * rate / (1 - rate) if rate < 1 else 0.0
    return total


def undeclared(found: Exploration, declared: Collection[str]) -> list[Counterexample]:
    """Return the counterexamples that belong to no requirement of those which the mesh is known not to pass."""
    return [one for one in found.counterexamples if one.requirement not in declared]
