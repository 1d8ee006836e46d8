"""The reports of docs/results: they verify, and their page explains exactly what did not pass."""

import json
import re
from pathlib import Path

import pytest

from pytest_smi.cli import main
from pytest_smi.reports.load import load_matrix
from pytest_smi.signing.keys import load_public_key
from tests.support.explained import explained

RESULTS = Path(__file__).parents[2] / "docs" / "results"
PAGES = sorted(RESULTS.glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page_explains_the_report_beside_it(page: Path) -> None:
    """Every verdict that is not passed has a row with the same status, and there are no other rows."""
    report = page.with_suffix("")
    matrix = load_matrix(report, [load_public_key(report / "signing-key.pub.pem")])
    (run,) = matrix.runs

    assert run.mesh.name == page.stem
    assert {result.requirement: str(result.status) for result in run.results if result.status != "passed"} == explained(
        page
    )


def test_there_is_a_page() -> None:
    """At least one mesh was run on a real cluster."""
    assert PAGES


def test_the_documented_command_makes_a_site_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """docs/reports.md names every one of them, and its command does what it says."""
    text = (RESULTS.parent / "reports.md").read_text()
    found = re.search(r"\$ pytest-smi (render --site public .*?)\n```", text, re.DOTALL)
    assert found is not None
    words = found[1].replace("\\\n", " ").replace("public", str(tmp_path / "public")).split()
    monkeypatch.chdir(RESULTS.parents[1])
    with pytest.raises(SystemExit, match="0"):
        main(words)
    index = json.loads((tmp_path / "public" / "index.json").read_text())
    assert [mesh["name"] for mesh in index["meshes"]] == [page.stem for page in PAGES]
