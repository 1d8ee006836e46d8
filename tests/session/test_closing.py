"""The last words of a run: what was kept and how to look at it, what is beside the matrix."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from pytest_smi.session.closing import closing_lines
from pytest_smi.session.partial import Coverage
from pytest_smi.session.results import ResultCollector


def lines(kubeconfig: Path | None = None, *, selected_nothing: str = "", **changes: Any) -> list[str]:
    """What is told of a run without a report."""
    facts: dict[str, Any] = {
        "coverage": None,
        "known_failures": list,
        "unmet_recommendations": list,
        "closed_gaps": list,
        "silent": list,
        "problems": [],
        "targets": SimpleNamespace(kept=[]),
        "options": SimpleNamespace(kubeconfig=kubeconfig),
    }
    collector = cast(ResultCollector, SimpleNamespace(**{**facts, **changes}))
    return [line for _, line in closing_lines(collector, None, selected_nothing=selected_nothing)]


@pytest.mark.parametrize(
    ("kubeconfig", "cluster"), [(None, ""), (Path("my files/config"), " --kubeconfig='my files/config'")]
)
def test_what_was_kept_can_be_looked_at_and_removed(kubeconfig: Path | None, cluster: str) -> None:
    """With commands for the cluster of the run, as they can be pasted."""
    told = lines(kubeconfig, targets=SimpleNamespace(kept=["smi-t1-ab", "smi-out-ab"]))

    assert told[-3:] == [
        "Kept    smi-t1-ab, smi-out-ab",
        f"        look at it: kubectl{cluster} get pods,services,events -n smi-t1-ab",
        f"        remove it:  pytest-smi clean{cluster}",
    ]


def test_a_run_that_selected_nothing_says_where_to_look() -> None:
    """And problems of the cluster cannot steer the terminal."""
    told = lines(coverage=Coverage(0, 9), problems=["\x1b[31mred"], selected_nothing="see -k \x1b[0m")

    assert told == [
        "no result, so no matrix was written",
        "see -k \\x1b[0m",
        "problem: \\x1b[31mred",
    ]
