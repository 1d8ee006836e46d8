"""One container of a pod: starts its program, restarts it with backoff, probes it, kills it.

Law: `state` always tells the truth about the process; every change of it is told to the pod through `changed`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pytest_smi.reference.kube.store import timestamp
from pytest_smi.reference.node.container_logs import ContainerLog
from pytest_smi.reference.node.container_probes import ContainerProbes
from pytest_smi.reference.node.images import Executable, Image
from pytest_smi.reference.node.network_view import PodNetwork
from pytest_smi.reference.node.pod_spec import ConfigError, command_line
from pytest_smi.reference.node.pod_status import ContainerState
from pytest_smi.reference.node.zygote_client import Process, ZygoteClient, ZygoteGone

BACKOFFS = (0.05, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Seconds before the first, second, … restart."""
_CALM = 60.0
"""Seconds of running after which the backoff starts anew."""
Emit = Callable[[str, str, bool], None]


class StartError(Exception):
    """The program cannot be executed in the container."""


def find_executable(image: Image, argv: list[str]) -> Executable | None:
    """The program that argv[0] names, None for python3; raises StartError with the runtime's words."""
    name = argv[0].rpartition("/")[2]
    if name in image.executables:
        return image.executables[name]
    if name in ("python3", "python"):
        return None
    raise StartError(f'exec: "{argv[0]}": executable file not found in $PATH')


