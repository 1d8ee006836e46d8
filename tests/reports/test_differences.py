"""Tests of comparing two matrices, of baselines, and of `pytest-smi diff`."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_smi.cli import main
from pytest_smi.core.terms import Status
from pytest_smi.errors import ReportError
from pytest_smi.matrix.matrix import Matrix
from pytest_smi.reports.diff import Baseline, Kind, compare
from tests.support.reports import a_catalogue, a_matrix, a_report


def matrix(**changes: Any) -> Matrix:
    """A matrix of one run."""
    return a_matrix(**changes)[0]


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (Status.PASSED, Status.FAILED, Kind.REGRESSED),
        (Status.PASSED, Status.ERRORED, Kind.ERRORED),
        (Status.PASSED, Status.SKIPPED, Kind.REGRESSED),
        (Status.PASSED, Status.UNSUPPORTED, Kind.REGRESSED),
        (Status.UNSUPPORTED, Status.FAILED, Kind.REGRESSED),
        (Status.ERRORED, Status.FAILED, Kind.REGRESSED),
        (Status.SKIPPED, Status.ERRORED, Kind.ERRORED),
        (Status.FAILED, Status.PASSED, Kind.FIXED),
        (Status.ERRORED, Status.PASSED, Kind.FIXED),
        (Status.FAILED, Status.ERRORED, Kind.ERRORED),
        (Status.FAILED, Status.UNSUPPORTED, Kind.OTHER),
        (Status.SKIPPED, Status.PASSED, Kind.OTHER),
    ],
)
def test_kinds(before: Status, after: Status, kind: Kind) -> None:
    """Each change of status has one kind; only regressions are reasons against a release,
    and errors are kept apart from them."""
    found = compare(matrix(statuses={"TA-01": before}), matrix(statuses={"TA-01": after}))
    assert [(change.requirement, change.kind) for change in found.changes] == [("TA-01", kind)]
    assert found.same == 3
    assert found.regressed is (kind is Kind.REGRESSED)
    assert found.inconclusive is (kind is Kind.ERRORED)


def test_nothing_changed() -> None:
    """Times, nonces and versions of the mesh are no change."""
    found = compare(matrix(), matrix(nonce="n2", version="0.2.0", finished="2026-02-01T00:00:00Z"))
    assert (found.changes, found.same, found.regressed) == ((), 4, False)


def test_changed_reading() -> None:
    """An open question answered in another way is shown, and is no regression."""
    (change,) = compare(matrix(), matrix(reading="second")).changes
    assert (change.kind, change.before, change.after, change.regression) == (Kind.READING, "first", "second", False)


def test_new_and_removed() -> None:
    """A requirement that was not there is new; one that had passed and is not there any more is a regression."""
    more = matrix(statuses={"TA-09": Status.PASSED})
    (new,), (removed,) = compare(matrix(), more).changes, compare(more, matrix()).changes
    assert (new.kind, new.regression, removed.kind, removed.regression) == (Kind.NEW, False, Kind.REMOVED, True)


def test_new_and_errored_is_inconclusive() -> None:
    """Of a requirement that is new and could not be judged nothing is known: that is not "no regression"."""
    found = compare(matrix(), matrix(statuses={"TA-09": Status.ERRORED}))
    assert [(change.before, change.kind) for change in found.changes] == [(None, Kind.ERRORED)]
    assert (found.regressed, found.inconclusive) == (False, True)


def test_mesh_that_came_or_went() -> None:
    """All of a mesh is new or removed, beside one that stayed."""
    both = replace(matrix(), runs=(*matrix().runs, *matrix(mesh="linkerd", nonce="n2").runs))
    assert {(change.mesh, change.kind) for change in compare(matrix(), both).changes} == {("linkerd", Kind.NEW)}
    found = compare(both, matrix())
    assert {(change.mesh, change.kind) for change in found.changes} == {("linkerd", Kind.REMOVED)}
    assert found.regressed


def test_two_meshes_are_compared_row_by_row() -> None:
    """Two reports of one mesh each, and not the same, show where they differ, in neutral words: neither regressed."""
    other = matrix(mesh="linkerd", nonce="n2", statuses={"TA-02": Status.FAILED})
    found = compare(matrix(), other)
    assert [(change.mesh, change.requirement, change.kind) for change in found.changes] == [
        ("reference → linkerd", "TA-02", Kind.DIFFERENT)
    ]
    assert found.same == 3
    assert found.meshes == ("reference 0.1.0", "linkerd 0.1.0")
    assert not found.regressed


def test_between_two_meshes_no_kind_takes_sides() -> None:
    """Whatever the statuses are, and where one has no result or another reading."""
    statuses = {"TA-01": Status.FAILED, "TA-02": Status.ERRORED, "TA-09": Status.PASSED}
    other = matrix(mesh="linkerd", nonce="n2", statuses=statuses, reading="second")
    for found in (compare(matrix(), other), compare(other, matrix())):
        assert {change.requirement: change.kind for change in found.changes} == {
            "TA-01": Kind.DIFFERENT,
            "TA-02": Kind.DIFFERENT,
            "TA-04": Kind.OTHER_READING,
            "TA-09": Kind.ONE_SIDED,
        }
        assert not found.regressed
        assert not found.inconclusive


def test_one_mesh_on_another_cluster_can_regress() -> None:
    """Its name carries the cluster; it is the same mesh."""
    found = compare(matrix(), matrix(mesh="reference@kind", nonce="n2", statuses={"TA-02": Status.FAILED}))
    assert found.regressed
    assert found.meshes is None


def test_id_that_changed_with_the_version_of_the_api() -> None:
    """It is found by its requirement."""
    run = matrix().runs[0]
    results = tuple(replace(entry, id=entry.id.replace("v1alpha3", "v1alpha4")) for entry in run.results)
    assert not compare(matrix(), replace(matrix(), runs=(replace(run, results=results),))).changes


def test_other_catalogues_only_when_told() -> None:
    """Runs tested against different catalogues are not compared by accident."""
    other = matrix(catalogue=a_catalogue(digest="e" * 64))
    with pytest.raises(ReportError, match="one catalogue"):
        compare(matrix(), other)
    assert not compare(matrix(), other, allow_mixed=True).changes


def test_newest_runs_are_compared() -> None:
    """Of several runs of a mesh the newest counts."""
    old = matrix(nonce="n0", finished="2025-01-01T00:00:00Z", statuses={"TA-01": Status.FAILED}).runs[0]
    assert not compare(matrix(), replace(matrix(), runs=(old, matrix().runs[0]))).changes


def test_baseline_knows_failures_only() -> None:
    """What failed is known; what errored, or failed on another mesh, is not."""
    baseline = Baseline.of(matrix(statuses={"TA-01": Status.FAILED, "TA-02": Status.ERRORED}))
    assert baseline.knows("reference", "TA-01")
    assert not baseline.knows("reference", "TA-02")
    assert not baseline.knows("linkerd", "TA-01")
    assert not Baseline().knows("reference", "TA-01")


class TestCommand:
    """`pytest-smi diff`."""

    def run(self, *arguments: object) -> int:
        """The exit status."""
        with pytest.raises(SystemExit) as caught:
            main(["diff", *map(str, arguments)])
        return int(str(caught.value.code))

    def test_regression(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Status 1 and the reason; the other way round it is fixed and status 0."""
        good, bad = a_report(tmp_path / "a"), a_report(tmp_path / "b", nonce="n2", statuses={"TA-01": Status.FAILED})
        key = good / "signing-key.pub.pem"
        assert self.run(good, bad, "--key", key) == 1
        out = capsys.readouterr().out
        assert "Regressed (1)" in out
        assert "TA-01  passed → failed" in out
        assert "it is failed" in out
        assert self.run(bad, good / "matrix.json") == 0
        assert "not verified" in capsys.readouterr().out

    def test_two_meshes(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Status 0, and both by name."""
        statuses = {"TA-01": Status.FAILED}
        one, other = a_report(tmp_path / "a"), a_report(tmp_path / "b", mesh="osm", nonce="n2", statuses=statuses)
        assert self.run(one, other) == 0
        out = capsys.readouterr().out
        assert out.startswith("reference 0.1.0 and osm 0.1.0")
        assert "  TA-01  passed | failed" in out
        assert out.endswith("1 different, 3 the same\n")
        assert "egress" not in out

    def test_errored_only(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """An error alone is no regression: status 3, with the reason,
        so that a gate runs again in place of blaming the release."""
        good, bad = a_report(tmp_path / "a"), a_report(tmp_path / "b", nonce="n2", statuses={"TA-01": Status.ERRORED})
        assert self.run(good, bad) == 3
        out = capsys.readouterr().out
        assert "Errored (1)" in out
        assert "it is errored" in out
        assert out.endswith("inconclusive: 1 changed, 3 the same\n")

    def test_errored_beside_a_regression(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Each has its own heading; what is errored is never counted as regressed."""
        statuses = {"TA-01": Status.FAILED, "TA-02": Status.ERRORED}
        good, bad = a_report(tmp_path / "a"), a_report(tmp_path / "b", nonce="n2", statuses=statuses)
        assert self.run(good, bad) == 1
        out = capsys.readouterr().out
        regressed, _, errored = out.partition("Errored (1)")
        assert "Regressed (1)" in regressed
        assert "TA-01" in regressed
        assert "TA-02" not in regressed
        assert "TA-02" in errored

    def test_json(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """A document for gates."""
        good, bad = a_report(tmp_path / "a"), a_report(tmp_path / "b", nonce="n2", statuses={"TA-01": Status.FAILED})
        assert self.run(good, bad, "--json") == 1
        document = json.loads(capsys.readouterr().out)
        assert document["regressed"] is True
        assert document["verified"] is False
        assert [(change["kind"], change["requirement"]) for change in document["changes"]] == [("regressed", "TA-01")]

    def test_keys_mean_verification(self, tmp_path: Path) -> None:
        """With a key a changed report is refused; what is no report is an error."""
        good, bad = a_report(tmp_path / "a"), a_report(tmp_path / "b", nonce="n2")
        (bad / "matrix.json").write_text((bad / "matrix.json").read_text().replace("passed", "failed", 1))
        assert self.run(good, bad, "--key", good / "signing-key.pub.pem") == 1
        assert self.run(good, tmp_path) == 3
