"""A running API server in a thread of its own, for tests that talk to it as clients do."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, cast

import httpx
import kubernetes
import pytest
from aiohttp import web

from pytest_smi.reference.kube import certificates
from pytest_smi.reference.kube.lifecycle import NAMESPACES
from pytest_smi.reference.kube.objects import Event
from pytest_smi.reference.kube.server import ApiServer
from pytest_smi.reference.kube.store import Store

WAIT = 10.0


class LocalSession:
    """A program on this machine as an exec session."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def write(self, data: bytes) -> None:
        """Send bytes to standard input."""
        assert self._process.stdin is not None
        self._process.stdin.write(data)
        await self._process.stdin.drain()

    async def close_stdin(self) -> None:
        """End standard input."""
        assert self._process.stdin is not None
        self._process.stdin.close()

    async def output(self) -> AsyncIterator[tuple[int, bytes]]:
        """Output as it comes."""
        queue: asyncio.Queue[tuple[int, bytes]] = asyncio.Queue()

        async def pump(number: int, reader: asyncio.StreamReader | None) -> None:
            while reader is not None and (data := await reader.read(65536)):
                await queue.put((number, data))
            await queue.put((number, b""))

        tasks = [
            asyncio.ensure_future(pump(1, self._process.stdout)),
            asyncio.ensure_future(pump(2, self._process.stderr)),
        ]
        left = len(tasks)
        while left:
            number, data = await queue.get()
            if data:
                yield number, data
            else:
                left -= 1

    async def wait(self) -> int:
        """The exit status."""
        return await self._process.wait()

    async def kill(self) -> None:
        """End it."""
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


class LocalPods:
    """Programs on this machine in place of pods; remembers its sessions."""

    def __init__(self) -> None:
        self.sessions: list[LocalSession] = []

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
    ) -> LocalSession:
        """Start a program."""
        pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        process = await asyncio.create_subprocess_exec(
            *command, stdin=pipe if stdin else nothing, stdout=pipe, stderr=pipe
        )
        self.sessions.append(LocalSession(process))
        return self.sessions[-1]

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
        """What was asked, as lines."""
        asked = {
            "container": container,
            "follow": follow,
            "tail": tail_lines,
            "since": since_seconds,
            "timestamps": timestamps,
        }
        yield json.dumps(asked).encode() + b"\n"
        yield b"last line\n"


class Cluster:
    """An API server and the loop that it runs in."""

    def __init__(self, folder: Path) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, name="api-server")
        self.thread.start()
        self.store = Store()
        self.pods = LocalPods()
        self.services: dict[tuple[str, str, int], tuple[str, int]] = {}
        addresses = (f"127.0.64.{number}" for number in itertools.count(1))
        self.server = self.call(self._make, folder, lambda: next(addresses))
        self.run(self.server.start())
        self._clean_ups: list[Coroutine[Any, Any, Any]] = []

    async def _later(self, function: Callable[..., Any], *args: Any) -> Any:
        return function(*args)

    def _make(self, folder: Path, allocate: Callable[[], str]) -> ApiServer:
        self.store.subscribe(NAMESPACES, self._empty_namespace)
        return ApiServer(
            self.store,
            state_dir=folder,
            pod_access=self.pods,
            allocate_cluster_ip=allocate,
            resolve_service=lambda namespace, name, port: self.services.get((namespace, name, port)),
        )

    def _empty_namespace(self, event: Event) -> None:
        """What the node's controller does with namespaces that are going."""
        if event.type == "MODIFIED" and event.object["metadata"].get("deletionTimestamp"):
            for key in self.store.keys():  # noqa: SIM118 - it is no dictionary
                for obj in self.store.list(key, event.name)[0]:
                    self.store.delete(key, event.name, obj["metadata"]["name"], grace_period=0)
            self.store.finish_delete(NAMESPACES, None, event.name)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine in the server's loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(WAIT)

    def call(self, function: Callable[..., Any], *args: Any) -> Any:
        """Call a function in the server's loop."""
        return self.run(self._later(function, *args))

    def client(self, token: str | None = None, **headers: str) -> httpx.Client:
        """An HTTP client with a token (the admin's unless given)."""
        context = ssl.create_default_context(cadata=self.server.ca_pem.decode())
        headers["Authorization"] = f"Bearer {self.server.admin_token if token is None else token}"
        return httpx.Client(base_url=self.server.url, verify=context, headers=headers, timeout=WAIT, trust_env=False)

    def serve(self, name: str, namespace: str, handler: Callable[[web.Request], Any]) -> str:
        """Start a TLS server that stands for a Service's pod; returns its caBundle."""
        authority = certificates.Authority("test-ca")
        pair = authority.issue(name, names=[f"{name}.{namespace}.svc"], addresses=[])

        async def start() -> int:
            app = web.Application()
            app.router.add_route("*", "/{path:.*}", handler)
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
            await runner.setup()
            context = certificates.server_context(pair, self.server.kubeconfig_path.parent)
            site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
            await site.start()
            self._clean_ups.append(runner.cleanup())
            return int(runner.addresses[0][1])

        self.services[(namespace, name, 443)] = ("127.0.0.1", self.run(start()))
        return base64.b64encode(authority.pem).decode()

    def stop(self) -> None:
        """Stop everything."""
        for work in self._clean_ups:
            self.run(work)
        self.run(self.server.stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(WAIT)
        self.loop.close()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A cluster of its own for each test."""
    made = Cluster(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def api(cluster: Cluster) -> Any:
    """The official Python client, set up by the kubeconfig."""
    settings = kubernetes.client.Configuration()
    cast(Any, kubernetes.config.load_kube_config)(str(cluster.server.kubeconfig_path), client_configuration=settings)
    return kubernetes.client.ApiClient(settings)
