"""The running node in a test's hands: its kubeconfig, and its components stopped, started and held still,
as a fault does.

Names are those of tests.cluster.components.NAMES. Pods go on while a component is away;
nothing here restarts one by itself.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.cluster import api, binaries, components, namespaces
from tests.cluster.layout import Layout
from tests.cluster.problem import ClusterProblem
from tests.cluster.waiting import until


def running(layout: Layout | None = None) -> dict[str, int | None]:
    """Return {component: the host's process number, or None when it does not run}."""
    layout = layout or Layout.find()
    return {name: namespaces.find(layout, name) for name in components.NAMES}


def kubeconfig(layout: Layout | None = None) -> Path:
    """Return the administrator's kubeconfig of the running node; ClusterProblem when none runs."""
    layout = layout or Layout.find()
    if namespaces.first_process(layout) is None or not layout.kubeconfig.exists():
        raise ClusterProblem("the node is not running; start it with: python -m tests.cluster up")
    return layout.kubeconfig


def inside(command: Sequence[str], layout: Layout | None = None) -> str:
    """Run a command (one that ends) in the node's namespaces and return its output; ClusterProblem when it fails."""
    return namespaces.run(layout or Layout.find(), command)


def start(name: str, layout: Layout | None = None) -> None:
    """Start a component that is not running; it need not serve yet when this returns."""
    layout = layout or Layout.find()
    if namespaces.find(layout, name) is None:
        made = components.component(name, layout, binaries.build(layout.cache))
        namespaces.start(layout, made.command, log=layout.logs / f"{name}.log", environment={})


def stop(name: str, layout: Layout | None = None, *, seconds: float = 5) -> None:
    """Stop a component and return when its process has ended: asked first, and killed after `seconds`.

    The API server always needs the kill: asked, it waits a minute for its clients' watches to end.
    """
    layout = layout or Layout.find()
    pid = namespaces.find(layout, name)
    if pid is None:
        return
    for number in (signal.SIGCONT, signal.SIGTERM):
        os.kill(pid, number)
    try:
        until(lambda: namespaces.find(layout, name) != pid, seconds=seconds, what=f"{name} to end")
    except ClusterProblem:
        os.kill(pid, signal.SIGKILL)
        until(lambda: namespaces.find(layout, name) != pid, seconds=10, what=f"{name} to end after it was killed")


def restart(name: str, layout: Layout | None = None) -> None:
    """Stop and start a component; for the API server and the kubelet this returns when they are ready again."""
    layout = layout or Layout.find()
    stop(name, layout)
    start(name, layout)
    wait_ready(name, layout)


def pause(name: str, layout: Layout | None = None) -> None:
    """Hold a component still (SIGSTOP) until `resume`; ClusterProblem when it does not run."""
    _signal(name, signal.SIGSTOP, layout)


def resume(name: str, layout: Layout | None = None) -> None:
    """Let a component that was held still go on, and the process that waits for it: it stops when that does."""
    above = namespaces.parent(_signal(name, signal.SIGCONT, layout))
    if above is not None:
        os.kill(above, signal.SIGCONT)


@contextmanager
def paused(name: str, layout: Layout | None = None) -> Iterator[None]:
    """Hold a component still within the block."""
    pause(name, layout)
    try:
        yield
    finally:
        resume(name, layout)


def wait_ready(name: str, layout: Layout, *, seconds: float = 90) -> None:
    """Return when a component serves, or at once for one that does not say;
    ClusterProblem when it ends or takes longer than `seconds`."""
    looks = {
        "containerd": lambda: layout.containerd_socket.is_socket(),
        "kube-apiserver": lambda: api.ready(layout),
        "kubelet": lambda: api.kubelet_serves(layout),
    }
    log = layout.logs / f"{name}.log"

    def look() -> bool:
        if namespaces.find(layout, name) is None:
            raise ClusterProblem(f"{name} has ended; the last lines of {log}: {_last_lines(log)}")
        return name not in looks or looks[name]()

    until(look, seconds=seconds, what=f"{name} to be ready (see {log})")


def _signal(name: str, number: signal.Signals, layout: Layout | None) -> int:
    pid = namespaces.find(layout or Layout.find(), name)
    if pid is None:
        raise ClusterProblem(f"{name} is not running")
    os.kill(pid, number)
    return pid


def _last_lines(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    return " | ".join(lines[-2:]) or "(empty)"
