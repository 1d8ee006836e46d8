"""The tables of meshes: the README's is the generated one, and the command prints what profiles say."""

import json
import re
from pathlib import Path

import pytest

from pytest_smi.cli import main
from pytest_smi.profiles.load import known_profiles, load_profile, parse_profile
from pytest_smi.profiles.table import markdown_table


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What `pytest-smi profiles ARGUMENTS` prints."""
    with pytest.raises(SystemExit) as ended:
        main(["profiles", *arguments])
    assert ended.value.code == 0
    return capsys.readouterr().out


def test_the_page_of_meshes_has_the_generated_table(capsys: pytest.CaptureFixture[str]) -> None:
    """After a change of a profile: pytest-smi profiles --markdown, put between the markers of docs/meshes.md."""
    readme = (Path(__file__).parents[2] / "docs" / "meshes.md").read_text()
    (shown,) = re.findall(r"<!-- meshes -->\n(.*?)\n<!-- /meshes -->", readme, re.DOTALL)

    assert shown == printed(capsys, "--markdown").rstrip("\n")


def test_every_mesh_has_one_row() -> None:
    """Nothing is left out and nothing is listed twice."""
    rows = re.findall(
        r"^\| `([a-z][^`]*)` \|",
        "\n".join(markdown_table([load_profile(name) for name in known_profiles()])),
        re.MULTILINE,
    )

    assert sorted(rows) == sorted(known_profiles())


def test_json_is_every_profile_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    """What is printed can be read as profiles again."""
    profiles = [parse_profile(document) for document in json.loads(printed(capsys, "--json"))]

    assert profiles == [load_profile(name) for name in sorted(known_profiles())]


def test_bad_file_is_an_error_with_its_fields(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--mesh-profile` checks a file on the way."""
    path = tmp_path / "acme.yaml"
    path.write_text("{name: acme, provider: cluster, apis: {split: [v1alpha9]}}")

    with pytest.raises(SystemExit) as ended:
        main(["profiles", "--mesh-profile", str(path)])

    assert ended.value.code == 3
    assert "apis.split[0]: must be one of v1alpha4" in capsys.readouterr().err
