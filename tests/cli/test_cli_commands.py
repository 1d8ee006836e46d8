"""Tests of the command line apart from `verify`: help, keygen, faults, catalogue, clean, reference."""

import json
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_smi.cli import main
from pytest_smi.cluster.connection import Connection


def run(*arguments: str) -> int:
    """The exit status of the command line."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    return int(str(caught.value.code))


@pytest.mark.parametrize(
    "command",
    [
        (),
        ("verify",),
        ("merge",),
        ("diff",),
        ("doctor",),
        ("sign",),
        ("gate",),
        ("faults",),
        ("catalogue",),
        ("keygen",),
        ("reference",),
        ("reference", "up"),
        ("clean",),
    ],
)
def test_help_of_every_command(command: Sequence[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Every command explains itself, and those that do something show an example."""
    assert run(*command, "--help") == 0
    out = capsys.readouterr().out
    assert "Usage: pytest-smi" in out
    assert "xample" in out or "first run" in out or command == ("reference",)


@pytest.mark.parametrize("arguments", [("nonsense",), ("verify",), ("keygen", "--nonsense"), ("clean", "extra")])
def test_wrong_usage_is_status_4(arguments: Sequence[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Unknown commands, options and missing arguments are usage errors."""
    assert run(*arguments) == 4
    assert "Usage" in capsys.readouterr().err


def test_help_loads_nothing_heavy() -> None:
    """`pytest-smi --help` imports no cryptography, kubernetes, pydantic, yaml or pytest."""
    program = (
        "import sys; from pytest_smi.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "heavy = {'cryptography', 'kubernetes', 'yaml', 'pytest', 'aiohttp', 'pydantic', 'securesystemslib'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=30, check=True)
    assert done.stderr.strip() == b"[]"


def test_keygen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A key is made with mode 0600 and its public half beside it; it is never replaced,
    and its content never printed."""
    path = tmp_path / "k.pem"
    assert run("keygen", "--out", str(path)) == 0
    out = capsys.readouterr().out
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (tmp_path / "k.pub.pem").read_bytes().startswith(b"-----BEGIN PUBLIC KEY-----")
    assert "SHA256:" in out
    assert "PRIVATE" not in out
    before = path.read_bytes()
    assert run("keygen", "--out", str(path)) == 4
    assert path.read_bytes() == before


class TestFaults:
    """`pytest-smi faults`."""

    LISTED = (
        {"name": "split-ignores-weights", "description": "Even shares.", "breaks": ["SP-01"], "kind": "mesh"},
        {"name": "dns-dead", "description": "No names.", "breaks": [], "kind": "cluster"},
    )

    def answer(self, monkeypatch: pytest.MonkeyPatch, stdout: str, status: int = 0, stderr: str = "") -> None:
        """Let the reference answer this."""

        def done(command: list[str], **_: Any) -> SimpleNamespace:
            assert command[1:] == ["-P", "-m", "pytest_smi.reference", "faults"]
            return SimpleNamespace(returncode=status, stdout=stdout.encode(), stderr=stderr.encode())

        monkeypatch.setattr(subprocess, "run", done)

    def test_json(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        """With --json exactly name, description and breaks of each."""
        self.answer(monkeypatch, json.dumps(self.LISTED))
        assert run("faults", "--json") == 0
        wanted = [{key: fault[key] for key in ("name", "description", "breaks")} for fault in self.LISTED]
        assert json.loads(capsys.readouterr().out) == wanted

    def test_table(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        """Without it, lines for people."""
        self.answer(monkeypatch, json.dumps(self.LISTED))
        assert run("faults") == 0
        out = capsys.readouterr().out
        assert "split-ignores-weights  Even shares." in out
        assert "must be errored" in out

    @pytest.mark.parametrize(("stdout", "status"), [("", 1), ("{", 0), ("[{}]", 0), ("3", 0)])
    def test_reference_that_fails(
        self, monkeypatch: pytest.MonkeyPatch, stdout: str, status: int, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A reference that fails or babbles is one clear error, status 3."""
        self.answer(monkeypatch, stdout, status, "Traceback\nImportError: x")
        assert run("faults") == 3
        assert "the reference must list its faults" in capsys.readouterr().err


def test_reference_up_ends_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`reference up` prints a kubeconfig that works, and on SIGTERM ends with status 0 and leaves nothing."""
    short = Path(tempfile.mkdtemp(prefix="s"))
    monkeypatch.setenv("TMPDIR", str(short))
    command = [str(Path(sys.executable).with_name("pytest-smi")), "reference", "up"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        kubeconfig = next(Path(line.rpartition("=")[2].strip()) for line in lines if "KUBECONFIG=" in line)

        assert kubeconfig.stat().st_mode & 0o077 == 0
        assert Connection(kubeconfig).request("GET", "/apis/split.smi-spec.io").ok

        process.terminate()
        assert process.wait(30) == 0
        assert not list(short.iterdir())
    finally:
        process.kill()
        process.communicate()
        shutil.rmtree(short)
