"""Mutants that share a run: each changes what other requirements look at, so that a run tells them apart. Pure.

A mutant that nothing notices costs a whole run; where nothing fails, one run is enough for up to three.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.mutants.deciding import DECIDING

_LANES = {"access": "policy", "specs": "policy", "split": "split", "metrics": "metrics"}
_LANE_OF_ID = {"TA": "policy", "TS": "policy", "SP": "split", "TM": "metrics"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the suite said of one mutant: `word` is killed, stopped or survived, `by` the requirements."""

    word: str
    by: tuple[str, ...] = ()


SURVIVED = Outcome(word="survived")


def lanes(path: str) -> frozenset[str]:
    """Return which requirements look at a module first: those of policy, of splits or of metrics."""
    return frozenset(_LANES[api] for api in DECIDING[path].split(","))


def crews(paths: Sequence[str]) -> list[list[int]]:
    """Return the places of these modules in groups whose lanes do not meet."""
    found: list[list[int]] = []
    for at, path in enumerate(paths):
        fitting = (crew for crew in found if not any(lanes(paths[other]) & lanes(path) for other in crew))
        crew = next(fitting, None)
        if crew is None:
            found.append([at])
        else:
            crew.append(at)
    return found


def told_apart(paths: Sequence[str], failed: Iterable[str], errored: Iterable[str]) -> list[Outcome | None]:
    """Return what a run in which these modules were changed says of each; None: it must be asked by itself.

    What failed or errored within the lanes of one is its doing, and the others have survived. Across lanes it may be
    anybody's: who may call changes the controls of all others.
    """
    failed, errored = sorted(failed), sorted(errored)
    touched = {_LANE_OF_ID[one[:2]] for one in (*failed, *errored)}
    if not touched:
        return [SURVIVED for _ in paths]
    if not any(touched <= lanes(path) for path in paths):
        return [None for _ in paths]
    noticed = Outcome(word="killed" if failed else "stopped", by=tuple(failed or errored))
    return [noticed if touched <= lanes(path) else SURVIVED for path in paths]
