"""Three-valued answers: yes, no, or open, with the open questions of the specification that would settle it. Pure.

The logic is Kleene's: what holds in every reading is yes, what holds in none is no. An answer may come out open
although its readings would agree, when one question is asked twice on the way;
it never comes out decided although they differ.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """The answer to a request."""

    ALLOWED = "allowed"
    """The specification says that it arrives."""
    DENIED = "denied"
    """The specification says that it does not arrive."""
    OPEN = "open"
    """Two reasonable readers of the specification differ."""


@dataclass(frozen=True, slots=True)
class Truth:
    """Whether something holds; None is open, and `questions` are then the ids
    of what the specification leaves open (AMB-n)."""

    value: bool | None
    questions: frozenset[str] = frozenset()

    @property
    def verdict(self) -> Verdict:
        """As an answer to a request."""
        return Verdict.OPEN if self.value is None else Verdict.ALLOWED if self.value else Verdict.DENIED


YES = Truth(True)
NO = Truth(False)


def truth(value: bool) -> Truth:
    """Return a decided answer."""
    return YES if value else NO


def any_of(truths: Iterable[Truth]) -> Truth:
    """Return whether one of them holds; no when there are none."""
    questions: frozenset[str] = frozenset()
    for one in truths:
        if one.value:
            return YES
        questions |= one.questions
    return Truth(None, questions) if questions else NO


def all_of(*truths: Truth) -> Truth:
    """Return whether all of them hold."""
    questions: frozenset[str] = frozenset()
    for one in truths:
        if one.value is False:
            return NO
        questions |= one.questions
    return Truth(None, questions) if questions else YES


def among(question: str, *readings: Truth) -> Truth:
    """Return what holds when the specification leaves open which of the readings is meant."""
    first, *others = readings
    if all(one == first for one in others):
        return first
    return Truth(None, frozenset({question}).union(*(one.questions for one in readings)))


def over(questions: Sequence[tuple[str, Sequence[Any]]], holds: Callable[..., bool]) -> Truth:
    """Ask `holds` with every combination of readings, one argument for each question;
    open are those whose reading makes a difference."""
    readings = [options for _, options in questions]
    found = {
        choice: holds(*(options[at] for options, at in zip(readings, choice, strict=True)))
        for choice in _choices(readings)
    }
    if len(set(found.values())) == 1:
        return truth(next(iter(found.values())))
    deciding = frozenset(
        question for at, (question, options) in enumerate(questions) if _matters(found, at, len(options))
    )
    return Truth(None, deciding)


def _choices(readings: Sequence[Sequence[Any]]) -> Iterable[tuple[int, ...]]:
    return itertools.product(*(range(len(options)) for options in readings))


def _matters(found: dict[tuple[int, ...], bool], at: int, size: int) -> bool:
    return any(
        found[(*choice[:at], other, *choice[at + 1 :])] != value
        for choice, value in found.items()
        for other in range(size)
    )
