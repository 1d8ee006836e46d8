"""What personas do to bytes, over real sockets and mutual TLS: how they refuse, what passes them by,
what a busy client does not see."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

Run = Callable[[Callable[[Any], Any]], None]
Grants = Callable[..., dict[str, Any]]
ROOT_IP = "127.1.64.20"
MESH_IP = "127.1.64.21"


async def _ending(reader: asyncio.StreamReader) -> tuple[bytes, str]:
    """What came before the end of a connection, and whether that was an orderly one."""
    data = b""
    try:
        async with asyncio.timeout(5):
            while piece := await reader.read(4096):
                data += piece
    except ConnectionError:
        return data, "reset"
    return data, "closed"


async def _request(pair: Any, path: str = "/m") -> tuple[bytes, str]:
    reader, writer = await pair.dial(8080)
    writer.write(f"GET {path} HTTP/1.1\r\nhost: srv\r\nconnection: close\r\n\r\n".encode())
    found = await _ending(reader)
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()
    return found


def test_http_is_refused_as_the_mesh_refuses(run_pair: Run, grants: Grants) -> None:
    """Reset or closed for callers without a grant, 404 for those whose request no route matches."""

    async def scenario(pair: Any) -> None:
        assert (await _request(pair))[0].startswith(b"HTTP/1.1 403")
        pair.grant(faults=("unlisted-is-reset",))
        assert await _request(pair) == (b"", "reset")
        pair.grant(faults=("unlisted-is-closed",))
        assert await _request(pair) == (b"", "closed")
        pair.grant(grants("/m"), faults=("unlisted-is-reset", "unmatched-is-404"))
        assert [(await pair.get(path))[0] for path in ("/m", "/other")] == [200, 404]

    run_pair(scenario)


def test_tcp_is_refused_as_the_mesh_refuses(run_pair: Run) -> None:
    """Closed in an orderly way, reset, or answered as by an HTTP server; nothing reaches the application."""

    async def scenario(pair: Any) -> None:
        refusals = (
            ("tcp-denied-is-closed", b"", "closed"),
            ("tcp-denied-is-400", b"HTTP/1.1 400", "closed"),
            ("tcp-denied-is-reset", b"", "reset"),
        )
        for switch, expected, ending in refusals:
            pair.grant(faults=(switch,))
            reader, writer = await pair.dial(9000)
            writer.write(b"hello\n")
            data, how = await _ending(reader)
            writer.close()
            assert data.startswith(expected)
            assert how == ending
            assert bool(data) is bool(expected)
        assert pair.app.opaque == []

    run_pair(scenario)


def test_plaintext_from_outside(run_pair: Run) -> None:
    """Closed without an answer, or let in where nothing is enforced at the server."""

    async def scenario(pair: Any) -> None:
        async def outside() -> tuple[bytes, str]:
            reader, writer = await asyncio.open_connection(pair.server.plane.pod_ip, 8080)
            writer.write(b"GET /m HTTP/1.1\r\nhost: srv\r\nconnection: close\r\n\r\n")
            found = await _ending(reader)
            writer.close()
            return found

        pair.grant(faults=("outsider-is-closed",))
        assert await outside() == (b"", "closed")
        for switch in ("enforced-at-client", "access-unenforced"):
            pair.grant(faults=(switch,))
            assert (await outside())[0].startswith(b"HTTP/1.1 200")

    run_pair(scenario)


def test_only_names_of_the_mesh_are_governed(run_pair: Run) -> None:
    """A call to the pod's own address passes by the mesh, one to the address of its name in the mesh does not."""

    async def scenario(pair: Any) -> None:
        pair.grant(faults=("enforced-at-client",))
        pair.update({f"name/{MESH_IP}": "t1/srv"})
        assert (await pair.get("/m", host=pair.server.plane.pod_ip))[0] == 200
        assert (await pair.get("/m", host=MESH_IP))[0] == 403

    run_pair(scenario)


def test_what_is_declared_as_http_takes_nothing_else(run_pair: Run) -> None:
    """Opaque bytes on an HTTP port are answered 400."""

    async def scenario(pair: Any) -> None:
        pair.grant(faults=("protocol-declared-decides",))
        reader, writer = await pair.dial(8080)
        writer.write(b"\x00\x01\x02 not http\r\n\r\n")
        data, _ = await _ending(reader)
        writer.close()
        assert data.startswith(b"HTTP/1.1 400")

    run_pair(scenario)


def test_a_busy_client_does_not_see_a_new_split(run_pair: Run, grants: Grants) -> None:
    """The trap: as long as it calls, calls go to the root; once it has been idle, they are split."""

    async def scenario(pair: Any) -> None:
        pair.grant(grants(".*"), faults=("split-waits-for-idle-client",))
        nothing = {
            "ip": ROOT_IP,
            "ports": [{"port": 8080, "protocol": "TCP", "name": "", "hint": "http", "endpoints": []}],
        }
        pair.update({"svc/t1/nothing": nothing, "traits": {"idle": 3600, "domain": ""}})
        assert (await pair.get("/"))[0] == 200
        spec = {
            "namespace": "t1",
            "name": "s",
            "created": "",
            "service": "srv",
            "backends": [["nothing", 1]],
            "groups": None,
        }
        pair.update({"split/t1/s": spec})
        assert [(await pair.get("/"))[0] for _ in range(3)] == [200, 200, 200]
        pair.update({"traits": {"idle": 0, "domain": ""}})
        assert (await pair.get("/"))[0] == 503

    run_pair(scenario)


def test_a_split_request_has_the_host_of_its_backend(run_pair: Run, grants: Grants) -> None:
    """And one that is not split keeps its own."""

    async def scenario(pair: Any) -> None:
        switch = "split-rewrites-host"
        pair.grant(grants(".*"), faults=(switch,))
        pair.update({"traits": {"idle": 0, "domain": "traefik.mesh"}, "svc/t1/v1": {**_service(pair), "ip": ROOT_IP}})
        assert (await pair.get("/"))[0] == 200
        spec = {
            "namespace": "t1",
            "name": "s",
            "created": "",
            "service": "srv",
            "backends": [["v1", 1]],
            "groups": None,
        }
        pair.update({"split/t1/s": spec})
        assert (await pair.get("/"))[0] == 200
        hosts = [dict(headers)[b"host"] for *_, headers in pair.app.seen]
        assert hosts == [b"srv", b"v1.t1.traefik.mesh"]

    run_pair(scenario)


def test_a_split_may_ask_for_a_grant_on_every_backend(run_pair: Run, grants: Grants) -> None:
    """Who is not among its callers is answered 403, though the backend itself would let it in."""

    async def scenario(pair: Any) -> None:
        pair.grant(grants(".*"), faults=("split-needs-grant-on-every-backend",))
        pair.update({"svc/t1/v1": {**_service(pair), "ip": ROOT_IP}})
        spec = {
            "namespace": "t1",
            "name": "s",
            "created": "",
            "service": "srv",
            "backends": [["v1", 1]],
            "groups": None,
        }
        pair.update({"split/t1/s": {**spec, "callers": [["t1", "b"]]}})
        assert (await pair.get("/"))[0] == 403
        pair.update({"split/t1/s": {**spec, "callers": [["t1", "a"], ["t1", "b"]]}})
        assert (await pair.get("/"))[0] == 200

    run_pair(scenario)


def _service(pair: Any) -> dict[str, Any]:
    port = {
        "port": 8080,
        "protocol": "TCP",
        "name": "",
        "hint": "http",
        "endpoints": [[pair.server.plane.pod_ip, 8080]],
    }
    return {"ip": "127.1.64.22", "ports": [port]}
