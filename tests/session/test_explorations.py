"""What workers leave of a search: read at any time, written over older files, told, and an exit status of its own."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_smi.matrix.exploration import Exploration
from pytest_smi.session.exploration_item import so_far
from pytest_smi.session.explorations import Explorations
from tests.matrix.test_exploration_record import FOUND


@pytest.fixture
def explorations() -> Iterator[Explorations]:
    found = Explorations()
    yield found
    found.close()


def left(explorations: Explorations, exploration: Exploration, mesh: str = "linkerd") -> None:
    """What a worker leaves."""
    document = {"mesh": mesh, "exploration": exploration.to_json()}
    (explorations.spool / "0.json").write_text(json.dumps(document))
    explorations.read()


@pytest.mark.parametrize(
    ("stopped", "counterexamples", "status"),
    [("time", True, 1), ("time", False, 0), ("count", False, 0), ("interrupted", False, 3), ("gone", True, 1)],
)
def test_the_exit_status_of_a_search_alone(
    explorations: Explorations, stopped: str, counterexamples: bool, status: int
) -> None:
    assert explorations.status is None
    found = FOUND.counterexamples if counterexamples else ()
    left(explorations, replace(FOUND, stopped=stopped, counterexamples=found))
    assert explorations.status == status


def test_older_counterexamples_do_not_stand_beside_a_newer_report(explorations: Explorations, tmp_path: Path) -> None:
    stale = tmp_path / "counterexamples" / "7"
    stale.mkdir(parents=True)
    left(explorations, FOUND)
    explorations.write(tmp_path)
    assert [path.name for path in (tmp_path / "counterexamples").iterdir()] == ["1"]
    assert "seed 7" in (tmp_path / "counterexamples" / "1" / "README.txt").read_text()


def test_a_replay_leaves_the_folder_as_it_is(explorations: Explorations, tmp_path: Path) -> None:
    (tmp_path / "counterexamples" / "1").mkdir(parents=True)
    replay = {"outcome": "agrees", "states": 1, "table": "GET /\x1b[2J"}
    (explorations.spool / "0.json").write_text(json.dumps({"mesh": "linkerd", "replay": replay}))
    explorations.read()
    explorations.write(tmp_path)
    assert (tmp_path / "counterexamples" / "1").exists()
    assert explorations.status == 0
    assert "\x1b" not in "".join(line for _, line in explorations.lines(tmp_path))


def test_it_is_told_in_a_line_and_one_for_each_counterexample(explorations: Explorations) -> None:
    left(explorations, FOUND)
    lines = [line for _, line in explorations.lines(Path("smi-report"))]
    assert lines[0] == "Explored  40 worlds, 90 states, 3,000 requests in 300 s, seed 7: 1 counterexample"
    assert "repeat: --smi-replay smi-report/counterexamples/1" in lines[-1]


def test_a_long_search_says_how_far_it_is() -> None:
    """Worlds, states and what was found, in the time of what was asked for."""
    found = replace(FOUND, asked="20m", worlds=7, states=31, seconds=125.0, counterexamples=())
    assert so_far(found) == "after 7 worlds, 31 states and 0 counterexamples in 2 min of 20m"
