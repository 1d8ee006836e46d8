"""Tests of what a run writes for Allure: labels, links, steps, attachments, and the files about the whole run."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.matrices import a_run, built
from tests.support.runs import report_of, run_suite

pytest.importorskip("allure_commons", reason="needs the extra 'allure'")

from pytest_smi.session.allure import categories, configuration, environment


def labels_of(result: dict[str, Any]) -> dict[str, list[str]]:
    """Name → values."""
    names = {label["name"] for label in result["labels"]}
    return {name: [label["value"] for label in result["labels"] if label["name"] == name] for name in names}


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["0", "2"])
def test_run_with_alluredir(tmp_path: Path, workers: str) -> None:
    """A failed, a passed and an observed assertion carry what the catalogue says of them,
    alone and under pytest-xdist."""
    folder = tmp_path / "allure-results"
    chosen = "ninety_ten or two_thirds or end_of_a_path"
    run = run_suite(
        tmp_path, "-n", workers, f"--alluredir={folder}", "--smi-fault=split-clamps-at-100", "-k", chosen, timeout=180
    )
    assert run.status == 1, run.output
    results = {result["name"][:5]: result for result in map(_read, folder.glob("*-result.json"))}
    assert set(results) == {"SP-01", "SP-02", "TS-04"}, run.output
    failed = results["SP-02"]
    labels = labels_of(failed)
    assert (labels["epic"], labels["feature"], labels["story"]) == (["Traffic Split"], ["Traffic split"], ["SP-02"])
    assert (labels["severity"], labels["parentSuite"], labels["subSuite"]) == (["critical"], ["reference"], ["MUST"])
    assert failed["links"] == [
        {
            "type": "link",
            "url": "https://github.com/servicemeshinterface/smi-spec/blob/main/apis/traffic-split/v1alpha4/traffic-split.md#workflow",
            "name": "split v1alpha4 §Workflow",
        }
    ]
    assert failed["status"] == "failed"
    assert failed["statusDetails"]["message"].startswith("failed: ")
    block = failed["statusDetails"]["trace"].splitlines()
    assert [line.split()[0] for line in block if line[:1].strip()] == [
        "sent",
        "expected",
        "got",
        "objects",
        "clause",
        "repeat",
        "evidence",
    ]
    assert "pytest --mesh=reference -k SP-02 --smi-fault=split-clamps-at-100" in failed["statusDetails"]["trace"]
    steps = [step["name"] for step in failed["steps"]]
    assert any(step.startswith("applied TrafficSplit") for step in steps)
    assert steps[-1].startswith("verdict: failed, ")
    assert failed["steps"][-1]["status"] == "failed"
    starts = [step["start"] for step in failed["steps"]]
    assert starts == sorted(starts)
    (attachment,) = [one for one in failed["attachments"] if one["name"] == "evidence"]
    assert _read(folder / attachment["source"])["requirement"] == "SP-02"
    assert (results["SP-01"]["status"], results["TS-04"]["status"]) == ("passed", "passed")
    assert results["TS-04"]["statusDetails"]["message"].startswith("observed: ")
    assert labels_of(results["TS-04"])["severity"] == ["trivial"]
    assert "mesh=reference" in (folder / "environment.properties").read_text()
    assert _read(folder / "categories.json") == categories()
    assert _read(folder / "allurerc.json") == configuration()
    # A run writes the derived files as well, with a badge since it verifies what it wrote.
    written = {path.name for path in report_of(tmp_path).iterdir()}
    assert written >= {
        "index.html",
        "summary.md",
        "summary.json",
        "badge.json",
        "ctrf.json",
        "junit.xml",
        "metrics.txt",
    }
    assert _read(report_of(tmp_path) / "badge.json")["color"] == "red"


def test_environment_is_a_properties_file() -> None:
    """Separators, backslashes and what is not ASCII are escaped; each fact is one line."""
    text = environment(built(a_run("mesh", "1=\\\nü😀")).matrix)
    assert "mesh=mesh 1=\\\\\\u000a\\u00fc\\ud83d\\ude00\n" in text
    assert text.isascii()
    several = environment(built(a_run("one"), a_run("two")).matrix)
    assert "1.mesh=one 0.1.0\n" in several
    assert "2.mesh=two 0.1.0\n" in several


def test_categories_tell_kinds_apart() -> None:
    """Each kind of message falls into one category, by expressions that both Java and JavaScript understand."""
    for word in ("failed", "errored", "unsupported", "skipped", "observed"):
        matching = [kind["name"] for kind in categories() if re.fullmatch(kind["messageRegex"], f"{word}: a\nb")]
        assert len(matching) == 1, word
    assert not any("(?" in kind["messageRegex"] for kind in categories())


def test_nothing_of_allure_is_imported_without_its_option() -> None:
    """The plugin of the suite does not import Allure's parts, nor its own for Allure,
    when a run does not ask for it."""
    script = (
        "import sys, pytest_smi.plugin, pytest_smi.session.register, pytest_smi.session.controller;"
        "print('pytest_smi.session.allure' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "False"


def _read(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))
