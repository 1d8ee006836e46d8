"""Whole runs on a terminal and without one: progress is shown, pytest's own output stays as it is, `-q` is quiet."""

import os
import pty
import re
import struct
import subprocess
import sys
import termios
from fcntl import ioctl
from pathlib import Path

import pyte
import pytest

pytestmark = pytest.mark.slow

ROWS = "TA-05 or TA-06 or SP-12 or SP-13"
COUNTS = re.compile(r"(\d) of 4 rows done, (\d) running, (\d) waiting; (time left not known yet|about \d+ s left)")


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pytest", "--mesh=reference", "-p", "no:cacheprovider", "-k", ROWS, *arguments]


def on_a_terminal(folder: Path, *arguments: str) -> tuple[str, str]:
    """Run on a terminal of 24 rows: all that was written, and what the terminal then shows, history included."""
    controller, terminal = pty.openpty()
    ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(command(*arguments), cwd=folder, env=environment, stdout=terminal, stderr=terminal) as run:
        os.close(terminal)
        written = b""
        try:
            while chunk := os.read(controller, 65536):
                written += chunk
        except OSError:  # so a terminal tells that its last writer has gone
            pass
        os.close(controller)
    assert run.returncode == 0, written.decode()
    screen = pyte.HistoryScreen(100, 24, history=1000)
    pyte.ByteStream(screen).feed(written)
    history = ["".join(line[column].data for column in range(100)) for line in screen.history.top]
    return written.decode(), "\n".join(line.rstrip() for line in [*history, *screen.display])


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_a_live_line_on_a_terminal(tmp_path: Path, workers: tuple[str, ...]) -> None:
    """It says what runs and what that waits for; at the end nothing of it is left between pytest's own lines."""
    written, shown = on_a_terminal(tmp_path, *workers)

    assert COUNTS.search(written)
    assert re.search(r"SP-1[23] \(\d+ s, waits until", written)
    assert "preparing reference: cluster, mesh and permissions" in written
    assert "rows done" not in shown, shown
    assert "preparing" not in shown
    if workers:
        assert re.search(r"^\.{4} +\[100%\]$", shown, re.MULTILINE), shown
    else:
        assert re.search(r"^test_traffic_access\.py \.\. +\[ 50%\]$", shown, re.MULTILINE), shown


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_a_line_now_and_then_without_a_terminal(tmp_path: Path, workers: tuple[str, ...]) -> None:
    """Lines of text without anything that a terminal obeys."""
    done = subprocess.run(
        command("--smi-progress=1", *workers), cwd=tmp_path, capture_output=True, text=True, timeout=240
    )

    assert done.returncode == 0, done.stdout
    assert "\x1b" not in done.stdout
    lines = [line for line in done.stdout.splitlines() if line.startswith("progress: ")]
    assert any(COUNTS.search(line) for line in lines), done.stdout
    assert any("waits until" in line for line in lines), done.stdout


@pytest.mark.parametrize(("option", "lines"), [("-q", 0), ("-s", 1)])
def test_quiet_is_quiet_and_output_that_is_not_captured_is_not_torn(tmp_path: Path, option: str, lines: int) -> None:
    """`-q` shows nothing; with `-s` there is no live line, and lines as without a terminal."""
    written, _ = on_a_terminal(tmp_path, option, "--smi-progress=1")

    assert "\x1bD" not in written
    assert ("progress: " in written) is bool(lines)
