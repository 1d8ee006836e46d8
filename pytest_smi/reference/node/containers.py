"""One container of a pod: starts its program, restarts it with backoff, probes it, kills it.

Law: `state` always tells the truth about the process; every change of it is told to the pod through `changed`.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pytest_smi.reference.kube.objects import timestamp
from pytest_smi.reference.node import container_states
from pytest_smi.reference.node.container_logs import ContainerLog
from pytest_smi.reference.node.container_probes import ContainerProbes, exec_check
from pytest_smi.reference.node.container_states import Restarts
from pytest_smi.reference.node.images import Executable, Image, StartError, find_executable
from pytest_smi.reference.node.network_view import PodNetwork
from pytest_smi.reference.node.pod_spec import ConfigError, command_line
from pytest_smi.reference.node.pod_status import ContainerState
from pytest_smi.reference.node.zygote_client import Process, ZygoteClient, ZygoteGone

Emit = Callable[[str, str, bool], None]


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
        restarts = Restarts(self._policy)
        while True:
            began = time.monotonic()
            status = await self._once()
            if self._stopping or self.no_restart or not restarts.wanted(status):
                return status
            delay = restarts.next_delay(time.monotonic() - began)
            # A kubelet that could not even start the program keeps the waiting state that says why.
            if "terminated" in self.state.state:
                self.state.last = self.state.state
                if delay >= 0.5:
                    why = f"back-off {delay:g}s restarting failed container={self.state.name}"
                    self.state.state = container_states.waiting("CrashLoopBackOff", why)
                    self._emit("BackOff", f"Back-off restarting failed container {self.state.name}", True)
                    self._changed()
            await asyncio.sleep(delay)
            if self._stopping:
                return status
            self.state.restarts += 1

    async def _once(self) -> int:
        if self.image is None:
            self._wait(*container_states.no_image(self.spec))
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
            self.state.state = container_states.not_executed(
                str(error), self.state.container_id, timestamp(time.time())
            )
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
        self.state.state = container_states.waiting(reason, message)
        self._emit(event, text, True)
        self._changed()

    async def _start(self, argv: list[str], program: Executable | None) -> Process:
        self.previous_log, before = self.log, self.previous_log
        if before is not None:
            before.path.unlink(missing_ok=True)
        self.log = ContainerLog(self.folder.parent / f"{self.folder.name}.{self.state.restarts}.log")
        self._emit("Pulled", f'Container image "{self.spec["image"]}" already present on machine', False)
        self._emit("Created", f"Created container: {self.state.name}", False)
        async with self.log.capture() as descriptors:
            process = await self._zygote.start(
                argv=argv,
                executable=program,
                env=self.env,
                cwd=self.folder,
                network=self.network,
                descriptors=descriptors,
            )
        self.state.container_id = f"reference://{uuid.uuid4().hex}"
        self.state.state = container_states.running(timestamp(time.time()))
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
            run=lambda command, timeout: exec_check(self.start_child, command),
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
        code = container_states.exit_code(status)
        self.state.state = container_states.ended(
            status, self.state.container_id, since=started_at, at=timestamp(time.time())
        )
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
