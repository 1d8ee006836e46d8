"""Two sidecars over real sockets and real mutual TLS: HTTP/1.1, h2c, TCP and UDP, allowed and denied."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable
from typing import Any

import h2.config
import h2.connection
import h2.events
import pytest

Run = Callable[[Callable[[Any], Any]], None]
Grants = Callable[..., dict[str, Any]]


def tcp_grant(*ports: int, source: str = "a") -> dict[str, Any]:
    return {"target": "t", "sources": [["t1", source]], "http": None, "tcp": list(ports) or "*", "udp": None}


class TestHttp1:
    """HTTP/1.1 through both sidecars."""

    def test_nothing_is_allowed_without_a_grant(self, run_pair: Run) -> None:
        """A denied request is answered 403 and never reaches the application."""

        async def scenario(pair: Any) -> None:
            assert (await pair.get("/m"))[0] == 403
            assert pair.app.seen == []

        run_pair(scenario)

    def test_a_granted_request_arrives_as_it_was_sent(self, run_pair: Run, grants: Grants) -> None:
        """Method, raw target and headers arrive verbatim; the answer comes back."""

        async def scenario(pair: Any) -> None:
            pair.grant(grants("/m"))
            status, body = await pair.get("/m?x=1", headers="X-Kind: Some Value\r\n")
            assert (status, json.loads(body)["path"]) == (200, "/m?x=1")
            version, method, target, headers = pair.app.seen[0]
            assert (version, method, target) == ("1", "GET", "/m?x=1")
            assert (b"X-Kind", b"Some Value") in headers
            assert (await pair.get("/other"))[0] == 403
            assert (await pair.get("/m", host=pair.server.plane.pod_ip))[0] == 200

        run_pair(scenario)

    def test_the_decision_is_per_request_on_a_kept_alive_connection(self, run_pair: Run, grants: Grants) -> None:
        """Allowed, denied, allowed over one connection; a revocation counts for the next request."""

        async def scenario(pair: Any) -> None:
            pair.grant(grants("/m"))
            reader, writer = await pair.dial(8080)
            statuses = []
            for path in ("/m", "/other", "/m"):
                writer.write(f"GET {path} HTTP/1.1\r\nhost: srv\r\n\r\n".encode())
                statuses.append(await _response(reader))
            pair.grant()
            writer.write(b"GET /m HTTP/1.1\r\nhost: srv\r\n\r\n")
            statuses.append(await _response(reader))
            writer.close()
            assert statuses == [200, 403, 200, 403]

        run_pair(scenario)

    def test_head_and_bodies(self, run_pair: Run, grants: Grants) -> None:
        """HEAD has no body and does not hang; a chunked request body and a large one arrive whole."""

        async def scenario(pair: Any) -> None:
            pair.grant(grants())
            assert await pair.get("/h", method="HEAD") == (200, b"")
            status, body = await pair.get("/big", method="POST", body=b"x" * 3_000_000)
            assert (status, json.loads(body)["size"]) == (200, 3_000_000)
            reader, writer = await pair.dial(8080)
            writer.write(
                b"POST /c HTTP/1.1\r\nhost: s\r\ntransfer-encoding: chunked\r\nconnection: "
                b"close\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
            )
            assert json.loads((await reader.read()).partition(b"\r\n\r\n")[2])["size"] == 5

        run_pair(scenario)

    def test_claims_in_headers_give_no_identity(self, run_pair: Run, grants: Grants) -> None:
        """Only the certificate says who calls."""

        async def scenario(pair: Any) -> None:
            pair.grant(grants(account="b"))
            claim = (
                "x-forwarded-client-cert: URI=spiffe://cluster.local/ns/t1/sa/b\r\nl5d-client-id: "
                "b.t1.serviceaccount.identity\r\n"
            )
            assert (await pair.get("/m", headers=claim))[0] == 403

        run_pair(scenario)

    def test_plaintext_from_outside_is_refused(self, run_pair: Run, grants: Grants) -> None:
        """Whoever does not come through a sidecar has no identity and is denied, by pod IP too."""

        async def scenario(pair: Any) -> None:
            pair.grant(grants())
            reader, writer = await asyncio.open_connection(pair.server.plane.pod_ip, 8080)
            writer.write(b"GET /m HTTP/1.1\r\nhost: srv\r\nconnection: close\r\n\r\n")
            assert (await reader.read()).startswith(b"HTTP/1.1 403")
            writer.close()
            assert pair.app.seen == []

        run_pair(scenario)


async def _response(reader: asyncio.StreamReader) -> int:
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    length = next(
        int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")
    )
    await reader.readexactly(length)
    return int(head.split(b" ", 2)[1])


class TestPods:
    """Grants to a pod, beside those to its account."""

    def test_a_pod_is_let_in_by_itself(self, run_pair: Run, grants: Grants) -> None:
        """A request of the named pod arrives, and none while the grant is another pod's."""

        async def scenario(pair: Any) -> None:
            for pod, status in (("pod/cli", 200), ("pod/other", 403), ("cli", 403)):
                pair.grant(grants("/m", account=pod))
                assert (await pair.get("/m"))[0] == status
            assert len(pair.app.seen) == 1

        run_pair(scenario)

    def test_its_tunnel_is_cut_with_its_grant(self, run_pair: Run) -> None:
        """TCP is opened to the pod, and ends when only another one is granted it."""

        async def scenario(pair: Any) -> None:
            pair.grant(tcp_grant(9000, source="pod/cli"))
            reader, writer = await pair.dial(9000)
            writer.write(b"\0one")
            assert await asyncio.wait_for(reader.readexactly(4), 5) == b"\0one"
            pair.grant(tcp_grant(9000, source="pod/other"))
            assert await asyncio.wait_for(_read_all(reader), 5) == b""
            writer.close()

        run_pair(scenario)


