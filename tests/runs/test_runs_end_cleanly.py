"""Whatever ends a run, no process, folder or namespace stays behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.runs import run_suite

pytestmark = pytest.mark.slow
DEADLINE = 30.0


@pytest.fixture
def own_tmp(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for temporary files that only this test's run uses; short, since Unix sockets lie in it."""
    import shutil
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="s"))
    monkeypatch.setenv("TMPDIR", str(folder))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def processes_of(folder: Path) -> list[str]:
    """Command lines or environments that mention the run's own folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        if process.name == str(os.getpid()):
            continue
        try:
            text = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        except OSError:
            continue
        if str(folder).encode() in text:
            found.append(f"{process.name} {text[:120]!r}")
    return found


def await_true(condition: object, what: str) -> None:
    """Poll until `condition()`; fails the test after the deadline."""
    assert callable(condition)
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < DEADLINE, what
        time.sleep(0.05)


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "pytest", "--mesh=reference", "-v", "-p", "no:cacheprovider", *arguments]
    return subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )


def await_first_result(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if "PASSED" in line:
            return
    pytest.fail("the run ended before its first result")


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["alone", "xdist"])
def test_interrupt_leaves_nothing(tmp_path: Path, own_tmp: Path, workers: list[str]) -> None:
    """Ctrl-C ends with status 2, a matrix that is not conformant, and nothing left."""
    process = start(tmp_path, *workers)
    await_first_result(process)

    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=DEADLINE)

    assert process.returncode == pytest.ExitCode.INTERRUPTED, output[-2000:]
    await_true(lambda: not processes_of(own_tmp), "processes stayed")
    assert list(own_tmp.glob("smi-*")) == []


def test_sigterm_leaves_nothing(tmp_path: Path, own_tmp: Path) -> None:
    """A pipeline that cancels a job gets the same order as Ctrl-C."""
    process = start(tmp_path)
    await_first_result(process)

    process.terminate()
    process.communicate(timeout=DEADLINE)

    await_true(lambda: not processes_of(own_tmp), "processes stayed")


def test_killed_run_leaves_no_process(tmp_path: Path, own_tmp: Path) -> None:
    """Even SIGKILL, which nobody can catch, ends the embedded cluster with its starter."""
    process = start(tmp_path)
    await_first_result(process)

    process.kill()
    process.communicate(timeout=DEADLINE)

    await_true(lambda: not processes_of(own_tmp), "processes stayed")


def test_second_run_with_the_same_report_folder_is_refused(tmp_path: Path, own_tmp: Path) -> None:
    """Two runs side by side need two report folders; the second is told so at once, the first goes on."""
    process = start(tmp_path, "-k", "listed or denied")
    await_first_result(process)

    process.send_signal(signal.SIGSTOP)  # however slow the machine is, it cannot end before the second run begins
    try:
        second = run_suite(tmp_path, "-k", "unlisted_source")
    finally:
        process.send_signal(signal.SIGCONT)
    other = tmp_path / "other"
    other.mkdir()
    third = run_suite(other, "-k", "unlisted_source")
    process.communicate(timeout=120)

    assert second.status == pytest.ExitCode.USAGE_ERROR
    assert "another run is using" in second.output
    assert third.requirements("passed") == {"TA-06"}, third.output[-2000:]
    assert process.returncode == 0
