"""The values of options, read from text; argparse.ArgumentTypeError, which becomes a usage error,
says what is wrong with one."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pytest_smi.core.nearest import did_you_mean
from pytest_smi.core.terms import APIS, LEVELS_OF

if TYPE_CHECKING:
    from pytest_smi.explore.budget import Budget
    from pytest_smi.smi.negotiation import Wanted
    from pytest_smi.testbed.placement import Toleration

A = TypeVar("A")
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class MeshChoice:
    """One `--mesh NAME[@CONTEXT]`."""

    name: str
    context: str | None = None

    def __str__(self) -> str:
        return f"{self.name}@{self.context}" if self.context else self.name


def mesh_choice(text: str) -> MeshChoice:
    """Read NAME[@CONTEXT]."""
    name, _, context = text.partition("@")
    if not name:
        raise argparse.ArgumentTypeError(f"a mesh is written NAME or NAME@CONTEXT, found {text!r}")
    return MeshChoice(name=name, context=context or None)


def api_names(text: str) -> tuple[str, ...]:
    """Read API[,API]."""
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",")))
    unknown = [name for name in names if name not in APIS]
    if unknown:
        meant = did_you_mean(unknown[0], APIS)
        raise argparse.ArgumentTypeError(
            f"unknown API {', '.join(map(repr, unknown))}; known are {', '.join(APIS)}{meant}"
        )
    return names


def location(text: str) -> Path | str:
    """Read a path, or an address that is fetched later."""
    return text if "://" in text else Path(text)


def version_choice(text: str) -> Wanted:
    """Read API=VERSION[,…] or `all`."""
    from pytest_smi.smi.negotiation import read_choice

    return _checked(read_choice, text)


def node_selector(text: str) -> str:
    """Check KEY=VALUE."""
    from pytest_smi.testbed.placement import selector_of

    _checked(selector_of, [text])
    return text


def toleration(text: str) -> Toleration:
    """Read KEY[=VALUE]:EFFECT."""
    from pytest_smi.testbed.placement import toleration_of

    return _checked(toleration_of, text)


def exploration(text: str) -> Budget:
    """Read a time or a number of worlds."""
    from pytest_smi.explore.budget import read_budget

    return _checked(read_budget, text)


def seed(text: str) -> int:
    """Read a seed."""
    if not (text.isascii() and text.isdecimal()) or len(text) > 15:
        raise argparse.ArgumentTypeError(f"a seed is a whole number of at most 15 digits, found {text!r}")
    return int(text)


def _checked(read: Callable[[A], T], value: A) -> T:
    """Read a value of an option; a ValueError becomes the usage error that argparse shows."""
    try:
        return read(value)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def level(text: str) -> str:
    """Check a level."""
    if text not in LEVELS_OF:
        raise argparse.ArgumentTypeError(
            f"unknown level {text!r}; known are {', '.join(LEVELS_OF)}{did_you_mean(text, LEVELS_OF)}"
        )
    return text


def factor(text: str) -> float:
    """Read a number above 0."""
    try:
        factor = float(text)
    except ValueError:
        factor = 0.0
    if not 0 < factor < 1000:
        raise argparse.ArgumentTypeError(f"the factor is a number above 0, such as 2 or 0.5; found {text!r}")
    return factor
