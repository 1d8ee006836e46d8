"""The search: play random worlds until the time is over, and make of each disagreement a small counterexample.

It knows the cluster only through the stage that it is given, and time through a clock.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pytest_smi.errors import SmiError
from pytest_smi.explore.avoiding import without_known
from pytest_smi.explore.bounds import Bounds
from pytest_smi.explore.budget import Budget
from pytest_smi.explore.case import CLIENTS, Ask, Case, Thing, opening, with_cleaning
from pytest_smi.explore.fitting import requirement_of
from pytest_smi.explore.judge import Outcome
from pytest_smi.explore.play import Played, Player, Stage
from pytest_smi.explore.shrink import shrink
from pytest_smi.explore.table import Fault, compared
from pytest_smi.explore.told import cells
from pytest_smi.explore.worlds import empty_case, kinds_of, random_case
from pytest_smi.explore.written import change_of, request_of
from pytest_smi.matrix.exploration import Counterexample, Exploration
from pytest_smi.smi.model import SmiObject

MOST = 8
"""Different counterexamples after which a search ends: the mesh is wrong, and each further one costs time."""
BLOCK = 2
"""Worlds in a row that are about the same API: changing from one to the other costs a look at a mesh at rest."""
GRACE = 0.5
"""Part of the time asked for that may go into shrinking what was found at its end."""


def case_of(seed: int, number: int, bounds: Bounds) -> Case:
    """Return a world of a seed: the first is empty."""
    if number == 0:
        return empty_case(bounds)
    kinds = kinds_of(bounds)
    kind = kinds[number // BLOCK % len(kinds)]
    return with_cleaning(random_case(random.Random(f"{seed}:{number}"), bounds, kind))


class Search:
    """One search; `found` is what it has so far, at any time."""

    def __init__(
        self,
        stage: Stage,
        player: Player,
        bounds: Bounds,
        *,
        manifests: Callable[[tuple[Thing, ...]], list[dict[str, Any]]],
        seed: int,
        budget: Budget,
        clock: Callable[[], float],
        gap: Callable[[str], str | None] = lambda _: None,
        health: Callable[[], None] = lambda: None,
        progress: Callable[[Exploration], None] = lambda _: None,
        notes: tuple[str, ...] = (),
    ) -> None:
        self._stage, self._player, self._bounds, self._budget = stage, player, bounds, budget
        self._manifests, self._clock, self._gap, self._health, self._progress = (
            manifests,
            clock,
            gap,
            health,
            progress,
        )
        self._started, self._notes = clock(), notes
        self._shapes: dict[tuple[object, ...], int] = {}
        self.found = Exploration(
            seed=seed,
            asked=budget.text,
            worlds=0,
            states=0,
            requests=0,
            seconds=0.0,
            stopped="not begun",
            unsettled=0,
            declared={},
            notes=(),
            counterexamples=(),
        )

    def run(self) -> Exploration:
        """Search to the end; an error or an interrupt ends it with what it has, and an interrupt goes on."""
        try:
            self._note(stopped=self._search())
        except SmiError as error:
            self._note(stopped=" ".join(str(error).split()))
        except KeyboardInterrupt:
            self._note(stopped="interrupted")
            raise
        return self.found

    def _search(self) -> str:
        if not kinds_of(self._bounds):
            return "nothing to explore: the mesh claims neither access nor split"
        number = 0
        while True:
            if self._budget.worlds is not None and number >= self._budget.worlds:
                return "count"
            if self._over():
                return "time"
            if len(self.found.counterexamples) >= MOST:
                return "enough"
            self._world(number, without_known(case_of(self.found.seed, number, self._bounds), self._known()))
            number += 1
            self._note(worlds=number)

    def _known(self) -> list[str]:
        """Return the requirements that the mesh is known to break: found, or declared and met."""
        found = [one.requirement for one in self.found.counterexamples if one.repeated]
        return [*self.found.declared, *(one for one in found if one is not None)]

    def _world(self, number: int, case: Case) -> None:
        played = self._play(case)
        if played.judged.outcome is Outcome.UNSETTLED:
            self._note(unsettled=self.found.unsettled + 1)
        if played.judged.outcome is not Outcome.WRONG:
            return
        self._health()
        small, shrunk = self._shrunk(played)
        again, repeated = self._again(small.case, played)
        if not repeated and small.case != played.case:
            # It was found with less patience than the mesh is granted: the whole world counts.
            small, shrunk = played, False
            again, repeated = self._again(small.case, played)
        self._report(number, again if repeated else small, shrunk=shrunk, repeated=repeated)

    def _again(self, case: Case, before: Played) -> tuple[Played, bool]:
        """Play a case that disagreed, and return whether it does again. A test of many requests passes over what is
        wrong now and then, so that one that is passed is made twice."""
        again = self._play(case)
        if not _same(again, before) and before.judged.disagreements[0].fault in (Fault.SHARES, Fault.TWICE):
            again = self._play(case)
        return again, _same(again, before)

    def _shrunk(self, played: Played) -> tuple[Played, bool]:
        """Return the smallest case that was found, and whether the search for it came to its end."""
        fault, best, quick = played.judged.disagreements[0].fault, played, self._quick()
        over = False

        def disagrees(case: Case) -> Case | None:
            nonlocal best
            found = self._play(case, patience=quick)
            wrong = [one for one in found.judged.disagreements if _alike(one.fault, fault, case)]
            if not wrong:
                return None
            best = replace(found, case=replace(found.case, asks=tuple(one.ask for one in wrong)))
            return best.case

        def ended() -> bool:
            nonlocal over
            over = over or self._over(grace=GRACE)
            return over

        asks = tuple(one.ask for one in played.judged.disagreements if one.fault is fault)
        shrink(replace(played.case, asks=asks), disagrees, over=ended)
        return best, not over

    def _report(self, number: int, played: Played, *, shrunk: bool, repeated: bool) -> None:
        wrong = played.judged.disagreements[0]
        requirement = requirement_of(played.case, wrong)
        if requirement is not None and self._gap(requirement) is not None:
            self._note(declared=self.found.declared | {requirement: self.found.declared.get(requirement, 0) + 1})
            return
        shape = (
            requirement,
            wrong.fault,
            wrong.ask.call.protocol,
            *sorted(type(one).__name__ for one in played.case.things),
        )
        known = self.found.counterexamples
        if shape in self._shapes:
            at = self._shapes[shape]
            again = replace(known[at], found_again=known[at].found_again + 1)
            self._note(counterexamples=(*known[:at], again, *known[at + 1 :]))
            return
        self._shapes[shape] = len(known)
        beside: tuple[SmiObject, ...] = opening(self._bounds.versions) if played.case.open else ()
        one = Counterexample(
            number=len(known) + 1,
            world=number,
            fault=str(wrong.fault),
            summary=wrong.words,
            requirement=requirement,
            shrunk=shrunk,
            repeated=repeated,
            found_again=0,
            beside=tuple(self._manifests(beside)),
            steps=tuple(
                change_of(step, state, self._manifests)
                for step, state in zip(played.case.steps, (None, *played.case.states()), strict=False)
            ),
            request=request_of(wrong.ask, reuse=played.case.reuse),
            table=self._table(played),
        )
        self._note(counterexamples=(*known, one))

    def _table(self, played: Played) -> tuple[Any, ...]:
        """Return the truth table of the last state: what is wrong, and the same request by every other client."""
        wrong = played.judged.disagreements
        others: list[Ask] = [
            replace(wrong[0].ask, client=client.name) for client in CLIENTS if client.name != wrong[0].ask.client
        ]
        case = replace(played.case, asks=(wrong[0].ask, *others))
        *_, state = case.states()
        table = self._stage.expected(case, state)
        seen = dict(self._stage.look(list(table), 3, reuse=case.reuse))
        seen[wrong[0].ask] = wrong[0].seen
        return cells(table, seen, (*compared(table, seen), wrong[0]))

    def _play(self, case: Case, *, patience: Any = None) -> Played:
        played = self._player.play(case, patience=patience)
        self._note(states=self.found.states + played.states)
        return played

    def _quick(self) -> Any:
        """Return the patience while shrinking: what this mesh has needed so far, three times over, and a hold as long.

        What disagrees for want of patience is found out when it is played again.
        """
        usual, slowest = self._player.patience, self._player.slowest
        hold = min(usual.hold, max(1.0, slowest))
        return replace(usual, hold=hold, settle=min(usual.settle, 3 * slowest + 2 * hold), fewest=min(usual.fewest, 4))

    def _over(self, grace: float = 0.0) -> bool:
        seconds = self._budget.seconds
        return seconds is not None and self._clock() - self._started >= seconds * (1 + grace)

    def _note(self, **changes: Any) -> None:
        refused = (f"taken as never sent: {number} {what}" for what, number in sorted(self._stage.refused.items()))
        self.found = replace(
            self.found,
            **changes,
            requests=self._stage.requests,
            seconds=round(self._clock() - self._started, 3),
            notes=(*self._notes, *refused),
        )
        self._progress(self.found)


def _same(again: Played, before: Played) -> bool:
    """Whether a case disagrees again, in the same way."""
    faults = {one.fault for one in before.judged.disagreements}
    return any(_alike(one.fault, other, again.case) for one in again.judged.disagreements for other in faults)


def _alike(fault: Fault, other: Fault, case: Case) -> bool:
    """Whether two faults may be one: what goes astray in a split is a leak, a wrong share or, where access is not open
    to all, a refusal."""
    return fault is other or case.open
