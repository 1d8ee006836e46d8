"""The README says what the program does: options, commands and counts are compared with the program itself."""

import re
from collections import Counter
from pathlib import Path

import pytest

from pytest_smi.cli import main
from pytest_smi.core.catalogue import load
from pytest_smi.session import options

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
OPTIONS = (ROOT / "docs" / "options.md").read_text()
PAGES = {path.name: path.read_text() for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))}


def test_every_option_is_in_the_table_and_the_other_way_round() -> None:
    """A new option is documented, and a removed one is not promised."""
    parser = pytest.Parser(_ispytest=True)
    options.register(parser)
    registered = {name for option in parser.getgroup("smi").options for name in option.names()}
    documented = set(re.findall(r"^\| `(--[a-z-]+)", OPTIONS, re.MULTILINE))

    assert documented == registered


def test_commands_exist(capsys: pytest.CaptureFixture[str]) -> None:
    """Every `pytest-smi COMMAND` of the README and of docs/ is in the program's help."""
    with pytest.raises(SystemExit):
        main(["--help"])
    known = capsys.readouterr().out

    for command in set(re.findall(r"[`$] ?pytest-smi ([a-z]+)", "\n".join(PAGES.values()))):
        assert re.search(rf"^\s+{command}\s", known, re.MULTILINE), command


def test_run_shown_is_of_this_catalogue() -> None:
    """The real output that the README shows has as many requirements per API as the catalogue."""
    shown = {
        api: sum(map(int, re.findall(r"(\d+) (?:passed|observed|unsupported)", line)))
        for api, line in re.findall(r"^  (\w+) +v1alpha\d (.*)$", README, re.MULTILINE)
    }

    assert shown == Counter(record.api for record in load())
    assert f"[{len(load())} items]" in README


def test_readme_is_short() -> None:
    """What a reader needs first; the rest is in docs/."""
    assert len(README.splitlines()) <= 120


def test_links_lead_somewhere() -> None:
    """Every relative link of the README and of docs/ is a file or a folder."""
    broken = []
    for name, text in PAGES.items():
        folder = ROOT if name == "README.md" else ROOT / "docs"
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
            if not (folder / target).exists():
                broken.append(f"{name}: {target}")
    assert not broken
