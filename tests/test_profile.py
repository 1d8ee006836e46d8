"""Loading mesh profiles: strict, and every bad field at once."""

from pathlib import Path

import pytest

from pytest_smi.errors import ProfileError
from pytest_smi.profile import known_profiles, load_profile, parse_profile, read_profile


@pytest.mark.parametrize("name", list(known_profiles()))
def test_shipped_profile_loads(name: str) -> None:
    """Every profile in the package is valid and bears its file's name."""
    assert load_profile(name).name == name


def test_unknown_mesh_lists_the_known_ones() -> None:
    """A misspelt mesh is told what there is."""
    with pytest.raises(ProfileError, match=r"known meshes: .*reference"):
        load_profile("lnkerd")


def test_every_bad_field_is_named_with_its_path() -> None:
    """One message holds all mistakes, each with the dotted path."""
    document = {
        "name": "x",
        "provider": "cloud",
        "apis": {"acess": ["v1"], "split": "v1alpha4"},
        "join": {"podLabels": {"a": 1}},
        "limits": {"settle_deadline": -1, "patience": 3},
        "colour": "red",
    }

    with pytest.raises(ProfileError) as caught:
        parse_profile(document)

    for path in ("provider", "apis.acess", "apis.split", "join.podLabels.a", "limits.settle_deadline", "colour"):
        assert f"{path}:" in caught.value.message


def test_unknown_limit_is_refused() -> None:
    """A limit that does not exist would silently not limit."""
    with pytest.raises(ProfileError, match="unknown limit patience"):
        parse_profile({"name": "x", "provider": "cluster", "limits": {"patience": 3}})


def test_file_that_is_no_yaml_is_refused(tmp_path: Path) -> None:
    """The message names the file."""
    path = tmp_path / "broken.yaml"
    path.write_text("a: [")

    with pytest.raises(ProfileError, match=r"broken\.yaml"):
        read_profile(path)


def test_yaml_tags_are_not_executed(tmp_path: Path) -> None:
    """Profiles of third parties are data."""
    path = tmp_path / "evil.yaml"
    path.write_text("name: !!python/object/apply:os.getcwd []\n")

    with pytest.raises(ProfileError):
        read_profile(path)
