"""Tests of what is asked of a report beyond its signature: completeness, mesh, age, level."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pytest_smi.cli import main
from pytest_smi.core.terms import Level, Status
from pytest_smi.errors import VerificationError
from pytest_smi.matrix.matrix import Matrix
from pytest_smi.reports.policy import Policy
from pytest_smi.reports.verify import accept, verify_report
from tests.support.reports import LEVELS, SIGNER, SUITE, a_catalogue, a_matrix, a_report

NOW = datetime(2026, 1, 10, tzinfo=UTC)


def matrix(**changes: Any) -> Matrix:
    """A matrix of one run."""
    return a_matrix(**changes)[0]


def test_good_matrix_answers_every_question() -> None:
    """Complete, of the mesh, fresh, and every requirement holds."""
    policy = Policy(
        mesh="reference", max_age=timedelta(days=30), level="all", now=NOW, catalogue=a_catalogue(), suite=SUITE
    )
    accept(matrix(), policy)


@pytest.mark.parametrize("name", ["reference", "reference@0.1.0"])
def test_mesh_by_name_and_version(name: str) -> None:
    """The mesh asked for may be named with its version."""
    accept(matrix(), Policy(mesh=name))


@pytest.mark.parametrize("name", ["reference", "reference@kind-a", "reference@0.1.0", "reference@kind-a@0.1.0"])
def test_mesh_on_a_cluster_that_was_named(name: str) -> None:
    """The context of a run's cluster is part of its name, but need not be asked for."""
    one = matrix()
    run = replace(one.runs[0], mesh=replace(one.runs[0].mesh, name="reference@kind-a"))
    accept(replace(one, runs=(run,)), Policy(mesh=name))
    with pytest.raises(VerificationError, match="step 15"):
        accept(replace(one, runs=(run,)), Policy(mesh="reference@kind-b"))


@pytest.mark.parametrize("name", ["linkerd", "reference@9", "ref", "reference@"])
def test_wrong_mesh(name: str) -> None:
    """A report of another mesh, or of another version, is no answer."""
    with pytest.raises(VerificationError, match=r"step 15: .* reference@0\.1\.0"):
        accept(matrix(), Policy(mesh=name))


@pytest.mark.parametrize(
    ("finished", "words"),
    [
        ("2025-11-01T00:00:00Z", "old"),
        ("2027-01-01T00:00:00Z", "future"),
        ("yesterday", "ISO 8601"),
        ("2026-01-01T00:00:00", "ISO 8601"),
    ],
)
def test_stale_and_timeless(finished: str, words: str) -> None:
    """Too old, from the future, or without a time that means anything."""
    with pytest.raises(VerificationError, match=words):
        accept(matrix(finished=finished), Policy(max_age=timedelta(days=30), now=NOW))


def test_newest_run_of_a_mesh_counts() -> None:
    """An old run beside a new one does not make a report stale, nor does its failure count."""
    old = matrix(nonce="n0", finished="2025-01-01T00:00:00Z", statuses={"TA-01": Status.FAILED}).runs[0]
    both = replace(matrix(), runs=(matrix().runs[0], old))
    accept(both, Policy(max_age=timedelta(days=30), level="must", now=NOW))


@pytest.mark.parametrize(
    ("requirement", "status", "fails"),
    [
        ("TA-01", Status.FAILED, {"must", "should", "all"}),
        ("TA-02", Status.ERRORED, {"must", "should", "all"}),
        ("TA-01", Status.SKIPPED, {"must", "should", "all"}),
        ("TA-03", Status.FAILED, {"should", "all"}),
        ("TA-04", Status.ERRORED, {"all"}),
        ("TA-03", Status.UNSUPPORTED, set()),
    ],
)
def test_required_level(requirement: str, status: Status, fails: set[str]) -> None:
    """A level is refused by what is against it in that level or a stricter one."""
    for level in ("must", "should", "all"):
        if level in fails:
            with pytest.raises(VerificationError, match=f"{requirement} {status}"):
                accept(matrix(statuses={requirement: status}), Policy(level=level))
        else:
            accept(matrix(statuses={requirement: status}), Policy(level=level))


