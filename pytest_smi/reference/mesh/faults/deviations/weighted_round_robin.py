"""Weighted choice without chance, for meshes whose backends take turns: earliest deadline first; deterministic."""

from __future__ import annotations

from collections.abc import Hashable, Sequence


class WeightedRoundRobin:
    """In every run of calls each one has its share, as near as whole calls allow."""

    def __init__(self) -> None:
        self._due: dict[Hashable, list[float]] = {}

    def pick(self, group: Hashable, weights: Sequence[int]) -> int:
        """The index of the one whose turn it is in this group; weights are above zero.

        A change of weights begins anew.
        """
        due = self._due.setdefault((group, *weights), [1 / weight for weight in weights])
        chosen = min(range(len(due)), key=due.__getitem__)
        due[chosen] += 1 / weights[chosen]
        return chosen
