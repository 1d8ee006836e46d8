"""A search on the embedded mesh: what it finds is small, written, signed, and holds again when it is played again."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from pytest_smi.explore.placing import manifest_of
from pytest_smi.explore.written import request_of
from pytest_smi.smi.model import SmiObject
from tests.explore.simulated import rendered
from tests.explore.test_table import GROUP, TARGET, ask
from tests.support.runs import FinishedRun, report_of, run_suite

pytestmark = pytest.mark.slow

ALONE = ("-k", "smi-exploration")


def test_a_right_mesh_passes_and_its_record_is_signed_beside_the_results(tmp_path: Path) -> None:
    run = run_suite(tmp_path, "-k", "smi-exploration or TA-01", "--smi-explore=4", "--smi-seed=1")
    assert run.status == 0, run.output[-3000:]
    assert run.matrix is not None
    found = run.matrix["runs"][0]["exploration"]
    assert (found["seed"], found["worlds"], found["stopped"], found["counterexamples"]) == (1, 4, "count", [])
    assert found["requests"] > 100
    assert "no counterexample" in run.output
    assert not (report_of(tmp_path) / "counterexamples").exists()


def test_a_wrong_mesh_is_found_and_its_counterexample_holds_again(tmp_path: Path) -> None:
    fault = "--smi-fault=access-http-unenforced"
    run = run_suite(tmp_path, *ALONE, "--smi-explore=2", "--smi-seed=1", fault)
    assert run.status == 1, run.output[-3000:]
    assert run.matrix is None
    folder = report_of(tmp_path) / "counterexamples" / "1"
    assert json.loads((folder / "request.json").read_text())["protocol"] == "HTTP"
    assert "LEAK" in (folder / "README.txt").read_text()

    again = run_suite(tmp_path, f"--smi-replay={folder}", fault)
    assert (again.status, "the counterexample still holds" in again.output) == (1, True), again.output[-3000:]
    right = run_suite(tmp_path, f"--smi-replay={folder}")
    assert right.status == 0, right.output[-3000:]
    assert "the mesh does what the specification says" in right.output
    assert (folder / "README.txt").exists(), "a replay leaves what it read"


def test_a_folder_that_is_no_counterexample_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    run = run_suite(tmp_path, f"--smi-replay={folder}")
    assert run.status == 4, run.output[-3000:]
    assert "request.json" in run.output


def test_an_edit_that_is_refused_leaves_what_was_there(tmp_path: Path) -> None:
    """Its definition wants a destination of a target: the one of the step before is still in effect."""
    homeless = replace(TARGET, destination=replace(TARGET.destination, name=""))
    run = replayed(tmp_path, (GROUP, TARGET), (homeless,))
    assert run.status == 0, run.output[-3000:]
    assert re.search(r"^ +a +allowed +[1-9]\d* of", run.output, re.MULTILINE), run.output[-3000:]


def test_what_may_not_be_refused_ends_the_replay(tmp_path: Path) -> None:
    """A definition without some method is the mesh's mistake, and nothing that could be passed over."""
    brewed = replace(GROUP, matches=(replace(GROUP.matches[0], methods=("BREW",)),))
    run = replayed(tmp_path, (GROUP, TARGET), (brewed,))
    assert run.status != 0
    assert "BREW" in run.output, run.output[-3000:]


def replayed(folder: Path, *puts: tuple[SmiObject, ...]) -> FinishedRun:
    """A replay of these steps, and of a request of a."""
    steps = folder / "steps"
    steps.mkdir()
    for number, put in enumerate(puts, 1):
        manifests = [manifest_of(one, rendered) for one in put]
        (steps / f"step-{number}-apply.yaml").write_text(yaml.safe_dump_all(manifests))
    (steps / "request.json").write_text(json.dumps(request_of(ask("a"), reuse=False)))
    return run_suite(folder, f"--smi-replay={steps}")
