"""What the whole command line means: combinations that are refused, and whether only a part is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_smi.core.terms import APIS
from pytest_smi.errors import UsageProblem
from pytest_smi.session.host_project import chosen
from pytest_smi.session.options import Options

if TYPE_CHECKING:
    import pytest


def refuse_reruns(config: pytest.Config) -> None:
    """Raise UsageProblem when tests that fail are to be tried again: a verdict that changes is a finding,
    and not to be hidden."""
    if config.getoption("reruns", None):
        raise UsageProblem(
            "--reruns: an assertion is tried once, and has its own patience; a verdict that changes is a finding",
            hint="leave it out; for a slow cluster add --smi-timeout=FACTOR",
        )


def asks_for_a_part(config: pytest.Config, options: Options) -> bool:
    """Tell from the options alone whether less than the whole suite is meant; what is collected later decides."""
    given = ("keyword", "deselect", "lf", "stepwise")
    named = bool(chosen(config)) or any("::" in argument or argument.endswith(".py") for argument in config.args)
    return (
        named
        or any(config.getoption(name, None) for name in given)
        or set(options.apis) != set(APIS)
        or options.level != "all"
    )