class TestHttp2:
    """HTTP/2 with prior knowledge through both sidecars."""

    def test_streams_are_decided_one_by_one(self, run_pair: Run, grants: Grants) -> None:
        """Interleaved streams of one connection: the granted half arrives as HTTP/2, the rest is denied."""

        async def scenario(pair: Any) -> None:
            pair.grant(grants("/m"))
            paths = ["/m" if i % 2 else "/n" for i in range(20)]
            statuses = await _h2(pair, paths)
            assert statuses == [200 if path == "/m" else 403 for path in paths]
            assert [(seen[0], seen[2]) for seen in pair.app.seen] == [("2", "/m")] * 10

        run_pair(scenario)


async def _h2(pair: Any, paths: list[str]) -> list[int]:
    reader, writer = await pair.dial(8080)
    connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
    connection.initiate_connection()
    for i, path in enumerate(paths):
        connection.send_headers(
            2 * i + 1,
            [(":method", "GET"), (":scheme", "http"), (":authority", "srv"), (":path", path), ("x-n", str(i))],
            end_stream=True,
        )
    writer.write(connection.data_to_send())
    statuses: dict[int, int] = {}
    ended = 0
    while ended < len(paths):
        for event in connection.receive_data(await asyncio.wait_for(reader.read(65536), 5)):
            if isinstance(event, h2.events.ResponseReceived):
                statuses[event.stream_id] = int(
                    next(value for name, value in event.headers if name in (":status", b":status"))
                )
            elif isinstance(event, h2.events.StreamEnded):
                ended += 1
        writer.write(connection.data_to_send())
    writer.close()
    return [statuses[2 * i + 1] for i in range(len(paths))]


class TestTcp:
    """Opaque TCP through both sidecars."""

    def test_bytes_go_both_ways_unchanged(self, run_pair: Run) -> None:
        """Binary bytes, a few megabytes and a half-close arrive as they were sent."""

        async def scenario(pair: Any) -> None:
            pair.grant(tcp_grant(9000))
            reader, writer = await pair.dial(9000)
            payload = bytes(range(256)) * 8000
            writer.write(b"\0\1\2" + payload)
            writer.write_eof()
            assert await asyncio.wait_for(reader.read(), 10) == b"\0\1\2" + payload
            writer.close()

        run_pair(scenario)

    def test_a_silent_client_gets_the_servers_first_bytes(self, run_pair: Run) -> None:
        """On a port of unknown protocol the server may speak first."""

        async def scenario(pair: Any) -> None:
            pair.grant(tcp_grant())
            reader, writer = await pair.dial(9001)
            assert await asyncio.wait_for(reader.readline(), 5) == b"HELLO\n"
            writer.close()

        run_pair(scenario)

    def test_what_is_not_granted_is_cut(self, run_pair: Run, grants: Grants) -> None:
        """No grant, an HTTP grant alone, or another port's grant: the connection closes and nothing arrives."""

        async def scenario(pair: Any) -> None:
            for given in ([], [grants()], [tcp_grant(9001)]):
                pair.grant(*given)
                reader, writer = await pair.dial(9000)
                writer.write(b"NONCE 1\n")
                with_reset = await asyncio.wait_for(_read_all(reader), 5)
                assert with_reset == b""
                writer.close()
            assert pair.app.opaque == []

        run_pair(scenario)

    def test_a_revoked_tunnel_is_cut(self, run_pair: Run) -> None:
        """An open TCP connection ends when its grant does."""

        async def scenario(pair: Any) -> None:
            pair.grant(tcp_grant(9000))
            reader, writer = await pair.dial(9000)
            writer.write(b"\0one")
            assert await asyncio.wait_for(reader.readexactly(4), 5) == b"\0one"
            pair.grant()
            assert await asyncio.wait_for(_read_all(reader), 5) == b""
            writer.close()

        run_pair(scenario)


async def _read_all(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except ConnectionError:
        return b""


class TestUdp:
    """UDP through both sidecars."""

    def test_granted_ports_answer_and_others_do_not(self, run_pair: Run) -> None:
        """Datagrams arrive and are answered with the original source when granted, and vanish otherwise."""

        async def scenario(pair: Any) -> None:
            prefix = socket.inet_aton("127.1.64.9") + (9100).to_bytes(2, "big")
            loop = asyncio.get_running_loop()
            replies: asyncio.Queue[bytes] = asyncio.Queue()

            class Client(asyncio.DatagramProtocol):
                def datagram_received(self, data: bytes, addr: Any) -> None:
                    replies.put_nowait(data)

            transport, _ = await loop.create_datagram_endpoint(Client, remote_addr=(pair.client.plane.pod_ip, 15001))
            pair.grant({**tcp_grant(9100), "tcp": None, "udp": [9100]})
            transport.sendto(prefix + b"granted")
            assert await asyncio.wait_for(replies.get(), 5) == prefix + b"ECHO granted"
            pair.grant({**tcp_grant(source="pod/cli"), "tcp": None, "udp": [9100]})
            transport.sendto(prefix + b"granted")
            assert await asyncio.wait_for(replies.get(), 5) == prefix + b"ECHO granted"
            for given in ([], [{**tcp_grant(9100), "udp": [9101]}], [tcp_grant()]):
                pair.grant(*given)
                transport.sendto(prefix + b"denied")
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(replies.get(), 0.2)
            transport.close()
            assert set(pair.app.datagrams) == {b"granted"}

        run_pair(scenario)
