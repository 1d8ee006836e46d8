"""One pod: its address, folder and containers, from the start to the last process.

Law: one task per pod; the status in the store follows the containers at once,
and nothing of the pod is left when `end` returns.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import signal
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from pytest_smi.reference.kube.objects import timestamp
from pytest_smi.reference.kube.status import ApiError
from pytest_smi.reference.node import pod_spec
from pytest_smi.reference.node.addresses import app_address
from pytest_smi.reference.node.cluster_faults import SERVER_DOWN_DELAY
from pytest_smi.reference.node.containers import Container
from pytest_smi.reference.node.context import NODE_NAME, PODS, NodeContext
from pytest_smi.reference.node.network_view import Mode, PodNetwork
from pytest_smi.reference.node.pod_status import ContainerState, pod_status

_log = logging.getLogger(__name__)


class PodRunner:
    """Runs a pod object. `number` names its folder, which must be short for the sake of Unix sockets."""

    def __init__(self, context: NodeContext, pod: Mapping[str, Any], number: int) -> None:
        self._context = context
        self._pod = pod
        meta = pod["metadata"]
        self.namespace, self.name, self.uid = str(meta["namespace"]), str(meta["name"]), str(meta["uid"])
        self.ip = context.network.pod_ips.take()
        self.folder = context.folder / str(number)
        self.containers: dict[str, Container] = {}
        self._inits: list[Container] = []
        self._start_time = timestamp(time.time())
        self._redirect = pod_spec.redirect_container(pod)
        self._jobs: list[asyncio.Task[Any]] = []
        self._init_failed = False
        self._fault_planned = False
        self._ending: asyncio.Task[None] | None = None
        self._main = asyncio.get_running_loop().create_task(self._run())

    # Start

    async def _run(self) -> None:
        try:
            self._prepare()
            self.publish()
            for container in self._inits:
                self.publish()
                if await container.run() != 0:
                    self._init_failed = True
                    self.publish()
                    return
            for spec in pod_spec.start_order(self._pod):
                container = self.containers[spec["name"]]
                job = asyncio.get_running_loop().create_task(container.run())
                job.add_done_callback(self._on_job_done)
                self._jobs.append(job)
                if container.state.sidecar or spec["name"] == self._redirect:
                    await container.ready.wait()
        except Exception as error:
            self._emit("Failed", f"Error: {error}", True)
            raise

    def _on_job_done(self, job: asyncio.Task[Any]) -> None:
        if not job.cancelled() and (error := job.exception()) is not None:
            _log.error("pod %s/%s: a container's supervisor failed", self.namespace, self.name, exc_info=error)
            self._emit("Failed", f"Error: {error}", True)

    def _prepare(self) -> None:
        self.folder.mkdir(mode=0o700)
        self._write_account()
        policy = self._pod["spec"].get("restartPolicy", "Always")
        sidecars = {
            c["name"] for c in self._pod["spec"].get("initContainers") or [] if c.get("restartPolicy") == "Always"
        }
        once = "OnFailure" if policy != "Never" else "Never"
        for index, spec in enumerate([*pod_spec.run_to_completion(self._pod), *pod_spec.all_containers(self._pod)]):
            folder = self.folder / str(index)
            folder.mkdir(mode=0o700)
            init = index < len(pod_spec.run_to_completion(self._pod))
            stays = spec["name"] in sidecars
            container = Container(
                spec=spec,
                image=self._context.images.find(spec["image"]),
                zygote=self._context.zygote,
                network=self._network(spec["name"]),
                folder=folder,
                make_env=partial(self._environment, folder),
                restart_policy=once if init else "Always" if stays else policy,
                changed=self.publish,
                emit=partial(
                    self._emit,
                    field_path=f"spec.{'initContainers' if init or stays else 'containers'}{{{spec['name']}}}",
                ),
                init=init,
                sidecar=stays,
            )
            if init:
                self._inits.append(container)
            else:
                self.containers[spec["name"]] = container

    def _network(self, container: str) -> PodNetwork:
        mode: Mode = "direct"
        if self._redirect is not None:
            mode = "sidecar" if container == self._redirect else "redirected"
        app_ip = app_address(self.ip) if self._redirect is not None else self.ip
        return PodNetwork(
            netmap=str(self._context.netmap.path),
            namespace=self.namespace,
            hostname=self.name,
            pod_ip=self.ip,
            app_ip=app_ip,
            mode=mode,
        )

    def _write_account(self) -> None:
        folder = self.folder / "sa"
        folder.mkdir(mode=0o700)
        files: dict[str, str | bytes] = {"namespace": self.namespace}
        api = self._context.api
        if api is not None:
            files["ca.crt"] = api.ca_pem
            account = self._pod["spec"].get("serviceAccountName") or "default"
            # A pod without a service account runs, as nobody.
            with contextlib.suppress(ApiError):
                files["token"] = api.issue_service_account_token(self.namespace, account, self.name)
        for name, content in files.items():
            with open(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600), "wb") as file:
                file.write(content.encode() if isinstance(content, str) else content)

    def _environment(self, folder: Path, spec: Mapping[str, Any]) -> dict[str, str]:
        url = self._context.api.url if self._context.api is not None else "https://127.0.0.1:0"
        host, _, port = url.partition("//")[2].rstrip("/").partition(":")
        base = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "LANG": "C.UTF-8",
            "HOME": str(folder),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOSTNAME": self.name,
            "TMPDIR": str(folder),
            "KUBERNETES_SERVICE_HOST": host,
            "KUBERNETES_SERVICE_PORT": port,
            "SERVICEACCOUNT_DIR": str(self.folder / "sa"),
        }
        if spec["name"] == self._redirect:
            base |= {"SANDBOX_POD_IP": self.ip, "SANDBOX_APP_IP": app_address(self.ip)}
        return pod_spec.environment(self._pod, spec, base=base, pod_ip=self.ip, node=NODE_NAME, find=self._find)

    def _find(self, plural: str, name: str) -> Mapping[str, Any] | None:
        return self._context.store.find(type(PODS)("", plural), self.namespace, name)

    def find(self, container: str) -> Container | None:
        """Return a container by name, init containers included."""
        inits = {init.state.name: init for init in self._inits}
        return self.containers.get(container) or inits.get(container)

    # Status

    def _states(self) -> list[ContainerState]:
        return [container.state for container in (*self._inits, *self.containers.values())]

    def _current(self) -> Mapping[str, Any] | None:
        pod = self._context.store.find(PODS, self.namespace, self.name)
        return pod if pod is not None and pod["metadata"]["uid"] == self.uid else None

    def publish(self) -> None:
        """Bring the status in the store up to date."""
        pod = self._current()
        if pod is None:
            return
        status = pod_status(
            pod,
            self._states(),
            pod_ip=self.ip,
            host_ip=self._context.network.node_ip,
            start_time=self._start_time,
            now=timestamp(time.time()),
            init_failed=self._init_failed,
        )
        self._context.store.update_status(PODS, self.namespace, self.name, status)
        ready = all(container.state.ready for container in self.containers.values())
        if ready and not self._fault_planned and self._context.faults.server_down(pod):
            self._fault_planned = True
            asyncio.get_running_loop().call_later(SERVER_DOWN_DELAY, self._take_down)

    def _take_down(self) -> None:
        for name, container in self.containers.items():
            if name != self._redirect and container.process is not None:
                container.no_restart = True
                container.process.kill(signal.SIGKILL)

    def _emit(self, reason: str, message: str, warning: bool, *, field_path: str = "") -> None:
        self._context.events.record(self._pod, "Pod", reason, message, warning=warning, field_path=field_path)

    # End

    def end(self, grace: float) -> asyncio.Task[None]:
        """End the pod; the task is done when no process and no file of it is left.

        A second call can shorten the grace.
        """
        if self._ending is None:
            self._ending = asyncio.get_running_loop().create_task(self._end(grace))
        elif not self._ending.done():
            asyncio.get_running_loop().call_later(max(0.0, grace), self._kill_all)
        return self._ending

    def _kill_all(self) -> None:
        for container in (*self._inits, *self.containers.values()):
            if container.process is not None:
                container.process.kill(signal.SIGKILL)

    async def _end(self, grace: float) -> None:
        began = time.monotonic()
        containers = [*self._inits, *self.containers.values()]
        apps = [container for container in containers if container.spec["name"] != self._redirect]
        await asyncio.gather(*(container.stop(grace) for container in apps))
        # The sidecar goes last, so that what the programs still have to say gets out.
        left = max(0.0, grace - (time.monotonic() - began)) if grace > 0 else 0.0
        await asyncio.gather(
            *(container.stop(max(left, 0.1) if grace > 0 else 0) for container in containers if container not in apps)
        )
        for job in (self._main, *self._jobs):
            job.cancel()
        await asyncio.gather(self._main, *self._jobs, return_exceptions=True)
        # A process that was being started while the pod ended.
        for container in containers:
            if container.process is not None and not container.process.exited.done():
                container.process.kill(signal.SIGKILL)
                await asyncio.shield(container.process.exited)
            if container.log is not None:
                container.log.close()
        self._context.network.pod_ips.give_back(self.ip)
        shutil.rmtree(self.folder, ignore_errors=True)
