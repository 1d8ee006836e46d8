"""A folder that takes the place of another: whole, or the other stays as it was."""

from pathlib import Path

import pytest

from pytest_smi.reports.staging import folder_beside


def older(tmp_path: Path) -> Path:
    """Return a folder with something in it."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "old").write_text("old")
    return out


def interrupted(out: Path, error: BaseException) -> None:
    """Begin to write, and end with an error."""
    with folder_beside(out) as stage:
        (stage / "new").write_text("new")
        raise error


def test_new_folder_takes_the_place_of_an_earlier_one(tmp_path: Path) -> None:
    """And nothing else stays beside it."""
    out = older(tmp_path)

    with folder_beside(out) as stage:
        (stage / "new").write_text("new")
        assert (out / "old").exists()

    assert [path.name for path in out.iterdir()] == ["new"]
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("error", [OSError("no space"), KeyboardInterrupt()])
def test_after_an_error_all_is_as_it_was(tmp_path: Path, error: BaseException) -> None:
    """Whatever ended the writer."""
    out = older(tmp_path)

    with pytest.raises(type(error)):
        interrupted(out, error)

    assert [path.name for path in out.iterdir()] == ["old"]
    assert list(tmp_path.iterdir()) == [out]


def test_earlier_folder_comes_back_when_the_new_one_cannot_be_moved(tmp_path: Path) -> None:
    """The stage is gone when it is to take the place: what was there before is there again."""
    out = older(tmp_path)

    with pytest.raises(OSError, match="No such file"), folder_beside(out) as stage:
        stage.rmdir()

    assert [path.name for path in out.iterdir()] == ["old"]
    assert list(tmp_path.iterdir()) == [out]
