"""Ctrl-C at the worst moments: pytest can show where it was, and nothing that it may have broken is needed to clean up."""

import os
import subprocess
import sys
from pathlib import Path
from types import CodeType

import pytest

from pytest_smi.cluster.connection import Connection
from pytest_smi.cluster.leftovers import find
from pytest_smi.cluster.objects import Objects
from pytest_smi.embedded import EmbeddedCluster
from pytest_smi.interrupts import give_lines

# A plugin of a run: its second assertion is interrupted at an instruction without a line, and from then on no connection works that
# was open before, as when the interrupt met urllib3 with a lock in its hands.
WORST_MOMENT = """
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


def pytest_runtest_logreport(report):
    if report.when == "call" and report.passed:
        passed.append(report)


def pytest_runtest_call(item):
    if passed:
        for connection in opened:
            connection.request = connection.websocket = connection.close = broken
        exec(compile("raise KeyboardInterrupt", "no lines", "exec").replace(co_linetable=b""))
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
    give_lines(caught.tb)

    shown = str(pytest.ExceptionInfo.from_exception(caught.value).getrepr())
    assert "no lines:1" in shown
    assert [entry.tb_lineno for entry in (caught.tb, caught.tb.tb_next) if entry is not None] == lines


def test_interrupt_at_the_worst_moment(cluster: EmbeddedCluster, tmp_path: Path) -> None:
    """Status 2, the place in the output, and no namespace left."""
    (tmp_path / "worst_moment.py").write_text(WORST_MOMENT)
    command = [sys.executable, "-m", "pytest", "--mesh=reference", "-p", "worst_moment", "-p", "no:cacheprovider", "-k", "denied or listed"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}

    run = subprocess.run(
        [*command, f"--kubeconfig={cluster.kubeconfig}"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )

    assert run.returncode == pytest.ExitCode.INTERRUPTED, run.stdout + run.stderr
    assert "no lines:1: KeyboardInterrupt" in run.stdout
    assert "used that the interrupt" not in run.stdout + run.stderr
    assert find(Objects(Connection(cluster.kubeconfig))) == []
