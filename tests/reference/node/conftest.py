"""A tiny image (server, client, sidecar) and a node around it, for tests with real processes."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import uvloop

from pytest_smi.reference.kube import defaults
from pytest_smi.reference.kube.objects import Object
from pytest_smi.reference.kube.status import ResourceKey
from pytest_smi.reference.kube.store import Store
from pytest_smi.reference.node.cluster_faults import ClusterFaults
from pytest_smi.reference.node.context import NAMESPACES, PODS
from pytest_smi.reference.node.images import Images, image_from_spec
from pytest_smi.reference.node.node import EmbeddedNode
from pytest_smi.reference.node.zygote_client import ZygoteClient

PROGRAM = """
import asyncio, json, os, socket, sys, time

def say(**what):
    print(json.dumps(what), flush=True)

async def answer(reader, writer):
    line = await reader.readline()
    if line.startswith(b"GET"):
        writer.write(b"HTTP/1.1 200 OK\\r\\nconnection: close\\r\\n\\r\\n" + os.environ["HOSTNAME"].encode())
    else:
        said = {"pod": os.environ["HOSTNAME"], "line": line.decode(), "peer": writer.get_extra_info("peername")[0]}
        writer.write(json.dumps(said).encode() + b"\\n")
    writer.close()

class Echo(asyncio.DatagramProtocol):
    def connection_made(self, transport): self.transport = transport
    def datagram_received(self, data, addr): self.transport.sendto(os.environ["HOSTNAME"].encode() + b" " + data, addr)

async def server():
    server = await asyncio.start_server(answer, "0.0.0.0", 8080)
    await asyncio.get_running_loop().create_datagram_endpoint(Echo, local_addr=("0.0.0.0", 9100))
    say(listening=server.sockets[0].getsockname())
    await server.serve_forever()

async def tcp(host, port, text="hello"):
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(text.encode() + b"\\n")
    said = json.loads(await reader.readline())
    peer = writer.get_extra_info("peername")
    writer.close()
    return {**said, "to": list(peer)}

def udp(host, port, connected):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(2)
        if connected:
            sock.connect((host, port)); sock.send(b"ping"); return {"data": sock.recv(100).decode(), "from": None}
        sock.sendto(b"ping", (host, port)); data, source = sock.recvfrom(100)
        return {"data": data.decode(), "from": list(source)}

def client():
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            if asked["op"] == "tcp": say(**asyncio.run(tcp(asked["host"], asked["port"])))
            elif asked["op"] == "udp": say(**udp(asked["host"], asked["port"], asked.get("connected", False)))
            elif asked["op"] == "resolve":
                found = socket.getaddrinfo(asked["host"], 1)
                say(addresses=sorted({a[4][0] for a in found}))
            elif asked["op"] == "env": say(value=os.environ.get(asked["name"]))
            elif asked["op"] == "count": say(line=asked["n"])
        except OSError as error:
            say(error=type(error).__name__, errno=error.errno)

async def sidecar():
    pod, app = os.environ["SANDBOX_POD_IP"], os.environ["SANDBOX_APP_IP"]
    async def redirected(reader, writer):
        origdst = (await reader.readline()).decode()
        line = await reader.readline()
        writer.write(json.dumps({"sidecar": pod, "origdst": origdst, "line": line.decode()}).encode() + b"\\n")
        writer.close()
    async def ready(reader, writer):
        await reader.readline()
        writer.write(b"HTTP/1.1 200 OK\\r\\n\\r\\n"); writer.close()
    class Udp(asyncio.DatagramProtocol):
        def connection_made(self, transport): self.transport = transport
        def datagram_received(self, data, addr): self.transport.sendto(data[:6] + b"via sidecar " + data[6:], addr)
    await asyncio.start_server(redirected, pod, 15001)
    await asyncio.get_running_loop().create_datagram_endpoint(Udp, local_addr=(pod, 15001))
    await asyncio.sleep(0.05)
    await asyncio.start_server(ready, pod, 15020)
    await asyncio.Event().wait()

def main(argv):
    command = argv[0]
    if command == "client": return client()
    if command == "exit": return int(argv[1])
    if command == "say": print(argv[1]); return 0
    if command == "stubborn":
        import signal
        signal.signal(signal.SIGTERM, signal.SIG_IGN); print("deaf", flush=True); time.sleep(60)
    asyncio.run({"server": server, "sidecar": sidecar}[command]())
