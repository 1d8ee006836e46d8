"""The values of options, read from text; argparse.ArgumentTypeError, which becomes a usage error,
says what is wrong with one."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pytest_smi.core.nearest import unknown
from pytest_smi.core.terms import APIS, LEVELS_OF

if TYPE_CHECKING:
    from pytest_smi.explore.budget import Budget
    from pytest_smi.smi.negotiation import Wanted
    from pytest_smi.testbed.placement import Toleration

A = TypeVar("A")
T = TypeVar("T")

FAIL_ON = ("must", "should")
_OURS = ("--mesh", "--smi", "--kubeconf")
_HELP = "pytest --help"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeshChoice:
    """One `--mesh=NAME[@CONTEXT]`."""

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
    for name in names:
        if name not in APIS:
            raise argparse.ArgumentTypeError(unknown("API", name, APIS, where=_HELP))
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
        raise argparse.ArgumentTypeError(unknown("level", text, LEVELS_OF, where=_HELP))
    return text


def failing_level(text: str) -> str:
    """Check a level whose failures may fail a run."""
    if text not in FAIL_ON:
        raise argparse.ArgumentTypeError(unknown("level", text, FAIL_ON, where=_HELP))
    return text


def options_meant(given: Iterable[str], known: Sequence[str]) -> str:
    """Return what may have been meant by options that begin as ours do and are none; empty when there are none."""
    names = [word.partition("=")[0] for word in given]
    wrong = [name for name in names if name.startswith(_OURS) and name not in known]
    return "; ".join(unknown("option", name, known, where=_HELP) for name in dict.fromkeys(wrong))


def factor(text: str) -> float:
    """Read a number above 0."""
    try:
        factor = float(text)
    except ValueError:
        factor = 0.0
    if not 0 < factor < 1000:
        raise argparse.ArgumentTypeError(f"the factor is a number above 0, such as 2 or 0.5; found {text!r}")
    return factor


def seconds(text: str) -> float:
    """Read a number of seconds, 0 or more."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < 86400:
        raise argparse.ArgumentTypeError(f"a number of seconds, such as 60, or 0 for never; found {text!r}")
    return seconds