class Container:
    """Runs `spec` in `folder` (its TMPDIR and working directory).

    `make_env` gives the environment or raises ConfigError.
    """

    def __init__(
        self,
        *,
        spec: Mapping[str, Any],
        image: Image | None,
        zygote: ZygoteClient,
        network: PodNetwork,
        folder: Path,
        make_env: Callable[[Mapping[str, Any]], dict[str, str]],
        restart_policy: str,
        changed: Callable[[], None],
        emit: Emit,
        init: bool = False,
        sidecar: bool = False,
    ) -> None:
        self.spec = spec
        self.image = image
        self.folder = folder
        self.network = network
        self.env: dict[str, str] = {}
        self.log: ContainerLog | None = None
        self.previous_log: ContainerLog | None = None
        self.process: Process | None = None
        self.ready = asyncio.Event()
        self.children: set[Process] = set()
        """Programs started in it through exec; they end with it."""
        self.state = ContainerState(
            name=spec["name"], image=spec["image"], image_id=image.image_id if image else "", init=init, sidecar=sidecar
        )
        self.no_restart = False
        self._zygote = zygote
        self._make_env = make_env
        self._policy = restart_policy
        self._changed = changed
        self._emit = emit
        self._stopping = False

    @property
    def address(self) -> str:
        """Where its program listens."""
        return self.network.pod_ip if self.network.mode == "sidecar" else self.network.app_ip

    async def run(self) -> int:
        """Run until the container ends for good; its exit status."""
        attempt = 0
        while True:
            began = time.monotonic()
            status = await self._once()
            if (
                self._stopping
                or self.no_restart
                or self._policy == "Never"
                or (self._policy == "OnFailure" and status == 0)
            ):
                return status
            attempt = 0 if time.monotonic() - began > _CALM else attempt
            delay = BACKOFFS[min(attempt, len(BACKOFFS) - 1)]
            attempt += 1
            # A kubelet that could not even start the program keeps the waiting state that says why.
            if "terminated" in self.state.state:
                self.state.last = self.state.state
                if delay >= 0.5:
                    why = f"back-off {delay:g}s restarting failed container={self.state.name}"
                    self.state.state = {"waiting": {"reason": "CrashLoopBackOff", "message": why}}
                    self._emit("BackOff", f"Back-off restarting failed container {self.state.name}", True)
                    self._changed()
            await asyncio.sleep(delay)
            if self._stopping:
                return status
            self.state.restarts += 1

    async def _once(self) -> int:
        if self.image is None:
            image = self.spec["image"]
            if self.spec.get("imagePullPolicy") == "Never":
                why = f'Container image "{image}" is not present with pull policy of Never'
                self._wait("ErrImageNeverPull", why, "ErrImageNeverPull", why)
            else:
                why = f'the node has no image "{image}"; give it with --image'
                self._wait("ErrImagePull", why, "Failed", f'Failed to pull image "{image}"')
            self.state.restarts -= 1
            return 1
        try:
            self.env = self._make_env(self.spec)
            only = next(iter(self.image.executables)) if len(self.image.executables) == 1 else None
            argv = command_line(self.spec, self.env, only)
            program = find_executable(self.image, argv)
        except ConfigError as error:
            self._wait("CreateContainerConfigError", str(error), "Failed", f"Error: {error}")
            self.state.restarts -= 1
            return 1
        except StartError as error:
            now = timestamp(time.time())
            ended = {
                "exitCode": 128,
                "reason": "StartError",
                "message": str(error),
                "startedAt": now,
                "finishedAt": now,
            }
            self.state.state = {"terminated": {**ended, "containerID": self.state.container_id}}
            self._emit("Failed", f"Error: {error}", True)
            self._changed()
            return 128
        try:
            self.process = await self._start(argv, program)
        except ZygoteGone as error:
            self._wait("CreateContainerError", str(error), "Failed", f"Error: {error}")
            return 1
        return await self._supervise(self.process)

    def _wait(self, reason: str, message: str, event: str, text: str) -> None:
        self.state.state = {"waiting": {"reason": reason, "message": message}}
        self._emit(event, text, True)
        self._changed()

    async def _start(self, argv: list[str], program: Executable | None) -> Process:
        self.previous_log, before = self.log, self.previous_log
        if before is not None:
            before.path.unlink(missing_ok=True)
        self.log = ContainerLog(self.folder.parent / f"{self.folder.name}.{self.state.restarts}.log")
        read_end, write_end = os.pipe()
        null = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        self._emit("Pulled", f'Container image "{self.spec["image"]}" already present on machine', False)
        self._emit("Created", f"Created container: {self.state.name}", False)
        try:
            process = await self._zygote.start(
                argv=argv,
                executable=program,
                env=self.env,
                cwd=self.folder,
                network=self.network,
                descriptors=(null, write_end, write_end),
            )
        except BaseException:
            os.close(read_end)
            self.log.close()
            raise
        finally:
            os.close(write_end)
            os.close(null)
        await self.log.attach(read_end)
        self.state.container_id = f"reference://{uuid.uuid4().hex}"
        self.state.state = {"running": {"startedAt": timestamp(time.time())}}
        self.state.started = not self.spec.get("startupProbe")
        if self._stopping:
            process.kill(signal.SIGKILL)
        self._emit("Started", f"Started container {self.state.name}", False)
        return process

    async def _supervise(self, process: Process) -> int:
        started_at = self.state.state["running"]["startedAt"]
        probing = ContainerProbes(
            spec=self.spec,
            address=self.address,
            run=self.exec_check,
            on_started=self._set_started,
            on_ready=self._set_ready,
            emit=self._emit,
            kill=process.kill,
        )
        watcher = asyncio.ensure_future(probing.watch())
        if not any(self.spec.get(kind) for kind in ("readinessProbe", "startupProbe")):
            self._set_ready(True)
        else:
            self._changed()
        try:
            status = await asyncio.shield(process.exited)
        except asyncio.CancelledError:
            process.kill(signal.SIGKILL)
            raise
        finally:
            watcher.cancel()
            await asyncio.gather(watcher, return_exceptions=True)
        for child in list(self.children):
            child.kill(signal.SIGKILL)
        code = 128 - status if status < 0 else status
        ended = {
            "exitCode": code,
            "reason": "Completed" if code == 0 else "Error",
            "startedAt": started_at,
            "finishedAt": timestamp(time.time()),
        }
        if status < 0:
            ended["signal"] = -status
        self.state.state = {"terminated": {**ended, "containerID": self.state.container_id}}
        self.state.started = False
        self.state.ready = self.state.init and code == 0
        self.ready.clear()
        self._changed()
        return code

    def _set_ready(self, ready: bool) -> None:
        self.state.ready = ready
        if ready:
            self.ready.set()
        else:
            self.ready.clear()
        self._changed()

    def _set_started(self) -> None:
        self.state.started = True
        if not self.spec.get("readinessProbe"):
            self._set_ready(True)

    async def exec_check(self, command: list[str], timeout: float) -> tuple[bool, str]:
        """An exec probe: passed when the command ends with status 0."""
        null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        try:
            process = await self.start_child(command, (null, null, null))
        except StartError as error:
            return False, str(error)
        finally:
            os.close(null)
        try:
            status = await asyncio.shield(process.exited)
        finally:
            process.kill(signal.SIGKILL)
        return status == 0, f"the command ended with status {status}"

    async def start_child(
        self, command: list[str], descriptors: tuple[int, int, int], extra: Mapping[str, str] | None = None
    ) -> Process:
        """Start a further program in the running container; raises StartError."""
        if self.image is None or not self.state.running:
            raise StartError(f"container {self.state.name} is not running")
        program = find_executable(self.image, command)
        child = await self._zygote.start(
            argv=command,
            executable=program,
            env={**self.env, **(extra or {})},
            cwd=self.folder,
            network=self.network,
            descriptors=descriptors,
        )
        self.children.add(child)
        child.exited.add_done_callback(lambda _: self.children.discard(child))
        return child

    async def stop(self, grace: float) -> None:
        """SIGTERM, up to `grace` seconds, SIGKILL; returns when the process has ended."""
        self._stopping = True
        process = self.process
        if process is None or process.exited.done():
            return
        self._emit("Killing", f"Stopping container {self.state.name}", False)
        process.kill(signal.SIGTERM if grace > 0 else signal.SIGKILL)
        if grace > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(grace):
                    await asyncio.shield(process.exited)
        process.kill(signal.SIGKILL)
        await asyncio.shield(process.exited)
