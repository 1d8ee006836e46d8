"""Where a run writes: a whole report is never lost, and a run that writes nothing leaves nothing."""

from pathlib import Path

import pytest

from pytest_smi.errors import UsageProblem
from pytest_smi.session.report_folder import ReportFolder


def a_report(folder: Path, text: str = "{}") -> Path:
    """A folder with the files that matter here."""
    (folder / "evidence").mkdir(parents=True)
    (folder / "matrix.json").write_text(text)
    return folder


def test_a_partial_run_has_a_folder_of_its_own(tmp_path: Path) -> None:
    """The whole run's report is neither moved nor touched."""
    good = a_report(tmp_path / "r", "good")
    folder = ReportFolder(good, replace=False)

    folder.claim(partial=True)
    moved = folder.make_room()
    folder.release()

    assert (folder.path, moved) == (tmp_path / "r-partial", None)
    assert (good / "matrix.json").read_text() == "good"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r"]


def test_an_older_report_is_moved_aside_each_time(tmp_path: Path) -> None:
    """The numbers go up; what was there before is found in them, oldest first."""
    for text in ("one", "two"):
        a_report(tmp_path / "r", text)
        folder = ReportFolder(tmp_path / "r", replace=False)
        folder.claim(partial=False)
        folder.make_room()
        folder.release()

    assert {path.name: (path / "matrix.json").read_text() for path in tmp_path.iterdir()} == {
        "r.1": "one",
        "r.2": "two",
    }


def test_an_older_report_may_be_replaced(tmp_path: Path) -> None:
    """`--smi-report-replace` leaves it to the writer, which replaces it safely."""
    folder = ReportFolder(a_report(tmp_path / "r"), replace=True)
    folder.claim(partial=False)

    assert folder.make_room() is None
    assert [path.name for path in tmp_path.iterdir()] == ["r"]


def test_a_folder_that_was_there_stays(tmp_path: Path) -> None:
    """Only what was made for the run is removed again, and only while it is empty."""
    (tmp_path / "kept").mkdir()
    for name in ("kept", "made", "written"):
        folder = ReportFolder(tmp_path / name, replace=False)
        folder.claim(partial=False)
        if name == "written":
            (tmp_path / name / "matrix.json").write_text("{}")
        folder.release()

    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept", "written"]
    assert list((tmp_path / "kept").iterdir()) == []


def test_foreign_files_are_refused_at_once(tmp_path: Path) -> None:
    """What could not be verified afterwards is not run first."""
    a_report(tmp_path / "build")
    (tmp_path / "build" / "lib.so").write_text("")

    with pytest.raises(UsageProblem, match="also holds lib\\.so"):
        ReportFolder(tmp_path / "build", replace=False).claim(partial=False)
    assert sorted(path.name for path in (tmp_path / "build").iterdir()) == ["evidence", "lib.so", "matrix.json"]


def test_the_held_folder_is_refused_to_a_second_run(tmp_path: Path) -> None:
    """Also after room was made in it."""
    folder = ReportFolder(a_report(tmp_path / "r"), replace=False)
    folder.claim(partial=False)
    folder.make_room()

    with pytest.raises(UsageProblem, match="one run at a time"):
        ReportFolder(tmp_path / "r", replace=False).claim(partial=False)
    folder.release()
