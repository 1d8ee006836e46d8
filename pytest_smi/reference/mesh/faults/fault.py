"""What a fault is, and how the faults that are on make the mesh's deciding classes wrong.

The mesh decides in ordinary classes with small methods (`Policy`, `RouteMatcher`, …) that know of no faults. An
override is a subclass of such a class that gets one method wrong and calls `super()` where it needs the right answer.
`Overrides.specialize` turns a deciding class and the names of the faults that are on into the class to use
in its place.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A named way in which the mesh can be told to be wrong; `breaks` are the requirement ids that must then fail,
    and no others."""

    name: str
    description: str
    breaks: tuple[str, ...]
    overrides: tuple[type[Any], ...] = ()
    versions: str = ""
    """The versions in which it shows, as `access=v1alpha2`; empty: the newest released ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """A way in which a real mesh departs from the reference readings of SMI;
    the description says what is so while it is on.

    A deviation claims nothing about requirements: what a persona fails is written in the tests, mesh by mesh.
    """

    name: str
    description: str
    overrides: tuple[type[Any], ...] = ()


class Overrides:
    """The overrides of a table of faults and deviations. An entry that stands earlier in the table is asked first."""

    def __init__(self, table: Iterable[Fault | Deviation]) -> None:
        self._table = tuple((entry.name, override) for entry in table for override in entry.overrides)
        self._made: dict[tuple[type[Any], tuple[type[Any], ...]], type[Any]] = {}

    def specialize(self, healthy: type[T], switches: frozenset[str]) -> type[T]:
        """Return `healthy` itself if nothing that is on overrides it, else a class of all the overrides that are on,
        made once."""
        active = tuple(override for name, override in self._table if name in switches and issubclass(override, healthy))
        if not active:
            return healthy
        made = self._made.get((healthy, active))
        if made is None:
            made = self._made[healthy, active] = active[0] if len(active) == 1 else type(healthy.__name__, active, {})
        return made
