"""The versions of a mesh with what changed, how links name them, and the table as CSV; all of it pure."""

import csv
import io

import pytest

from pytest_smi.core.terms import Status
from pytest_smi.matrix.matrix import Matrix
from pytest_smi.reports.render.history import LETTERS, keys_of
from pytest_smi.reports.render.page_model import lines_of
from pytest_smi.reports.render.page_records import Past
from pytest_smi.reports.render.table import table_csv
from tests.support.matrices import a_run, built


def history(*statuses: Status) -> tuple[Past, ...]:
    """The history of a mesh whose TA-01 had these statuses, the oldest first."""
    runs = [a_run(version=f"v{day}", day=day, statuses={"TA-01": one}) for day, one in enumerate(statuses, 1)]
    (line,) = lines_of(built(*runs).matrix)
    return line.history


def test_each_status_has_a_letter_of_its_own() -> None:
    """Or two of them could not be told apart in a run's letters."""
    assert len(set(LETTERS.values())) == len(Status)


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (Status.PASSED, Status.FAILED, "worse"),
        (Status.PASSED, Status.ERRORED, "worse"),
        (Status.PASSED, Status.UNSUPPORTED, "worse"),
        (Status.UNSUPPORTED, Status.FAILED, "worse"),
        (Status.FAILED, Status.PASSED, "better"),
        (Status.SKIPPED, Status.PASSED, "better"),
        (Status.ERRORED, Status.FAILED, "other"),
        (Status.SKIPPED, Status.UNSUPPORTED, "other"),
        (Status.PASSED, Status.PASSED, None),
    ],
)
def test_what_changed(before: Status, after: Status, kind: str | None) -> None:
    """Since the run before, and nothing in the first run of all."""
    newest, first = history(before, after)
    for name in ("better", "worse", "other"):
        assert getattr(newest, name) == (("TA-01",) if name == kind else ())
        assert getattr(first, name) == ()
    assert (newest.first, first.first) == (False, True)


def test_a_share_is_rounded_but_never_to_all_or_to_what_was_not_tested() -> None:
    """Of what passed, failed or errored; 100% is said only of all."""
    (past,) = history(Status.FAILED)
    assert (past.passed, past.tested, past.percent) == (6, 7, "86%")
    (whole,) = history(Status.PASSED)
    assert whole.percent == "100%"
    none = Past(run=past.run, key="k", passed=0, tested=0, statuses="", first=True)
    assert (none.share, none.percent) == (None, "–")
    nearly = Past(run=past.run, key="k", passed=999, tested=1000, statuses="", first=True)
    assert nearly.percent == "99%"


def test_links_name_each_run_by_mesh_and_version() -> None:
    """The latest of a version has the plain name, however often it was tested; every name is its own."""
    runs = built(a_run(version="v1", day=1), a_run(version="v1", day=2), a_run(version="", day=3)).matrix.runs
    keys = {run.finished_at[:10]: key for run, key in ((run, keys_of(runs)[run.nonce]) for run in runs)}
    assert keys == {
        "2026-11-01": "reference@v1@2026-11-01T10:02:00Z",
        "2026-11-02": "reference@v1",
        "2026-11-03": "reference",
    }


def test_a_cell_of_the_table_is_never_a_formula() -> None:
    """A spreadsheet would run it."""
    matrix: Matrix = built(a_run("=HYPERLINK(1)", "+1", 1), a_run("osm", "v1", 2)).matrix
    rows = list(csv.DictReader(io.StringIO(table_csv(lines_of(matrix)))))
    assert [(row["mesh"], row["version"]) for row in rows] == [("'=HYPERLINK(1)", "'+1"), ("osm", "v1")]
    assert rows[1]["accessCapability"] == "Full"
    assert (rows[1]["passed"], rows[1]["tested"], rows[1]["share"]) == ("7", "7", "1.0000")
