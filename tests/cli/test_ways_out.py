"""Tests of what every command has in common: where its output goes, what untrusted strings do to it,
and what happens when it breaks."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_smi import cli
from pytest_smi.core.canonical import canonical_bytes, parse_json
from pytest_smi.core.terms import Status
from pytest_smi.matrix.matrix import SCHEMA_VERSION
from pytest_smi.reports.render.terminal import summary_lines
from tests.support.reports import a_matrix, a_report

PROGRAM = str(Path(sys.executable).with_name("pytest-smi"))
HOSTILE = "\x1b]0;owned\x07\x9b2J"

COMMANDS: dict[str, Callable[[Path], list[object]]] = {
    "help": lambda _: ["--help"],
    "help of a command": lambda _: ["verify", "--help"],
    "version": lambda _: ["--version"],
    "catalogue": lambda _: ["catalogue"],
    "crds": lambda _: ["crds"],
    "diff": lambda report: ["diff", report, report],
    "diff as JSON": lambda report: ["diff", report, report, "--json"],
    "faults": lambda _: ["faults"],
    "image": lambda _: ["image"],
    "image's name": lambda _: ["image", "--name"],
    "keygen": lambda report: ["keygen", "--out", report.parent / "new.pem"],
    "profiles": lambda _: ["profiles"],
    "rbac": lambda _: ["rbac"],
    "personas": lambda _: ["reference", "personas"],
    "render": lambda report: ["render", report, "--out", report.parent / "site"],
    "verify": lambda report: ["verify", report, "--key", report / "signing-key.pub.pem"],
    "verify as JSON": lambda report: ["verify", report, "--key", report / "signing-key.pub.pem", "--json"],
}


def run(*arguments: object) -> int:
    """Return the exit status of the command line."""
    with pytest.raises(SystemExit) as caught:
        cli.main([str(argument) for argument in arguments])
    return int(str(caught.value.code))


class TestOutputThatCannotBeWritten:
    """`> /dev/full`, and a reader that went away."""

    @pytest.mark.parametrize("name", list(COMMANDS))
    def test_full_device(self, name: str, tmp_path: Path) -> None:
        """One line and status 3: never 1, which would mean that the answer is no."""
        arguments = [str(one) for one in COMMANDS[name](a_report(tmp_path / "r"))]
        with open("/dev/full", "wb") as full:
            done = subprocess.run([PROGRAM, *arguments], stdout=full, stderr=subprocess.PIPE, timeout=120, check=False)
        assert done.stderr.decode() == "error: the output cannot be written: No space left on device\n"
        assert done.returncode == 3

    def test_reader_that_went_away(self, tmp_path: Path) -> None:
        """A pipe that nobody reads is no refusal either."""
        report = a_report(tmp_path / "r")
        reading, writing = os.pipe()
        os.close(reading)
        command = [PROGRAM, "verify", str(report), "--key", str(report / "signing-key.pub.pem")]
        done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, timeout=120, check=False)
        os.close(writing)
        assert done.returncode == 3
        assert b"Traceback" not in done.stderr


class TestUnforeseen:
    """Errors that nobody thought of."""

    def test_one_line_and_status_3(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        """Without the secret that it holds, and with its traceback only when asked for."""

        def broken(*_: object) -> None:
            raise LookupError("no such thing: Bearer hunter2hunter2\nsecond line")

        monkeypatch.setattr("pytest_smi.reports.remote.load_matrix", broken)
        assert run("diff", ".", ".") == 3
        told = capsys.readouterr().err
        assert told.splitlines()[0] == "error: unforeseen: LookupError: no such thing: Bearer …"
        assert "Traceback" not in told
        monkeypatch.setenv("SMI_TRACEBACK", "1")
        assert run("diff", ".", ".") == 3
        assert "Traceback" in capsys.readouterr().err

    def test_command_that_is_not_there(self, capsys: pytest.CaptureFixture[str]) -> None:
        """The nearest is named, and where the list is."""
        assert run("verfy") == 4
        told = capsys.readouterr().err
        assert "unknown command 'verfy' (did you mean 'verify'?); pytest-smi --help lists all" in told
        assert "pytest-smi --help" in told


class TestUntrustedStrings:
    """Strings of a mesh, of a report, and names of files."""

    def test_nothing_reaches_the_terminal_raw(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Neither by diff nor by verify, as text or JSON, nor by an error that names a file."""
        good, bad = (
            a_report(tmp_path / "a", mesh=HOSTILE),
            a_report(tmp_path / "b", mesh=HOSTILE, nonce="n2", statuses={"TA-01": Status.FAILED}),
        )
        key = good / "signing-key.pub.pem"
        for arguments, status in (
            (("diff", good, bad), 1),
            (("diff", good, bad, "--json"), 1),
            (("verify", good, "--key", key), 0),
            (("verify", good, "--key", key, "--json"), 0),
            (("verify", good, "--key", key, "--mesh", HOSTILE + "x"), 1),
            (("diff", good, tmp_path / HOSTILE), 4),
        ):
            assert run(*arguments) == status
            captured = capsys.readouterr()
            assert not {"\x1b", "\x07", "\x9b"} & set(captured.out + captured.err)
            assert "owned" in captured.out + captured.err

    def test_summary_of_a_run(self) -> None:
        """The summary that pytest prints is as safe."""
        lines = [line for _, line in summary_lines(a_matrix(mesh=HOSTILE)[0], report=HOSTILE, fingerprint="SHA256:x")]
        assert not {"\x1b", "\x07", "\x9b"} & set("".join(lines))
        assert any("\\x1b]0;owned" in line for line in lines)

    def test_half_a_surrogate_pair_in_a_matrix(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """It is no Unicode: one line that names the file, by diff and render; what is written never has one."""
        report = a_report(tmp_path / "r", statuses={"TA-01": Status.FAILED})
        text = (report / "matrix.json").read_text()
        (report / "matrix.json").write_text(text.replace("it is failed", "\\ud800"))
        for arguments in (("diff", report, report), ("render", report)):
            assert run(*arguments) == 3
            assert (
                f"error: {report}/matrix.json: a matrix must be JSON: the text '\\ud800' is half of a surrogate pair"
                in capsys.readouterr().err
            )
        assert parse_json(canonical_bytes({"reason": "a\ud800b"})) == {"reason": "a\ufffdb"}


class TestBadInputs:
    """Files that are no report."""

    def test_pipe(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """A pipe without a writer is an error at once, wherever a file is read."""
        report, pipe = a_report(tmp_path / "r"), tmp_path / "f"
        os.mkfifo(pipe)
        key = report / "signing-key.pub.pem"
        for arguments in (("diff", report, pipe), ("diff", pipe, report), ("render", pipe)):
            assert run(*arguments) == 3
            assert f"{pipe} cannot be read: it is not a regular file" in capsys.readouterr().err
        assert run("verify", report, "--key", pipe) == 4
        (report / "matrix.json").unlink()
        os.mkfifo(report / "matrix.json")
        assert run("verify", report, "--key", key) == 1
        assert run("merge", report, "--key", key, "--signing-key", pipe, "--out", tmp_path / "all") == 4

    def test_the_bad_file_is_named(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Whichever of the two it is, verified or not."""
        good, bad = a_report(tmp_path / "good"), a_report(tmp_path / "bad", nonce="n2")
        (bad / "matrix.json").write_text("{")
        for first, second in ((good, bad), (bad, good)):
            assert run("diff", first, second) == 3
            assert f"error: {bad}/matrix.json: " in capsys.readouterr().err
            assert run("diff", first, second, "--key", good / "signing-key.pub.pem") == 1
            assert f"error: {bad}: step 7: " in capsys.readouterr().err

    def test_newer_schema(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """A report of a later release says upgrade, not that its fields are bad."""
        report = a_report(tmp_path / "r")
        document = json.loads((report / "matrix.json").read_bytes())
        document["schemaVersion"] = SCHEMA_VERSION + 1
        document["more"] = "than we know"
        (report / "matrix.json").write_text(json.dumps(document))
        assert run("diff", report, report) == 3
        told = capsys.readouterr().err
        assert (
            f"{report}/matrix.json: the schema version must be at most {SCHEMA_VERSION} for this release; "
            f"found {SCHEMA_VERSION + 1}" in told
        )
        assert "pip install --upgrade pytest-smi" in told
        assert run("render", report) == 3
        assert "pip install --upgrade pytest-smi" in capsys.readouterr().err

    def test_folder_behind_a_link(self, tmp_path: Path) -> None:
        """The folder that the user names may be a link; nothing in it may."""
        report, link = a_report(tmp_path / "r"), tmp_path / "latest"
        link.symlink_to("r")
        key = report / "signing-key.pub.pem"
        assert run("verify", link, "--key", key) == 0
        assert run("verify", link / "matrix.json", "--key", key) == 0
        assert run("diff", link, report, "--key", key) == 0
        assert run("render", link, "--key", key) == 0
        own = tmp_path / "own.pem"
        assert run("keygen", "--out", own) == 0
        assert run("merge", link, "--key", key, "--signing-key", own, "--out", tmp_path / "all") == 0
        assert run("sign", link, "--key", key, "--signing-key", own) == 0
        (report / "evidence").rename(tmp_path / "elsewhere")
        (report / "evidence").symlink_to(tmp_path / "elsewhere")
        assert run("verify", link, "--key", key) == 1
