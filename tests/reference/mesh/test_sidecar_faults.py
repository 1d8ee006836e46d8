"""Faults that live in the sidecar's own byte handling, over real sockets: each shows,
and the healthy sidecar does right beside it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

Run = Callable[[Callable[[Any], Any]], None]
Grants = Callable[..., dict[str, Any]]
CLAIM = "x-forwarded-client-cert: URI=spiffe://cluster.local/ns/t1/sa/srv\r\n"


async def _outside(pair: Any, host: str = "srv") -> int:
    """A plaintext request from outside the mesh; its status, 0 when the connection was cut."""
    reader, writer = await asyncio.open_connection(pair.server.plane.pod_ip, 8080)
    writer.write(f"GET /m HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n".encode())
    data = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    return int(data.split(b" ", 2)[1]) if data else 0


def test_plaintext_faults(run_pair: Run) -> None:
    """Plaintext passes under its faults: all of it, or what is addressed to the pod IP."""

    async def scenario(pair: Any) -> None:
        ip = pair.server.plane.pod_ip
        assert [await _outside(pair), await _outside(pair, ip)] == [403, 403]
        pair.grant(faults=("access-plaintext-through",))
        assert [await _outside(pair), await _outside(pair, ip)] == [200, 200]
        pair.grant(faults=("access-plaintext-by-pod-ip",))
        assert [await _outside(pair), await _outside(pair, f"{ip}:8080")] == [403, 200]

    run_pair(scenario)


def test_identity_from_a_header(run_pair: Run, grants: Grants) -> None:
    """Under its fault the header names the caller."""

    async def scenario(pair: Any) -> None:
        pair.grant(grants(account="srv"), faults=("access-identity-from-header",))
        assert (await pair.get("/m", headers=CLAIM))[0] == 200
        assert (await pair.get("/m"))[0] == 403
        pair.grant(grants(account="srv"))
        assert (await pair.get("/m", headers=CLAIM))[0] == 403

    run_pair(scenario)


def test_identity_of_an_address(run_pair: Run, grants: Grants) -> None:
    """Under its fault a pod of another account that has the address of a granted one is let in for it,
    and only if that one was."""

    async def scenario(pair: Any) -> None:
        for faults, inherited in (((), 403), (("access-identity-by-first-address",), 200)):
            pair.grant(grants(), faults=faults)
            await pair.replace_client("b")
            assert (await pair.get("/m"))[0] == 403
            await pair.replace_client("a")
            assert (await pair.get("/m"))[0] == 200
            await pair.replace_client("b")
            assert (await pair.get("/m"))[0] == inherited
            pair.grant(faults=faults)
            assert (await pair.get("/m"))[0] == 403

    run_pair(scenario)


def test_denied_but_delivered(run_pair: Run) -> None:
    """Under its fault the client sees the refusal, and the application saw the request if it has a body."""

    async def scenario(pair: Any) -> None:
        pair.grant(faults=("access-denied-delivered",))
        assert (await pair.get("/m"))[0] == 403
        assert pair.app.seen == []
        assert (await pair.get("/m", method="POST", body=b"order"))[0] == 403
        assert len(pair.app.seen) == 1

    run_pair(scenario)


def test_flapping_grants(run_pair: Run, grants: Grants) -> None:
    """Under its fault the thirtieth granted request is refused, and none beside it."""

    async def scenario(pair: Any) -> None:
        pair.grant(grants(), faults=("access-grants-flap",))
        statuses = [(await pair.get("/m"))[0] for _ in range(40)]
        assert [number for number, status in enumerate(statuses, 1) if status == 403] == [30]

    run_pair(scenario)


def test_a_split_as_a_grant(run_pair: Run) -> None:
    """Under its fault a call that a split routed is let in; other calls are not."""

    async def scenario(pair: Any) -> None:
        pair.grant(faults=("access-split-is-a-grant",))
        assert (await pair.get("/m"))[0] == 403
        split = {
            "namespace": "t1",
            "name": "s",
            "created": "",
            "service": "srv",
            "backends": [["srv", 1]],
            "groups": None,
        }
        pair.update({"split/t1/s": split})
        assert (await pair.get("/m"))[0] == 200
        pair.grant()
        assert (await pair.get("/m"))[0] == 403

    run_pair(scenario)


def test_the_first_decision_of_a_connection_is_cached(run_pair: Run, grants: Grants) -> None:
    """Under its fault a second, denied request passes on the same connection, but not on its own."""

    async def scenario(pair: Any) -> None:
        pair.grant(grants("/m"), faults=("specs-first-decision-cached",))
        reader, writer = await pair.dial(8080)
        for path, close in (("/m", ""), ("/other", "connection: close\r\n")):
            writer.write(f"GET {path} HTTP/1.1\r\nhost: srv\r\n{close}\r\n".encode())
        data = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        assert data.count(b"HTTP/1.1 200") == 2
        assert (await pair.get("/other"))[0] == 403

    run_pair(scenario)


def test_a_client_sticks_to_one_backend(run_pair: Run, grants: Grants) -> None:
    """Under its fault all calls of a client whose account hashes so go where the first went."""

    async def scenario(pair: Any) -> None:
        twin = {**pair.client.value}
        pair.update({f"pod/{pair.client.plane.pod_ip}": twin})
        pair.grant(grants(), faults=("split-client-sticks",))
        root = pair.client.plane.state.services[("t1", "srv")]
        ports = [
            {
                "port": 8080,
                "protocol": "TCP",
                "name": "h",
                "hint": "http",
                "endpoints": [[pair.server.plane.pod_ip, 8080]],
            }
        ]
        pair.update({f"svc/t1/v{i}": {"ip": f"127.1.64.{20 + i}", "ports": ports} for i in (1, 2)})
        split = {
            "namespace": "t1",
            "name": "s",
            "created": "",
            "service": "srv",
            "backends": [["v1", 1], ["v2", 1]],
            "groups": None,
        }
        pair.update({"split/t1/s": split})
        router = pair.client.plane.router
        pair.client.plane.state.own["sa"] = "b"
        destination = router.routing.resolve("127.1.64.9", 8080, "TCP")
        assert destination.service == root.key
        assert len({router.routing.choose(destination, None).backend for _ in range(50)}) == 1
        pair.grant(grants())
        assert len({router.routing.choose(destination, None).backend for _ in range(50)}) == 2

    run_pair(scenario)


def test_http2_as_opaque_bytes(run_pair: Run, grants: Grants) -> None:
    """Under its fault HTTP/2 is a raw TCP connection, which an HTTP grant does not open."""

    async def scenario(pair: Any) -> None:
        pair.grant(grants(), faults=("specs-http2-opaque",))
        reader, writer = await pair.dial(8080)
        writer.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0")
        with contextlib.suppress(ConnectionError):
            assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()

    run_pair(scenario)


def test_tcp_counted_as_a_request(run_pair: Run) -> None:
    """Under its fault the called side notes each connection; otherwise none, and neither side a request."""
    tcp = {"target": "t", "sources": [["t1", "a"]], "http": None, "tcp": [9000], "udp": None}

    async def scenario(pair: Any) -> None:
        for faults, noted in (((), 0), (("metrics-tcp-counted",), 1)):
            pair.grant(tcp, faults=faults)
            reader, writer = await pair.dial(9000)
            writer.write(b"ping")
            assert await asyncio.wait_for(reader.readexactly(4), 5) == b"ping"
            writer.close()
            assert len(pair.server.plane.recorder.export(0)) == noted
            assert pair.client.plane.recorder.export(0) == []

    run_pair(scenario)
