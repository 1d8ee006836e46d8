"""The process that containers are forked from: single-threaded, with the programs' modules imported and frozen.

Law: one SOCK_SEQPACKET socket, one JSON message per packet. In: {"op":"start","id",…} with three descriptors,
{"op":"kill","pid","signal"}.
Out: {"ready"}, {"started":pid,"id"}, {"failed":text,"id"}, {"exited":pid,"status"};
a negative status is the signal that ended the process.
A process is reaped only after its group was killed, so that a pid that the client knows never means another process.
When the socket ends, every container is killed, the state folder is removed and the zygote exits.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import json
import os
import select
import shutil
import signal
import socket
import sys
import traceback
from typing import Any

from pytest_smi.reference.node import container_main
from pytest_smi.reference.node.packages import install_finder

MAX_MESSAGE = 1 << 19


class Zygote:
    """The loop. `state_dir` is removed at the end ("" for none)."""

    def __init__(self, sock: socket.socket, state_dir: str) -> None:
        self._sock = sock
        self._state_dir = state_dir
        self._pids: set[int] = set()
        self._wakeup, write_end = os.pipe()
        self._wakeup_write = write_end
        os.set_blocking(self._wakeup, False)
        os.set_blocking(write_end, False)
        self._ended = False
        signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, self._end)
        # Ctrl-C goes to the whole foreground group; the node ends its pods itself.
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def _end(self, *_: object) -> None:
        self._ended = True

    def run(self) -> None:
        """Serve until the socket ends."""
        self._send({"ready": True})
        poll = select.poll()
        poll.register(self._sock, select.POLLIN)
        poll.register(self._wakeup, select.POLLIN)
        while not self._ended:
            ready = {descriptor for descriptor, _ in poll.poll()}
            if self._sock.fileno() in ready and not self._serve_one():
                break
            if self._wakeup in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._wakeup, 4096)
            self._reap()
        self._finish()

    def _send(self, message: dict[str, Any]) -> None:
        try:
            self._sock.sendall(json.dumps(message).encode())
        except OSError:
            self._ended = True

    def _serve_one(self) -> bool:
        try:
            data, descriptors, _, _ = socket.recv_fds(self._sock, MAX_MESSAGE, 3)
        except OSError:
            return False
        if not data:
            return False
        request = json.loads(data)
        if request["op"] == "start":
            self._start(request, descriptors)
        elif request["op"] == "kill":
            self._kill(request["pid"], request["signal"])
        return True

    def _start(self, request: dict[str, Any], descriptors: list[int]) -> None:
        parent = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            pid = -1
            self._send({"failed": str(error), "id": request["id"]})
        if pid == 0:
            self._sock.close()
            os.close(self._wakeup)
            container_main.run(request, descriptors, parent)
        for descriptor in descriptors:
            os.close(descriptor)
        if pid > 0:
            self._pids.add(pid)
            self._send({"started": pid, "id": request["id"]})

    def _kill(self, pid: int, number: int) -> None:
        if pid not in self._pids:
            return
        try:
            os.killpg(pid, number)
        except ProcessLookupError:
            # Not yet the leader of its own group: it was forked just now.
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def _reap(self) -> None:
        while self._pids:
            try:
                found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if found is None:
                return
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(found.si_pid, signal.SIGKILL)
            _, status = os.waitpid(found.si_pid, 0)
            self._pids.discard(found.si_pid)
            self._send({"exited": found.si_pid, "status": os.waitstatus_to_exitcode(status)})

    def _finish(self) -> None:
        for pid in self._pids:
            self._kill(pid, signal.SIGKILL)
        for pid in self._pids:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)
        if self._state_dir:
            shutil.rmtree(self._state_dir, ignore_errors=True)


def main(settings: dict[str, Any]) -> None:
    """Be the zygote. `settings`: socket (descriptor), parent (pid), packages, preload, state_dir."""
    # Not SIGKILL: the zygote has yet to remove the state folder and the containers.
    container_main.die_with_parent(signal.SIGTERM, settings["parent"])
    sock = socket.socket(fileno=settings["socket"])
    sock.set_inheritable(False)
    zygote = Zygote(sock, settings["state_dir"])
    install_finder(settings["packages"])
    for module in settings["preload"]:
        try:
            importlib.import_module(module)
        except Exception:
            sys.stderr.write(f"reference node: preload of {module} failed; its containers start slowly or not at all\n")
            traceback.print_exc()
    if len(os.listdir("/proc/self/task")) > 1:
        sys.stderr.write("reference node: a preloaded module has started a thread; programs that are forked may hang\n")
    # A loop that ran once leaves the first-time work of every container's own loop in shared pages.
    asyncio.run(asyncio.sleep(0))
    gc.collect()
    gc.freeze()
    zygote.run()
