"""Completion in shells, as docs/options.md sets it up."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_smi.signing.keys import default_key_path

PAGE = (Path(__file__).parents[2] / "docs" / "options.md").read_text(encoding="utf-8")
PROGRAM = str(Path(sys.executable).with_name("pytest-smi"))


@pytest.mark.parametrize("shell", re.findall(r"_PYTEST_SMI_COMPLETE=(\w+)_source", PAGE))
def test_every_shell_of_the_page_has_its_script(shell: str) -> None:
    """The script asks the program what may follow."""
    if shell == "bash" and not Path("/bin/bash").exists():
        pytest.skip("bash completion needs bash")
    done = subprocess.run(
        [PROGRAM], env={**os.environ, "_PYTEST_SMI_COMPLETE": f"{shell}_source"}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert f"_PYTEST_SMI_COMPLETE={shell}_complete" in done.stdout


def test_commands_are_completed() -> None:
    """What begins a command brings it."""
    asked = {"COMP_WORDS": "pytest-smi ver", "COMP_CWORD": "1", "_PYTEST_SMI_COMPLETE": "bash_complete"}
    done = subprocess.run([PROGRAM], env={**os.environ, **asked}, capture_output=True, text=True, check=True)
    assert done.stdout == "plain,verify\n"


def test_the_page_says_where_the_key_is() -> None:
    """Whoever uninstalls finds what a run left in the home folder."""
    assert "pytest-smi/" in PAGE
    assert default_key_path({"HOME": "/home/me"}).parent == Path("/home/me/.config/pytest-smi")
    assert default_key_path({"HOME": "/home/me", "XDG_CONFIG_HOME": "/x"}).parent == Path("/x/pytest-smi")