def test_restricted_or_empty_handed_run_holds_no_level() -> None:
    """A weaker limit, or nothing passed, is against every level."""
    with pytest.raises(VerificationError, match="hold_probes is 1"):
        accept(matrix(restricted=("hold_probes is 1",)), Policy(level="must"))
    with pytest.raises(VerificationError, match="nothing passed"):
        accept(matrix(statuses=dict.fromkeys(LEVELS, Status.UNSUPPORTED)), Policy(level="must"))


class TestCompleteness:
    """A run accounts for every requirement that it declares, and for those of this suite when it is
    of the same version."""

    def test_declared_by_the_run(self) -> None:
        """A requirement of the run's own catalogue without a result."""
        more = a_catalogue({**LEVELS, "TA-99": Level.MUST})
        with pytest.raises(VerificationError, match=r"step 14: .* lacks 1: TA-99"):
            accept(matrix(catalogue=more), Policy())
        accept(matrix(catalogue=more), Policy(complete=False))

    def test_known_to_the_reader(self) -> None:
        """A run that declares less than its version of the suite has; another version is judged by what it declares."""
        known = a_catalogue({**LEVELS, "TA-99": Level.MUST})
        with pytest.raises(VerificationError, match="TA-99"):
            accept(matrix(), Policy(catalogue=known, suite=SUITE))
        accept(matrix(), Policy(catalogue=known, suite=replace(SUITE, version="9")))

    def test_of_another_build_of_this_version(self) -> None:
        """Its own catalogue counts: a requirement that was added since then is not missing in it."""
        ours = Policy(catalogue=a_catalogue({**LEVELS, "TA-99": Level.MUST}), suite=replace(SUITE, digest="b" * 64))
        accept(matrix(), ours)
        (run,) = matrix().runs
        old = replace(matrix(), runs=(replace(run, provenance=replace(run.provenance, catalogue=None)),))
        with pytest.raises(VerificationError, match="TA-99"):
            accept(old, ours)

    def test_level_taken_down(self) -> None:
        """A MUST that poses as something less."""
        with pytest.raises(VerificationError, match="TA-03 is a MUST"):
            accept(matrix(), Policy(catalogue=a_catalogue({**LEVELS, "TA-03": Level.MUST}), suite=SUITE))

    @pytest.mark.parametrize("status", [Status.FAILED, Status.ERRORED, Status.SKIPPED])
    def test_boast(self, status: Status) -> None:
        """A run that calls itself conformant against its own results, whoever signed it."""
        run = replace(matrix(statuses={"TA-01": status}).runs[0], conformant=True)
        with pytest.raises(VerificationError, match="step 14"):
            accept(replace(matrix(), runs=(run,)), Policy(complete=False))


def test_verify_report_asks_too(tmp_path: Path) -> None:
    """`verify_report` refuses what the policy refuses, and incomplete runs even without one."""
    folder = a_report(tmp_path / "a", catalogue=a_catalogue({**LEVELS, "TA-99": Level.MUST}))
    with pytest.raises(VerificationError, match="step 14"):
        verify_report(folder, [SIGNER.public_key])
    assert verify_report(folder, [SIGNER.public_key], policy=Policy(complete=False)).matrix.runs


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ((), 0),
        (("--mesh", "reference", "--require-level", "must"), 0),
        (("--mesh", "linkerd"), 1),
        (("--max-age", "1m"), 1),
        (("--max-age", "a month"), 4),
        (("--require-level", "some"), 4),
        (("--threshold", "2"), 4),
    ],
)
def test_command(arguments: tuple[str, ...], status: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The options of `pytest-smi verify`: 0 good, 1 refused with the step, 4 a question without meaning."""
    folder = a_report(tmp_path / "a")
    with pytest.raises(SystemExit) as caught:
        main(["verify", str(folder / "matrix.json"), "--key", str(folder / "signing-key.pub.pem"), *arguments])
    assert caught.value.code == status
    if status == 1:
        assert "step 15" in capsys.readouterr().err
