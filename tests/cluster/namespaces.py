"""The node's own mount, network and process namespaces, and the processes in them.

Nothing is remembered in files: the first process is known by its arguments, all others by being in its process
namespace, so what runs is found whatever crashed and whoever asks. When the first process dies, the kernel ends every
other one and removes every mount, device and packet filter of the node.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.cluster.layout import HERE, Layout
from tests.cluster.problem import ClusterProblem
from tests.cluster.waiting import until

_FIRST = str(HERE / "first_process.py")
_FIRST_OF_ANY = "tests/cluster/first_process.py"
"""How the path of the first process's program ends in every checkout: a node is known by its folder,
whoever started it."""
_PRIORITY = -5  # a busy host must not look like a broken node
_FOLDERS = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def create(layout: Layout) -> None:
    """Start the first process and return when it is ready; raises ClusterProblem with what it printed
    when it cannot be."""
    log = layout.logs / "first-process.log"
    bound = [str(path) for pair in layout.bound_folders().items() for path in reversed(pair)]
    command = [
        "unshare",
        "--mount",
        "--net",
        "--pid",
        "--fork",
        "--kill-child",
        "--mount-proc",
        sys.executable,
        _FIRST,
        str(layout.node),
        *bound,
    ]
    with log.open("wb") as output:
        started = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )

    def ready() -> bool:
        if started.poll() is not None:
            raise ClusterProblem(
                f"the node's namespaces were not made: {' | '.join(log.read_text().strip().splitlines()[-2:])}"
            )
        return (layout.node / "ready").exists()

    until(ready, seconds=20, what=f"the node's first process (see {log})")


def first_process(layout: Layout) -> int | None:
    """Return the host's number of the node's first process, or None."""
    return next((pid for pid, folder in _first_processes() if folder == str(layout.node)), None)


def strangers() -> list[str]:
    """Return the folders of all nodes of this project that run on this machine, whoever started them."""
    return [folder for _, folder in _first_processes()]


def processes(layout: Layout) -> dict[int, list[str]]:
    """Return {the host's number: command line} of every process in the node, pods included."""
    first = first_process(layout)
    ours = _space(first) if first else None
    return {pid: words for pid, words in _commands() if _space(pid) == ours} if ours else {}


def find(layout: Layout, name: str) -> int | None:
    """Return the host's number of the component `name` (the last part of the path that it was started by), or None."""
    folders = (str(layout.folder), "/usr/bin", "/usr/sbin")
    for pid, words in processes(layout).items():
        path = Path(words[0])
        # A program of the same name in a pod has another folder, or a parent in the node.
        if path.name == name and str(path).startswith(folders) and _parent_outside(pid):
            return pid
    return None


def program(layout: Layout, name: str) -> Path | None:
    """Return the path by which the running component `name` was started, or None."""
    pid = find(layout, name)
    words = processes(layout).get(pid) if pid is not None else None
    return Path(words[0]) if words else None


def start(layout: Layout, command: Sequence[str], *, log: Path, environment: Mapping[str, str]) -> None:
    """Start a component in the node's namespaces, in a session of its own, its output going to the end of `log`.

    Returns when its process is there to be found, or has ended already.
    """
    with log.open("ab") as output:
        started = subprocess.Popen(
            [*_enter(layout), "nice", f"--adjustment={_PRIORITY}", *command],
            env={"PATH": _FOLDERS, **environment},
            cwd=layout.node,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    name = Path(command[0]).name
    until(
        lambda: started.poll() is not None or find(layout, name) is not None,
        seconds=20,
        what=f"the process of {name}",
        pause=0.02,
    )


def run(layout: Layout, command: Sequence[str], *, seconds: float = 60) -> str:
    """Run a command inside to its end and return what it printed; raises ClusterProblem with its errors
    when it fails."""
    path = {**os.environ, "PATH": _FOLDERS}
    done = subprocess.run(
        [*_enter(layout), *command], env=path, capture_output=True, text=True, check=False, timeout=seconds
    )
    if done.returncode:
        raise ClusterProblem(
            f"`{' '.join(command)}` in the node ended with status {done.returncode}: {done.stderr.strip()}"
        )
    return done.stdout


def destroy(layout: Layout) -> None:
    """Kill the first process and return when every process of the node is gone."""
    first = first_process(layout)
    if first is None:
        return
    # The process through which a component came in waits for it from outside; it stops when that is held still, and
    # would never bury it.
    for pid, words in _commands():
        if words[:2] == ["nsenter", f"--target={first}"]:
            os.kill(pid, signal.SIGKILL)
    os.kill(first, signal.SIGKILL)
    # The kernel ends every process below before the first one has ended, those of the pods' own namespaces included.
    until(lambda: _ended(first), seconds=60, what="the node's processes to end")


def _enter(layout: Layout) -> list[str]:
    first = first_process(layout)
    if first is None:
        raise ClusterProblem("the node is not running; start it with: python -m tests.cluster up")
    return ["nsenter", f"--target={first}", "--mount", "--net", "--pid", "--"]


def _first_processes() -> Iterator[tuple[int, str]]:
    """Yield (number, the node's folder) of the first process of every node on this machine."""
    for pid, words in _commands():
        if len(words) > 2 and words[1].endswith(_FIRST_OF_ANY):
            yield pid, words[2]


def _commands() -> Iterator[tuple[int, list[str]]]:
    """Yield (number, command line) of every process that has one: not the kernel's own, not those that have ended."""
    for entry in os.listdir("/proc"):
        if entry.isdecimal():
            try:
                words = Path("/proc", entry, "cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
            except OSError:
                continue
            if words:
                yield int(entry), words


def _space(pid: int) -> str | None:
    try:
        return os.readlink(f"/proc/{pid}/ns/pid")
    except OSError:
        return None


def _ended(pid: int) -> bool:
    """Tell whether a process has ended, buried by its parent or not."""
    try:
        return Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


def parent(pid: int) -> int | None:
    """Return the number of a process's parent; None when the process has ended."""
    try:
        status = Path("/proc", str(pid), "status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("PPid:"))
    except (OSError, StopIteration):
        return None


def _parent_outside(pid: int) -> bool:
    """Tell whether a process was started from outside of its process namespace,
    as components are and what runs in pods is not."""
    above = parent(pid)
    return above is not None and _space(above) != _space(pid)
