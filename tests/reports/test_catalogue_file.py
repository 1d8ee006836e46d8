"""catalogue.json beside the matrix: covered through its digest, optional for older reports, there in every copy."""

from pathlib import Path

import pytest

from pytest_smi.cli import main
from pytest_smi.core.canonical import parse_json, sha256_hex
from pytest_smi.core.catalogue import load
from pytest_smi.errors import ReportError, VerificationError
from pytest_smi.matrix.suite import catalogue_bytes, catalogue_of
from pytest_smi.reports.merge import merge_reports
from pytest_smi.reports.remote import opened
from pytest_smi.reports.verify import verify_report
from pytest_smi.reports.write import write_report
from tests.support.reports import SIGNER, SUITE, a_catalogue, a_matrix, a_report
from tests.support.web import serving

DATA = catalogue_bytes(load())
NAME = "catalogue.json"


def with_catalogue(folder: Path, data: bytes = DATA) -> Path:
    """A report with its catalogue."""
    matrix, evidence = a_matrix(catalogue=a_catalogue(digest=sha256_hex(data)))
    write_report(folder, matrix, evidence, SIGNER, catalogue=data)
    return folder


def test_it_has_statement_and_clause_of_every_requirement() -> None:
    """The digest of its bytes is that of the catalogue in the matrix."""
    assert catalogue_of(load()).digest == sha256_hex(DATA)
    found = {row["requirement"]: row for row in parse_json(DATA)}
    ours = catalogue_of(load())
    assert set(found) == {*ours.requirements, *ours.informative}
    assert all(row["statement"] and row["clauses"] for row in found.values())
    assert found["TA-41"]["clauses"][0]["url"].startswith("https://github.com/servicemeshinterface/smi-spec/")


def test_it_is_verified_in_a_step_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is covered where it is there, and named; a changed one is refused; a report without one is as good."""
    folder = with_catalogue(tmp_path / "r")
    assert verify_report(folder, [SIGNER.public_key]).files[NAME] == sha256_hex(DATA)
    with pytest.raises(SystemExit, match="0"):
        main(["verify", str(folder), "--key", str(folder / "signing-key.pub.pem")])
    assert "covers     matrix.json, catalogue.json and 4 evidence file(s)" in capsys.readouterr().out
    (folder / NAME).write_bytes(DATA.replace(b"denied", b"allowed"))
    with pytest.raises(VerificationError, match=r"step 13: catalogue\.json must be the catalogue that the matrix has"):
        verify_report(folder, [SIGNER.public_key])
    (folder / NAME).unlink()
    assert NAME not in verify_report(folder, [SIGNER.public_key]).files


def test_one_that_is_not_of_the_runs_is_refused(tmp_path: Path) -> None:
    """Neither written nor believed."""
    matrix, evidence = a_matrix()
    with pytest.raises(ReportError, match="must be the catalogue of every run"):
        write_report(tmp_path / "r", matrix, evidence, SIGNER, catalogue=DATA)
    (a_report(tmp_path / "r") / NAME).write_bytes(DATA)
    with pytest.raises(VerificationError, match="step 13"):
        verify_report(tmp_path / "r", [SIGNER.public_key])
    write_report(tmp_path / "r", matrix, evidence, SIGNER)
    assert not (tmp_path / "r" / NAME).exists(), "that of an older report"


def test_merging_and_fetching_take_it_along(tmp_path: Path) -> None:
    """A source keeps its own; a report by URL is verified with it."""
    report = with_catalogue(tmp_path / "www" / "r")
    with serving(tmp_path / "www") as site, opened(f"{site.url}/r") as copy:
        assert NAME in verify_report(copy, [SIGNER.public_key]).files
    keys, now = [SIGNER.public_key], "2026-01-02T00:00:00Z"
    merge_reports([report], tmp_path / "all", keys=keys, signer=SIGNER, suite=SUITE, merged_at=now)
    (source,) = (tmp_path / "all" / "sources").iterdir()
    assert (source / NAME).read_bytes() == DATA
    verify_report(tmp_path / "all", [SIGNER.public_key])
