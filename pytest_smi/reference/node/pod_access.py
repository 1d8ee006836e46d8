"""The API server's way into pods: finds the container and starts a program in it or reads its log.

Law: what a client asked wrongly is an ApiError in Kubernetes' words.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from typing import Any, Protocol

from pytest_smi.reference.kube.podaccess import ExecSession
from pytest_smi.reference.kube.status import ApiError, BadRequest, NotFound
from pytest_smi.reference.node.containers import Container
from pytest_smi.reference.node.context import PODS, NodeContext
from pytest_smi.reference.node.exec_session import NotStarted, PodExecSession
from pytest_smi.reference.node.images import StartError
from pytest_smi.reference.node.pod_spec import default_container
from pytest_smi.reference.node.pods import PodRunner


class _Runners(Protocol):
    def runner(self, namespace: str, name: str) -> PodRunner | None: ...


class NodePodAccess:
    """Implements kube.podaccess.PodAccess. `runners` is set once the kubelet exists."""

    def __init__(self) -> None:
        self.context: NodeContext | None = None
        self.runners: _Runners | None = None

    def _container(self, namespace: str, pod: str, container: str | None) -> tuple[Mapping[str, Any], Container]:
        assert self.context is not None
        assert self.runners is not None
        found = self.context.store.get(PODS, namespace, pod)
        runner = self.runners.runner(namespace, pod)
        if runner is None:
            raise NotFound(PODS, pod)
        name = container or default_container(found)
        running = runner.find(name)
        if running is None:
            raise BadRequest(f"container {name} is not valid for pod {pod}")
        return found, running

    async def exec(
        self,
        namespace: str,
        pod: str,
        container: str | None,
        command: list[str],
        *,
        stdin: bool,
        stdout: bool,
        stderr: bool,
        tty: bool,
    ) -> ExecSession:
        """Start a command in a running container. A tty is not emulated: the streams are joined instead."""
        assert self.context is not None
        found, running = self._container(namespace, pod, container)
        if not command:
            raise BadRequest("you must specify at least 1 container, 1 pod and 1 command")
        phase = (found.get("status") or {}).get("phase")
        if phase in ("Succeeded", "Failed"):
            raise ApiError(
                f"cannot exec into a container in a completed pod; current phase is {phase}",
                code=400,
                reason="BadRequest",
            )
        theirs: list[int] = []
        ours: list[int] = []

        def pipe() -> tuple[int, int]:
            read_end, write_end = os.pipe()
            return read_end, write_end

        if not running.state.running:
            raise ApiError(f'container not found ("{running.state.name}")', code=500)
        try:
            stdin_end: int | None = None
            if stdin:
                read_end, stdin_end = pipe()
                theirs.append(read_end)
                ours.append(stdin_end)
            else:
                theirs.append(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
            outputs: dict[int, int] = {}
            for channel, wanted in ((1, stdout), (2, stderr and not tty)):
                if channel == 2 and tty and stdout:
                    theirs.append(os.dup(theirs[-1]))
                elif wanted:
                    read_end, write_end = pipe()
                    theirs.append(write_end)
                    ours.append(read_end)
                    outputs[channel] = read_end
                else:
                    theirs.append(os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC))
            process = await running.start_child(
                command, (theirs[0], theirs[1], theirs[2]), {"TERM": "xterm"} if tty else None
            )
        except BaseException as error:
            for descriptor in ours:
                os.close(descriptor)
            if isinstance(error, StartError):
                return NotStarted(str(error))
            raise
        finally:
            for descriptor in theirs:
                os.close(descriptor)
        session = PodExecSession(process, self.context.faults)
        await session.attach(stdin_end, outputs)
        return session

    async def logs(
        self,
        namespace: str,
        pod: str,
        container: str | None,
        *,
        follow: bool,
        tail_lines: int | None,
        since_seconds: float | None,
        timestamps: bool,
        previous: bool,
    ) -> AsyncIterator[bytes]:
        """Yield a container's output; raises before the first piece when there is none to read."""
        _, running = self._container(namespace, pod, container)
        log = running.previous_log if previous else running.log
        if log is None:
            if previous:
                raise BadRequest(f'previous terminated container "{running.state.name}" in pod "{pod}" not found')
            waiting = running.state.state.get("waiting") or {}
            reason = waiting.get("reason", "ContainerCreating")
            raise BadRequest(f'container "{running.state.name}" in pod "{pod}" is waiting to start: {reason}')
        async for piece in log.read(
            follow=follow, tail_lines=tail_lines, since_seconds=since_seconds, timestamps=timestamps
        ):
            yield piece