"""

Conditions = Callable[[], object]


class StubApi:
    """What the node needs of an API server, without one."""

    url = "https://127.0.0.1:4443"
    ca_pem = b"CA"

    def __init__(self, store: Store) -> None:
        self.store = store

    async def create(self, key: ResourceKey, obj: Object) -> Object:
        """Defaults and store."""
        defaults.fill(key, obj)
        return self.store.create(key, obj)

    def issue_service_account_token(self, namespace: str, name: str, pod: str | None = None) -> str:
        """A recognisable token."""
        return f"token of {namespace}/{name} for {pod}"


class NodeHarness:
    """A node under test and short ways to ask it."""

    def __init__(self, node: EmbeddedNode, store: Store, folder: Path) -> None:
        self.node = node
        self.store = store
        self.folder = folder
        self.api = StubApi(store)

    async def pod(self, name: str, *args: str, labels: dict[str, str] | None = None, **spec: Any) -> Object:
        """Create a pod of the tiny image; further fields go to its only container, or `containers` replaces it."""
        meta_extra = spec.pop("meta", {})
        containers = spec.pop("containers", None) or [
            {"name": "app", "image": "tiny:1", "args": list(args), **spec.pop("container", {})}
        ]
        meta = {"name": name, "namespace": "t1", "labels": labels or {}, **meta_extra}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"containers": containers, **spec}}
        return await self.api.create(PODS, pod)

    async def until(self, holds: Conditions, timeout: float = 10.0) -> None:
        """Wait for a condition on the store."""
        end = time.monotonic() + timeout
        while not holds():
            assert time.monotonic() < end, [pod.get("status") for pod in self.store.list(PODS)[0]]
            await asyncio.sleep(0.002)

    def get(self, name: str) -> Object:
        """A pod."""
        return self.store.get(PODS, "t1", name)

    def ready(self, name: str) -> bool:
        """Whether a pod is ready."""
        conditions = (self.get(name).get("status") or {}).get("conditions") or []
        return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)

    async def server(self, name: str, **more: Any) -> Object:
        """A ready server pod."""
        probe = {"readinessProbe": {"httpGet": {"port": 8080, "path": "/"}}}
        await self.pod(name, "server", labels={"app": "srv"}, container=probe, **more)
        await self.until(lambda: self.ready(name))
        return self.get(name)

    async def service(self, **spec: Any) -> str:
        """The service `srv` for the server pods; its ClusterIP."""
        ports = [
            {"name": "tcp", "port": 80, "targetPort": 8080},
            {"name": "udp", "port": 53, "protocol": "UDP", "targetPort": 9100},
        ]
        spec = {"clusterIP": self.node.allocate_cluster_ip(), "selector": {"app": "srv"}, "ports": ports, **spec}
        obj = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "srv", "namespace": "t1"}, "spec": spec}
        await self.api.create(ResourceKey("", "services"), obj)
        await asyncio.sleep(0.01)
        return str(spec["clusterIP"])

    async def run(self, pod: str, *command: str, stdin: str = "", container: str | None = None) -> tuple[int, str, str]:
        """Exec a command: (status, stdout, stderr)."""
        session = await self.node.pod_access.exec(
            "t1", pod, container, list(command), stdin=True, stdout=True, stderr=True, tty=False
        )
        await session.write(stdin.encode())
        await session.close_stdin()
        said = {1: b"", 2: b""}
        async with asyncio.timeout(10):
            async for channel, data in session.output():
                said[channel] += data
            return await session.wait(), said[1].decode(), said[2].decode()

    async def ask(self, pod: str, *questions: dict[str, Any], container: str | None = None) -> list[dict[str, Any]]:
        """What the client program answers."""
        status, out, err = await self.run(
            pod,
            "tiny",
            "client",
            stdin="".join(json.dumps(question) + "\n" for question in questions),
            container=container,
        )
        assert status == 0, err
        return [json.loads(line) for line in out.splitlines()]


Scenario = Callable[[NodeHarness], Awaitable[None]]


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder with a path short enough for Unix sockets."""
    with TemporaryDirectory(prefix="smi") as folder:
        yield Path(folder)


@pytest.fixture
def tiny_package(tmp_path: Path) -> Path:
    """The folder of a package with the program above."""
    package = tmp_path / "tiny_package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "program.py").write_text(PROGRAM)
    return package


@pytest.fixture
def tiny_spec(tiny_package: Path) -> dict[str, Any]:
    """The image record of the tiny package."""
    program = {"package": "tiny_package", "path": str(tiny_package), "module": "tiny_package.program"}
    return {"executables": {"tiny": program}, "preload": ["tiny_package.program"]}


@pytest.fixture
def with_node(tiny_spec: dict[str, Any], short_folder: Path) -> Callable[..., None]:
    """Runs a scenario on a new node with namespace t1; afterwards nothing of it may be left."""

    def run(scenario: Scenario, *, fault: str | None = None, more_images: dict[str, Any] | None = None) -> None:
        images = Images()
        for reference, spec in {"tiny:1": tiny_spec, **(more_images or {})}.items():
            images.add(image_from_spec(reference, spec))
        state = short_folder / "s"
        state.mkdir(mode=0o700)
        zygote = ZygoteClient(packages=images.packages, preload=images.preload, state_dir=state)

        async def main() -> None:
            store = Store()
            node = EmbeddedNode(store=store, zygote=zygote, images=images, state_dir=state, faults=ClusterFaults(fault))
            harness = NodeHarness(node, store, state)
            store.create(NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "t1"}, "spec": {}})
            await node.start(harness.api, version="v1.32.0")
            node.ready()
            try:
                async with asyncio.timeout(30):
                    await scenario(harness)
            finally:
                await node.stop()

        try:
            uvloop.run(main())
        finally:
            zygote.close()
        assert not state.exists()

    return run
