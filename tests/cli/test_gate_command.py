"""Tests of `pytest-smi gate`: each way in which a release must not pass closes it, and a sound report opens it."""

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from pytest_smi.cli import main
from pytest_smi.core.terms import Status
from pytest_smi.signing.signer import Signer
from tests.support.reports import SIGNER, a_catalogue, a_report

OTHER = Signer(ed25519.Ed25519PrivateKey.generate())


def gate(*arguments: object) -> int:
    """The exit status of the gate."""
    with pytest.raises(SystemExit) as caught:
        main(["gate", *map(str, arguments)])
    return int(str(caught.value.code))


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """The public key of the signer of both reports."""
    path = tmp_path / "ci.pub.pem"
    path.write_bytes(SIGNER.public_pem)
    return path


@pytest.fixture
def last(tmp_path: Path) -> Path:
    """The report of the last release: all passed, but for TA-03, which failed."""
    return a_report(tmp_path / "last", statuses={"TA-03": Status.FAILED})


def a_new_report(tmp_path: Path, **of_matrix: Any) -> Path:
    """A report of the same mesh, of a later run."""
    return a_report(tmp_path / "new", nonce="n2", finished="2026-02-01T00:01:00Z", **of_matrix)


def test_as_good_as_before_is_open(tmp_path: Path, key: Path, last: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Verified, every MUST holds, and the one failure was known: open, with what was looked at."""
    new = a_new_report(tmp_path, statuses={"TA-03": Status.FAILED})

    assert gate(new, "--key", key, "--baseline", last, "--mesh", "reference") == 0
    assert capsys.readouterr().out.splitlines() == [
        f"verified: {new}",
        f"compared: {last}, 0 changed, 4 the same",
        "gate: open",
    ]


def test_regression_closes_it(tmp_path: Path, key: Path, last: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What held in the last release and fails now is named with its reason, and nothing else is."""
    new = a_new_report(tmp_path, statuses={"TA-02": Status.FAILED, "TA-03": Status.PASSED})

    assert gate(new, "--key", key, "--baseline", last) == 1
    out = capsys.readouterr().out
    assert "reference  TA-02  passed → failed\n      it is failed" in out
    assert "TA-03" not in out
    assert out.endswith("gate: closed, 1 regressed\n")


def test_what_is_errored_now_closes_it_without_blaming_the_mesh(
    tmp_path: Path, key: Path, last: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A busy cluster is no regression, and no open gate either."""
    new = a_new_report(tmp_path, statuses={"TA-02": Status.ERRORED, "TA-03": Status.FAILED})

    assert gate(new, "--key", key, "--baseline", last) == 3
    assert capsys.readouterr().out.endswith("gate: closed, 1 errored: run again\n")


@pytest.mark.parametrize(
    ("of_matrix", "arguments", "found"),
    [
        ({"statuses": {"TA-02": Status.FAILED}}, ("--require-level", "must"), "TA-02 failed"),
        ({}, ("--max-age", "1d"), "must be at most"),
        ({}, ("--mesh", "linkerd"), "of the mesh linkerd"),
    ],
)
def test_what_verify_refuses_closes_it(
    tmp_path: Path,
    key: Path,
    of_matrix: dict[str, Any],
    arguments: tuple[str, ...],
    found: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The questions of `verify` are asked here too."""
    assert gate(a_new_report(tmp_path, **of_matrix), "--key", key, *arguments) == 1
    said = capsys.readouterr()
    assert found in said.err
    assert "open" not in said.out


def test_evidence_that_was_changed_closes_it(
    tmp_path: Path, key: Path, last: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A report that is not what was signed is never compared."""
    new = a_new_report(tmp_path)
    (new / "evidence" / "TA-01.json").write_text("{}")

    assert gate(new, "--key", key, "--baseline", last) == 1
    assert "step 9" in capsys.readouterr().err


def test_baseline_of_another_signer(tmp_path: Path, key: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A baseline has to verify with the same keys, unless it is said to be trusted."""
    new = a_new_report(tmp_path)
    theirs = a_report(tmp_path / "theirs", OTHER)

    assert gate(new, "--key", key, "--baseline", theirs) == 1
    assert "step 4" in capsys.readouterr().err
    assert gate(new, "--key", key, "--baseline", theirs, "--trust-baseline") == 0


def test_baseline_of_another_mesh_compares_nothing(
    tmp_path: Path, key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An open gate means that something was compared: a baseline without a run of the mesh closes it."""
    new = a_new_report(tmp_path)
    linkerd = a_report(tmp_path / "linkerd", mesh="linkerd")

    assert gate(new, "--key", key, "--baseline", linkerd) == 1
    assert "it has linkerd, and lacks reference" in capsys.readouterr().err


def test_other_catalogue_has_to_be_allowed(tmp_path: Path, key: Path, last: Path) -> None:
    """As `diff`: two catalogues cannot be compared (status 3) unless that is said to be meant."""
    new = a_new_report(tmp_path, catalogue=a_catalogue(digest="e" * 64))

    assert gate(new, "--key", key, "--baseline", last) == 3
    assert gate(new, "--key", key, "--baseline", last, "--allow-mixed") == 0


@pytest.mark.parametrize("arguments", [(), ("--trust-baseline",)])
def test_wrong_questions_are_status_4(tmp_path: Path, key: Path, arguments: tuple[str, ...]) -> None:
    """Without a key, and with a trusted baseline that is not given."""
    keys = ("--key", key) if arguments else ()
    assert gate(a_new_report(tmp_path), *keys, *arguments) == 4
