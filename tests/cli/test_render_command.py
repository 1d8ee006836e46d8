"""Tests of `pytest-smi render` on report folders."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from pytest_smi.cli.render import command
from pytest_smi.errors import ReportError, VerificationError
from pytest_smi.reports.derived import derive
from pytest_smi.reports.layout import KEY_FILE
from pytest_smi.reports.verify import Policy, verify_report
from pytest_smi.reports.write import write_report
from pytest_smi.signing.signer import Signer
from tests.support.matrices import mixed

SIGNER = Signer(generate_private_key(SECP256R1()))


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """A signed report of several meshes."""
    of = mixed()
    write_report(tmp_path / "report", of.matrix, of.evidence, SIGNER)
    return tmp_path / "report"


def test_rendered_report_still_verifies(report: Path) -> None:
    """The derived files lie in the report folder without harm to its verification."""
    derived = derive(report, {}, keys=[SIGNER.public_key])
    assert derived.signer == SIGNER.fingerprint
    verified = verify_report(report, [SIGNER.public_key], policy=Policy(complete=False))
    assert set(derived.names) <= set(verified.not_covered)
    assert not list(report.glob(".smi-staging-*"))


def test_command_with_key(report: Path, tmp_path: Path) -> None:
    """With --key everything is written, badge included, where --out says."""
    out = tmp_path / "site"
    done = CliRunner().invoke(
        command, [str(report), "--key", str(report / KEY_FILE), "--max-age", "1d", "--out", str(out)]
    )
    assert done.exit_code == 0, done.output
    assert json.loads((out / "badge.json").read_text())["color"] in ("red", "lightgrey")
    assert {path.name for path in out.iterdir()} == {
        "index.html",
        "summary.md",
        "summary.json",
        "badge.json",
        "ctrf.json",
        "junit.xml",
        "metrics.txt",
    }


def test_command_without_key(report: Path) -> None:
    """Without --key there is no badge, and one that an earlier rendering left is taken away."""
    (report / "badge.json").write_text("{}")
    done = CliRunner().invoke(command, [str(report / "matrix.json")])
    assert done.exit_code == 0, done.output
    assert "no badge.json" in done.output
    assert not (report / "badge.json").exists()
    assert b"not verified" in (report / "index.html").read_bytes()


def test_changed_report_is_not_rendered_as_verified(report: Path, tmp_path: Path) -> None:
    """A report that does not verify gives nothing at all with --key."""
    changed = (report / "matrix.json").read_bytes().replace(b'"errored"', b'"passed" ')
    (report / "matrix.json").write_bytes(changed)
    with pytest.raises(VerificationError):
        derive(report, {}, keys=[SIGNER.public_key], out=tmp_path / "site")
    assert not (tmp_path / "site").exists()


def test_changed_evidence_is_not_shown(report: Path) -> None:
    """Without verification the page still embeds only evidence that is what the matrix refers to."""
    (report / "evidence" / "SP-10.osm.json").write_text('{"timeline": [{"at": 0, "event": "planted"}]}')
    derive(report, {})
    assert b"planted" not in (report / "index.html").read_bytes()


def test_clear_refusals(tmp_path: Path) -> None:
    """No matrix, and a matrix.json that cannot be verified for lack of its folder, are said."""
    with pytest.raises(ReportError, match="cannot be read"):
        derive(tmp_path, {})
    (tmp_path / "other.json").write_bytes(mixed().matrix.to_bytes())
    with pytest.raises(ReportError, match="only a whole report"):
        derive(tmp_path / "other.json", {}, keys=[SIGNER.public_key])
