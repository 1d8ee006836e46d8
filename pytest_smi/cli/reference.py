"""`pytest-smi reference up`: keep an embedded cluster with the reference mesh running in the foreground."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import click

from pytest_smi.errors import HarnessError

_GRACE = 15.0
"""Seconds the reference has to end by itself after its stdin was closed, before it is killed."""


@click.group("reference", context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Run the embedded cluster and the reference mesh by themselves (Linux only)."""


@command.command("up")
@click.option("--fault", metavar="NAME", help="Be wrong in this way; `pytest-smi faults` lists them.")
@click.option("--no-mesh", is_flag=True, help="A cluster with no mesh in it.")
def up(fault: str | None, no_mesh: bool) -> None:
    """Start an embedded cluster, print its kubeconfig, and keep it running until Ctrl-C.

    \b
    Examples:
        pytest-smi reference up
        kubectl --kubeconfig PRINTED_PATH get pods --all-namespaces      (in another terminal)
    """
    if not sys.platform.startswith("linux"):
        raise HarnessError("the reference mesh needs Linux", "Use a cluster of your own: pytest --mesh NAME --kubeconfig FILE.")
    arguments = [sys.executable, "-m", "pytest_smi.reference", "serve"]
    arguments += ["--fault", fault] if fault else []
    arguments += ["--no-mesh"] if no_mesh else []
    with tempfile.TemporaryDirectory(prefix="pytest-smi-") as folder, _stoppable():
        # A session of its own: Ctrl-C reaches only us, and we end it in order by closing its stdin.
        process = subprocess.Popen(
            [*arguments, "--state-dir", str(Path(folder) / "state")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        try:
            _announce(process)
            status = process.wait()
            raise HarnessError(f"the reference must run until it is told to end; it ended with status {status}", "See its messages above.")
        except KeyboardInterrupt:
            click.echo("\nstopping", err=True)
        finally:
            _end(process)


def _announce(process: "subprocess.Popen[bytes]") -> None:
    assert process.stdout is not None
    line = process.stdout.readline()
    try:
        ready = json.loads(line)
        problem, path = ready.get("error"), ready.get("kubeconfig")
    except (ValueError, AttributeError):
        raise HarnessError("the reference must say in one line that it is ready; it did not", "See its messages above.") from None
    if problem or not path:
        raise HarnessError(f"the reference could not start: {problem}", str(ready.get("hint", "")))
    click.echo(f"reference mesh {ready.get('version', '')} is up; Ctrl-C ends it\n")
    click.echo(f"  export KUBECONFIG={path}\n  kubectl get pods --all-namespaces\n")


@contextlib.contextmanager
def _stoppable() -> Iterator[None]:
    """Let SIGTERM end us as Ctrl-C does, so that nothing is left behind."""

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _end(process: "subprocess.Popen[bytes]") -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(OSError):
        process.stdin.close()
    try:
        process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    process.stdout.close()
