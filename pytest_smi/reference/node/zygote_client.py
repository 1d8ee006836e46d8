"""The node's side of the zygote: starts it, asks it for processes, and hands out their exits as futures.

Law: one asyncio event loop owns a client. When the zygote is gone every process counts as killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from pytest_smi.reference.node.images import Executable
from pytest_smi.reference.node.network_view import PodNetwork
from pytest_smi.reference.node.zygote import MAX_MESSAGE

_BOOTSTRAP = (
    "import json,sys; s=json.loads(sys.argv[1]); sys.path[:]=s['path']; "
    "from pytest_smi.reference.node.zygote import main; main(s)"
)
_SITE_CUSTOMIZE = '''"""Gives a `python3` in a pod the pod's packages and network view."""
import json, os
from pytest_smi.reference.node import container_main, packages, sandbox
packages.install_finder(json.loads(os.environ.get(container_main.PACKAGES_VARIABLE, "{}")))
sandbox.install_from_environment()
'''


class ZygoteGone(Exception):
    """The zygote does not answer any more; the node cannot go on."""


class Process:
    """A running process. `exited` becomes its status, negative for a signal."""

    def __init__(self, client: ZygoteClient, pid: int) -> None:
        self.pid = pid
        self.exited: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._client = client

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Signal the process and its group; harmless when it has ended."""
        if not self.exited.done():
            self._client.kill(self.pid, number)


def _done(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


class ZygoteClient:
    """Create it (which starts the zygote) before anything else; `connect` once the event loop runs."""

    def __init__(
        self, *, packages: Mapping[str, str], preload: Sequence[str], state_dir: Path, remove_state: bool = True
    ) -> None:
        self._packages = json.dumps(dict(packages))
        self._boot = state_dir / "boot"
        self._boot.mkdir(mode=0o700, exist_ok=True)
        (self._boot / "sitecustomize.py").write_text(_SITE_CUSTOMIZE, encoding="utf-8")
        self._sock, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for end in (self._sock, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, MAX_MESSAGE)
        settings = {
            "path": [os.path.abspath(entry) for entry in sys.path],
            "socket": theirs.fileno(),
            "parent": os.getpid(),
            "packages": dict(packages),
            "preload": list(preload),
            "state_dir": str(state_dir) if remove_state else "",
        }
        self._child = subprocess.Popen(
            [sys.executable, "-P", "-c", _BOOTSTRAP, json.dumps(settings)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            # Not in our group: a Ctrl-C at the terminal must not meet the containers' parent.
            start_new_session=True,
        )
        theirs.close()
        self._sock.setblocking(False)
        self._ids = itertools.count()
        self._starting: dict[int, asyncio.Future[Process]] = {}
        self._processes: dict[int, Process] = {}
        self._ready: asyncio.Future[None] | None = None
        self._sending = asyncio.Lock()
        self._gone = False

    @property
    def pid(self) -> int:
        """The zygote's process id."""
        return self._child.pid

    async def connect(self, timeout: float = 30.0) -> None:
        """Wait until the preloads are imported; raises ZygoteGone."""
        loop = asyncio.get_running_loop()
        self._ready = loop.create_future()
        loop.add_reader(self._sock.fileno(), self._read)
        try:
            async with asyncio.timeout(timeout):
                await asyncio.shield(self._ready)
        except TimeoutError:
            raise ZygoteGone(f"the process that starts containers was not ready after {timeout:g} s") from None

    async def start(
        self,
        *,
        argv: Sequence[str],
        executable: Executable | None,
        env: Mapping[str, str],
        cwd: Path,
        network: PodNetwork | None,
        descriptors: tuple[int, int, int],
    ) -> Process:
        """Start a program; `executable` None means python3.

        The descriptors (stdin, stdout, stderr) stay the caller's to close.
        """
        if self._gone:
            raise ZygoteGone("the process that starts containers has ended")
        number = next(self._ids)
        request = {
            "op": "start",
            "id": number,
            "argv": list(argv),
            "module": executable.module if executable else None,
            "env": dict(env),
            "cwd": str(cwd),
            "network": network.to_json() if network else None,
            "packages": self._packages,
            "boot": str(self._boot),
        }
        answer: asyncio.Future[Process] = asyncio.get_running_loop().create_future()
        self._starting[number] = answer
        try:
            await self._send(json.dumps(request).encode(), descriptors)
        except BaseException:
            del self._starting[number]
            raise
        try:
            return await asyncio.shield(answer)
        except asyncio.CancelledError:
            # Nobody waits for the process any more, so nobody would end it.
            answer.add_done_callback(self._kill_unwanted)
            raise

    def _kill_unwanted(self, answer: asyncio.Future[Process]) -> None:
        if not answer.cancelled() and answer.exception() is None:
            answer.result().kill(signal.SIGKILL)

    def kill(self, pid: int, number: int) -> None:
        """Signal a process and its group, if it has not ended."""
        message = json.dumps({"op": "kill", "pid": pid, "signal": int(number)}).encode()
        try:
            self._sock.send(message)
        except BlockingIOError:
            asyncio.get_running_loop().call_later(0.005, self.kill, pid, number)
        except OSError:
            self._lost()

    async def _send(self, data: bytes, descriptors: Sequence[int]) -> None:
        async with self._sending:
            while True:
                try:
                    socket.send_fds(self._sock, [data], descriptors)
                    return
                except BlockingIOError:
                    await self._writable()
                except OSError as error:
                    self._lost()
                    raise ZygoteGone(f"the process that starts containers has ended ({error})") from error

    async def _writable(self) -> None:
        loop = asyncio.get_running_loop()
        ready = loop.create_future()
        loop.add_writer(self._sock.fileno(), _done, ready)
        try:
            await ready
        finally:
            loop.remove_writer(self._sock.fileno())

    def _read(self) -> None:
        while True:
            try:
                data = self._sock.recv(MAX_MESSAGE)
            except BlockingIOError:
                return None
            except OSError:
                data = b""
            if not data:
                return self._lost()
            self._handle(json.loads(data))

    def _handle(self, message: dict[str, object]) -> None:
        if "ready" in message:
            if self._ready is not None and not self._ready.done():
                self._ready.set_result(None)
        elif "exited" in message:
            process = self._processes.pop(int(str(message["exited"])), None)
            if process is not None and not process.exited.done():
                process.exited.set_result(int(str(message["status"])))
        else:
            answer = self._starting.pop(int(str(message["id"])), None)
            if "started" in message:
                pid = int(str(message["started"]))
                # The process itself is the answer: it may have ended, and be forgotten here, before the caller runs
                # again.
                process = self._processes[pid] = Process(self, pid)
                if answer is not None and not answer.done():
                    answer.set_result(process)
            elif answer is not None and not answer.done():
                answer.set_exception(ZygoteGone(f"a container could not be forked: {message['failed']}"))

    def _lost(self) -> None:
        if self._gone:
            return
        self._gone = True
        with contextlib.suppress(RuntimeError):
            asyncio.get_running_loop().remove_reader(self._sock.fileno())
        waiting: list[asyncio.Future[Process] | asyncio.Future[None]] = [*self._starting.values()]
        if self._ready is not None:
            waiting.append(self._ready)
        for future in waiting:
            if not future.done():
                future.set_exception(ZygoteGone("the process that starts containers has ended"))
        for process in self._processes.values():
            if not process.exited.done():
                process.exited.set_result(-signal.SIGKILL)
        self._processes.clear()

    def close(self, timeout: float = 5.0) -> None:
        """End the zygote and all its containers; blocks until they are gone."""
        self._lost()
        self._sock.close()
        try:
            self._child.wait(timeout)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
