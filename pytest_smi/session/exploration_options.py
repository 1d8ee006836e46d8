"""The options of the search for counterexamples."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pytest_smi.session import option_values as values

if TYPE_CHECKING:
    import pytest

    from pytest_smi.session.options import Options


def searches(options: Options) -> bool:
    """Return whether counterexamples are searched for, or one is played again."""
    return options.explore is not None or options.replay is not None


def add(group: pytest.OptionGroup) -> None:
    """Add them to the group `smi`."""
    group.addoption(
        "--smi-explore",
        metavar="TIME",
        dest="smi_explore",
        type=values.exploration,
        help="After the assertions, search for a policy that the mesh gets wrong: for 90s, 5m or 1h, "
        "or so many random worlds",
    )
    group.addoption(
        "--smi-seed",
        metavar="N",
        dest="smi_seed",
        type=values.seed,
        help="Seed of the random worlds of --smi-explore (default: a new one each time; the report names it)",
    )
    group.addoption(
        "--smi-replay",
        metavar="DIR",
        dest="smi_replay",
        type=Path,
        help="Instead of the assertions, play the counterexample in DIR again, such as smi-report/counterexamples/1",
    )
