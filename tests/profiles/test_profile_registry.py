"""Finding a profile by name: files, entry points of packages, and the shipped ones."""

import sys
from pathlib import Path

import pytest

from pytest_smi.errors import ProfileError
from pytest_smi.profiles.load import known_profiles
from pytest_smi.profiles.registry import all_profiles, find_profile

ACME = "{name: acme, provider: cluster, apis: {split: [v1alpha2]}}"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages with one that has an entry point `acme = acme_smi:profile`;
    write acme_smi.py into it."""
    information = tmp_path / "acme_smi-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-smi\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text("[pytest_smi.profiles]\nacme = acme_smi:profile\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "acme_smi", raising=False)
    return tmp_path


def write(folder: Path, text: str, name: str = "acme.yaml") -> Path:
    """Write a profile file."""
    path = folder / name
    path.write_text(text)
    return path


def test_file_comes_first(tmp_path: Path) -> None:
    """A file given by the user replaces a shipped profile of that name."""
    path = write(tmp_path, "{name: osm, title: Mine, provider: cluster, apis: {split: [v1alpha2]}}")

    assert find_profile("osm", [path]).title == "Mine"
    assert find_profile("osm").title == "Open Service Mesh"


def test_unknown_name_names_the_nearest_and_where_the_list_is(tmp_path: Path) -> None:
    """A misspelt mesh is guessed, files of the user included, and so is how to describe another."""
    with pytest.raises(ProfileError) as caught:
        find_profile("traefic-mesh", [write(tmp_path, ACME)])
    with pytest.raises(ProfileError, match="did you mean 'acme'"):
        find_profile("acne", [write(tmp_path, ACME)])

    assert "did you mean 'traefik-mesh'" in caught.value.message
    assert "pytest-smi profiles lists all" in caught.value.message
    assert "--mesh-profile=FILE" in caught.value.hint


def test_bad_file_is_told_whatever_mesh_is_asked_for(tmp_path: Path) -> None:
    """A file that was given is meant to be used: its faults are not passed over."""
    with pytest.raises(ProfileError, match=r"acme\.yaml has 1 bad field"):
        find_profile("osm", [write(tmp_path, "{name: acme, provider: cluster}")])


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    """Which one is meant cannot be told."""
    with pytest.raises(ProfileError, match="two profiles are named 'acme'"):
        find_profile("acme", [write(tmp_path, ACME), write(tmp_path, ACME, "other.yaml")])


@pytest.mark.parametrize(
    "code",
    [
        "from pathlib import Path\nprofile = Path(__file__).with_name('acme.yaml')",
        "from pathlib import Path\nprofile = str(Path(__file__).with_name('acme.yaml'))",
        "from pathlib import Path\ndef profile():\n    return Path(__file__).with_name('acme.yaml')",
        "profile = {'name': 'acme', 'provider': 'cluster', 'apis': {'split': ['v1alpha2']}}",
        "def profile():\n    return {'name': 'acme', 'provider': 'cluster', 'apis': {'split': ['v1alpha2']}}",
    ],
)
def test_entry_point_gives_a_path_or_a_mapping(package: Path, code: str) -> None:
    """An installed package brings its mesh, in whichever form is handy."""
    write(package, ACME)
    (package / "acme_smi.py").write_text(code)

    assert find_profile("acme").apis == {"split": ("v1alpha2",)}
    assert list(all_profiles()) == sorted([*known_profiles(), "acme"])


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("raise RuntimeError('no licence')", "cannot be loaded: RuntimeError: no licence"),
        ("profile = 7", "neither a path nor a mapping but int"),
        ("profile = {'name': 'acme'}", "bad field"),
        (
            "profile = {'name': 'other', 'provider': 'cluster', 'apis': {'split': ['v1alpha2']}}",
            "is named 'other' inside",
        ),
        ("profile = '/nowhere/acme.yaml'", "cannot be read"),
    ],
)
def test_broken_entry_point_names_the_package_and_spares_other_meshes(package: Path, code: str, message: str) -> None:
    """Somebody else's package may break its own mesh, no other."""
    (package / "acme_smi.py").write_text(code)

    with pytest.raises(ProfileError, match=message):
        find_profile("acme")
    assert find_profile("osm").name == "osm"


def test_entry_point_may_not_replace_a_shipped_profile(package: Path) -> None:
    """An installed package must not change what `--mesh=osm` means."""
    (package / "acme_smi-1.0.dist-info" / "entry_points.txt").write_text(
        "[pytest_smi.profiles]\nosm = acme_smi:profile\n"
    )

    with pytest.raises(ProfileError, match="two profiles are named 'osm': the package acme-smi brings another one"):
        find_profile("linkerd")
