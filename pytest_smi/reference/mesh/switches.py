"""How variants of the deciding classes reach those who make instances of them;
the mesh itself knows no variant but the healthy one.

Switches are names. The program that runs a part of the mesh says which class stands for another while certain switches
are on, by a function that it hands down; a class that is handed none uses the healthy ones.
"""

from __future__ import annotations

from typing import Protocol, TypeVar

T = TypeVar("T")


class Specialize(Protocol):
    """Chooses the class to use in the place of a deciding class."""

    def __call__(self, healthy: type[T], switches: frozenset[str], /) -> type[T]:
        """Return `healthy`, or the variant of it that these switches ask for."""


def always_healthy(healthy: type[T], switches: frozenset[str], /) -> type[T]:
    """Return `healthy` whatever the switches."""
    return healthy
