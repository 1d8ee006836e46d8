"""Play a case on a stage, step by step, and stop at the first state in which mesh and oracle differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from pytest_smi.cluster.wait import Backoff
from pytest_smi.explore.case import Ask, Case, State, Step
from pytest_smi.explore.judge import Judged, Outcome, Patience, judge
from pytest_smi.explore.table import Seen, Table


class Stage(Protocol):
    """Where a case is played: on a cluster, or in a test."""

    requests: int

    @property
    def refused(self) -> Mapping[str, int]:
        """Objects that were not stored, by kind and who refused them."""

    def begin(self, case: Case) -> None:
        """Take away what an earlier case left."""

    def change(self, step: Step) -> None:
        """Apply one step."""

    def expected(self, case: Case, state: State) -> Table:
        """Return the truth table of a state."""

    def look(self, asks: Sequence[Ask], times: int, *, reuse: bool = False) -> Mapping[Ask, Seen]:
        """Send each request so many times."""

    def fresh(self) -> None:
        """Begin anew with other namespaces."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A case up to the state that decided it."""

    case: Case
    table: Table
    judged: Judged
    states: int
    """States that were looked at."""


class Player:
    """Plays one case after the other, each from a clean stage."""

    def __init__(self, stage: Stage, rounds: Callable[[], Backoff], patience: Patience) -> None:
        self._stage, self._rounds, self.patience = stage, rounds, patience
        # The first case meets a mesh that has seen nothing yet, and that is part of what is looked at.
        self._clean, self._open, self._untouched = True, False, True
        self.slowest = 0.0
        """The longest that a state took that came to agree."""
        self.opened: set[tuple[str, int]] = set()
        """Places that were reached so far: what a refusal is held against."""

    def play(self, case: Case, *, patience: Patience | None = None) -> Played:
        """Play all steps, or up to the first state that does not agree."""
        patience = patience or self.patience
        self._prepare(case, patience)
        states, judged, table = 0, None, None
        for number, (step, state) in enumerate(zip(case.steps, case.states(), strict=True), 1):
            self._untouched = self._untouched and not (case.open or step.put)
            self._stage.change(step)
            table = self._stage.expected(case, state)
            judged = self._judge(case, table, patience)
            states += 1
            if judged.outcome is not Outcome.AGREES:
                # Where no object ever was there is nothing to forget.
                self._clean = self._untouched and judged.outcome is Outcome.WRONG
                return Played(case=replace(case, steps=case.steps[:number]), table=table, judged=judged, states=states)
        assert judged is not None
        assert table is not None
        return Played(case=case, table=table, judged=judged, states=states)

    def _judge(self, case: Case, table: Table, patience: Patience) -> Judged:
        def look(asks: Sequence[Ask], times: int) -> Mapping[Ask, Seen]:
            seen = self._stage.look(asks, times, reuse=case.reuse)
            self.opened |= {place for one in seen.values() for place in one.arrivals}
            return seen

        judged = judge(look, table, self._rounds, patience)
        if judged.outcome is Outcome.AGREES:
            self.slowest = max(self.slowest, judged.waited)
        return judged

    def _prepare(self, case: Case, patience: Patience) -> None:
        """Clear the stage; after something went wrong, see that the mesh has forgotten it, else begin anew."""
        self._stage.begin(case)
        known, self._open = self._clean and self._open == case.open, case.open
        self._clean = True
        if known:
            return
        empty = replace(case, steps=(Step(),))
        (state,) = empty.states()
        if self._judge(empty, self._stage.expected(empty, state), patience).outcome is not Outcome.AGREES:
            self._stage.fresh()
            self._untouched = True
            self._stage.begin(case)
