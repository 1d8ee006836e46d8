"""The reports of docs/results: they verify, and their page explains exactly what did not pass."""

import json
import re
from pathlib import Path

import pytest

from pytest_smi.cli import main
from pytest_smi.core.catalogue import load
from pytest_smi.reports.load import load_matrix
from pytest_smi.signing.keys import load_public_key
from tests.support.explained import explained

RESULTS = Path(__file__).parents[2] / "docs" / "results"
PAGES = sorted(RESULTS.glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page_explains_the_report_beside_it(page: Path) -> None:
    """Every verdict that is not passed has a row with the same status. What the report does not have, since the
    requirement is newer, has a row where it is unsupported or observed: neither says that the mesh meets or fails it,
    which a signed report alone may."""
    report = page.with_suffix("")
    matrix = load_matrix(report, [load_public_key(report / "signing-key.pub.pem")])
    (run,) = matrix.runs

    statuses = {result.requirement: str(result.status) for result in run.results}
    rows = explained(page)
    newer = rows.keys() - statuses.keys()

    assert run.mesh.name == page.stem
    assert {requirement: status for requirement, status in statuses.items() if status != "passed"} == {
        requirement: status for requirement, status in rows.items() if requirement in statuses
    }
    assert newer <= {record.requirement for record in load()} - statuses.keys()
    assert {rows[requirement] for requirement in newer} <= {"unsupported", "observed"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_report_is_accepted_by_today_s_verify(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As a reader runs it: requirements that were added since then are not missing in an older run."""
    report = page.with_suffix("")
    with pytest.raises(SystemExit) as ended:
        main(["verify", str(report), "--key", str(report / "signing-key.pub.pem")])
    assert ended.value.code == 0, capsys.readouterr()


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
