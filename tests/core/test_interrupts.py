"""Ctrl-C at the worst moments: pytest can show where it was, and nothing that it may have broken is needed
to clean up."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from types import CodeType

import pytest

from pytest_smi.cluster.connection import Connection
from pytest_smi.cluster.embedded import EmbeddedCluster
from pytest_smi.cluster.objects import Objects
from pytest_smi.cluster.wait import pause
from pytest_smi.core import interrupts
from pytest_smi.testbed.cleanup import find
from tests.support.runs import run_suite

# A plugin of a run: its second assertion is interrupted, and from then on no connection works that was open before, as
# when the interrupt met urllib3 with a lock in its hands.
PLUGIN = """
import os, signal
from pytest_smi.cluster.connection import Connection

opened, passed = [], []
connect = Connection.__init__


def remembered(self, *args, **kwargs):
    connect(self, *args, **kwargs)
    opened.append(self)


def broken(*_, **__):
    raise RuntimeError("a connection was used that the interrupt has broken")


def pytest_configure():
    Connection.__init__ = remembered


def pytest_keyboard_interrupt():
    for connection in opened:
        connection.request = connection.websocket = connection.close = broken


def pytest_runtest_logreport(report):
    if report.when == "call" and report.passed:
        passed.append(report)


def without_a_line():
    exec(compile("raise KeyboardInterrupt", "no lines", "exec").replace(co_linetable=b""))


def in_a_destructor():
    class Dying:
        def __del__(self):
            os.kill(os.getpid(), signal.SIGINT)
            for _ in range(1000):
                pass  # what is raised here is printed, and lost

    Dying()


def pytest_runtest_call(item):
    if passed:
        MOMENT()
"""


def lineless() -> CodeType:
    return compile("raise KeyboardInterrupt", "no lines", "exec").replace(co_linetable=b"")


def interrupted(depth: int) -> None:
    """Interrupt at an instruction without a line, below some functions that have them."""
    if depth:
        interrupted(depth - 1)
    else:
        exec(lineless())


def test_places_without_a_line_can_be_shown() -> None:
    """Such an entry gets its function's line; the others keep theirs. pytest cannot show it otherwise."""
    with pytest.raises(KeyboardInterrupt) as caught:
        interrupted(2)
    lines = [entry.tb_lineno for entry in (caught.tb, caught.tb.tb_next) if entry is not None]

    with pytest.raises(TypeError):
        caught.getrepr()
    interrupts.give_lines(caught.tb)

    shown = str(pytest.ExceptionInfo.from_exception(caught.value).getrepr())
    assert "no lines:1" in shown
    assert [entry.tb_lineno for entry in (caught.tb, caught.tb.tb_next) if entry is not None] == lines


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["without_a_line", "in_a_destructor"])
def test_interrupt_at_the_worst_moment(cluster: EmbeddedCluster, tmp_path: Path, moment: str) -> None:
    """Status 2 after the assertion that was met, and no namespace left."""
    (tmp_path / "worst_moment.py").write_text(PLUGIN.replace("MOMENT", moment))
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--mesh=reference",
        "-p",
        "worst_moment",
        "-p",
        "no:cacheprovider",
        "-k",
        "denied or listed",
    ]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}

    run = subprocess.run(
        [*command, f"--kubeconfig={cluster.kubeconfig}"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert run.returncode == pytest.ExitCode.INTERRUPTED, run.stdout + run.stderr
    assert ": KeyboardInterrupt" in run.stdout
    assert " 1 passed" in run.stdout
    assert "used that the interrupt" not in run.stdout + run.stderr
    assert find(Objects(Connection(cluster.kubeconfig))) == []


@pytest.mark.slow
def test_tests_that_are_no_assertions_are_interrupted_as_ever(cluster: EmbeddedCluster, tmp_path: Path) -> None:
    """They have none of the suite's waits, so that an interrupt would have to wait for their end."""
    text = "import os, signal\ndef test_own():\n    os.kill(os.getpid(), signal.SIGINT)\n    print('went on')\n"
    (tmp_path / "test_own.py").write_text(text)

    run = run_suite(tmp_path, f"--kubeconfig={cluster.kubeconfig}", "-s", "test_own.py")

    assert run.status == pytest.ExitCode.INTERRUPTED, run.output
    assert "went on" not in run.output


def press() -> None:
    """Ctrl-C."""
    os.kill(os.getpid(), signal.SIGINT)


def steps_until_interrupted(*steps: Callable[[], object]) -> int:
    """Take these steps with interrupts deferred; how many were taken before the interrupt that ends them."""
    taken = 0

    def take() -> None:
        nonlocal taken
        with interrupts.deferred():
            for step in steps:
                step()
                taken += 1

    with pytest.raises(KeyboardInterrupt):
        take()
    return taken


def test_an_interrupt_waits_for_a_checkpoint() -> None:
    """Nothing is raised where it comes; the handlers are as before afterwards, and nothing waits any more."""
    before = signal.getsignal(signal.SIGINT)

    assert steps_until_interrupted(press, lambda: None, interrupts.checkpoint, lambda: None) == 2
    assert signal.getsignal(signal.SIGINT) is before
    interrupts.checkpoint()


def test_an_interrupt_waits_no_longer_than_the_block() -> None:
    """Without a checkpoint the end of the block raises it."""
    assert steps_until_interrupted(press, lambda: None) == 2


def test_a_second_interrupt_does_not_wait() -> None:
    """Whoever asks again wants it now."""
    assert steps_until_interrupted(press, press, lambda: None) == 1


def test_an_ignored_signal_stays_ignored() -> None:
    """A run that was started in the background by a shell does not hear the terminal's Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interrupts.deferred():
            press()
            interrupts.checkpoint()
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    "wait", [lambda: pause(60), lambda: interrupts.result_of(Future(), 60)], ids=["pause", "result"]
)
def test_waits_end_soon_after_an_interrupt(wait: Callable[[], object]) -> None:
    """They look for it many times, however long they are."""
    timer = threading.Timer(0.2, press)
    started = time.monotonic()

    assert steps_until_interrupted(timer.start, wait) == 1
    assert time.monotonic() - started < 30


def test_results_come_as_from_the_future_itself() -> None:
    """A result, an exception, or a timeout."""
    there: Future[str] = Future()
    there.set_result("here")
    broken: Future[str] = Future()
    broken.set_exception(TimeoutError("of its own"))

    assert interrupts.result_of(there, 0) == "here"
    with pytest.raises(TimeoutError, match="of its own"):
        interrupts.result_of(broken, 60)
    with pytest.raises(TimeoutError):
        interrupts.result_of(Future(), 0.01)


class LateByAHair(Future[str]):
    """Its result comes just as a wait for it has given up."""

    def done(self) -> bool:
        found = super().done()
        if not found:
            self.set_result("here")
        return found

    def result(self, timeout: float | None = None) -> str:
        found = super().result(timeout) if super().done() else None
        if found is None:
            self.set_result("here")
            raise TimeoutError
        return found


def test_a_result_that_comes_at_the_end_of_a_slice_counts() -> None:
    """It is not taken for none within the whole patience."""
    assert interrupts.result_of(LateByAHair(), 60) == "here"
