"""The stream that every sidecar keeps open: checks who the pod is, issues its identity, pushes its configuration,
asks for samples."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

from pytest_smi.reference.mesh.identity import SVID_LIFETIME, MeshAuthority
from pytest_smi.reference.mesh.snapshot import EMPTY, Snapshot, difference, granted

Key = tuple[str, str]
Review = Callable[[str, str, str], Awaitable[str]]
"""(token, namespace, pod name) -> the pod's service account. PermissionError: the token is not that pod's."""

_HELLO_SECONDS = 10.0
_SCRAPE_SECONDS = 2.0
_LINE_LIMIT = 64 * 1024 * 1024
_MOST_UNSENT = 32 * 1024 * 1024

_log = logging.getLogger("control-plane")


class Stream:
    """One sidecar's stream after its identity is proven."""

    def __init__(self, pod: Key, writer: asyncio.StreamWriter) -> None:
        self.pod = pod
        self.writer = writer
        self.own: dict[str, Any] = {}
        self.waiting: dict[int, asyncio.Future[list[Any]]] = {}

    def send(self, line: bytes) -> None:
        """Write without waiting; a sidecar that does not read is cut off, and will ask anew."""
        if self.writer.transport.get_write_buffer_size() > _MOST_UNSENT:
            self.writer.transport.abort()
        elif not self.writer.is_closing():
            self.writer.write(line)


class ConfigServer:
    """All streams, and the snapshot that they follow."""

    def __init__(self, authority: MeshAuthority, review: Review) -> None:
        self._authority = authority
        self._review = review
        self._streams: set[Stream] = set()
        self._snapshot: Snapshot = EMPTY
        self._numbers = itertools.count(1)

    async def start(self, host: str, port: int, tls: ssl.SSLContext | None) -> asyncio.Server:
        """Listen."""
        return await asyncio.start_server(self._serve, host, port, ssl=tls, limit=_LINE_LIMIT, backlog=256)

    def publish(self, snapshot: Snapshot) -> None:
        """Send every sidecar what has changed for it; nothing to those for whom nothing has."""
        changed, removed = difference(self._snapshot.shared, snapshot.shared)
        self._snapshot = snapshot
        common = _line(changed, removed) if changed or removed else None
        for stream in list(self._streams):
            own = snapshot.own.get(stream.pod)
            if own is not None and own != stream.own:
                mine, _ = difference(stream.own, own)
                stream.own = own
                stream.send(_line({**changed, **mine}, removed))
            elif common is not None:
                stream.send(common)

    async def scrape(self, since: float) -> list[Any]:
        """Return the sample rows of every sidecar since a time (unix seconds);
        one that does not answer in time is left out."""

        async def one(stream: Stream) -> list[Any]:
            number = next(self._numbers)
            future = stream.waiting[number] = asyncio.get_running_loop().create_future()
            stream.send(json.dumps({"op": "scrape", "id": number, "since": since}).encode() + b"\n")
            try:
                async with asyncio.timeout(_SCRAPE_SECONDS):
                    rows: list[Any] = await future
                    return rows
            except (TimeoutError, ConnectionError):
                return []
            finally:
                stream.waiting.pop(number, None)

        rows = await asyncio.gather(*(one(stream) for stream in list(self._streams)))
        return [row for found in rows for row in found]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        stream: Stream | None = None
        try:
            stream = await self._admit(reader, writer)
            if stream is not None:
                await self._listen(stream, reader)
        except (OSError, TimeoutError, ValueError, KeyError, TypeError) as error:
            _log.info("configuration stream ended: %r", error)
        finally:
            if stream is not None:
                self._streams.discard(stream)
                for future in stream.waiting.values():
                    if not future.done():
                        future.set_exception(ConnectionResetError("the sidecar is gone"))
            writer.close()

    async def _admit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Stream | None:
        async with asyncio.timeout(_HELLO_SECONDS):
            hello = json.loads(await reader.readline())
            pod = (str(hello["namespace"]), str(hello["pod"]))
            try:
                account = await self._review(str(hello["token"]), *pod)
                chain = self._authority.issue_workload(str(hello["csr"]).encode("ascii"), (pod[0], account), pod[1])
            except (PermissionError, ValueError) as error:
                writer.write(json.dumps({"op": "refused", "reason": str(error)}).encode() + b"\n")
                await writer.drain()
                _log.warning("refused an identity to %s/%s: %s", *pod, error)
                return None
        renew = SVID_LIFETIME.total_seconds() / 2
        identity = {"op": "identity", "chain": chain.decode("ascii"), "renew_seconds": renew}
        stream = Stream(pod, writer)
        writer.write(json.dumps(identity).encode() + b"\n")
        # From here to the registration nothing waits: no change can fall between the whole and the first difference.
        # A pod whose address the watch has not told yet has its grants all the same.
        early = {
            "self": {"ns": pod[0], "name": pod[1], "sa": account, "ports": []},
            "grants": granted(self._snapshot.grants, pod, account),
        }
        stream.own = self._snapshot.own.get(pod, early)
        stream.send(_line({**self._snapshot.shared, **stream.own}, []))
        self._streams.add(stream)
        return stream

    async def _listen(self, stream: Stream, reader: asyncio.StreamReader) -> None:
        while line := await reader.readline():
            message = json.loads(line)
            future = stream.waiting.get(message.get("id")) if message.get("op") == "samples" else None
            if future is not None and not future.done():
                future.set_result(message["rows"])


def _line(changed: dict[str, Any], removed: list[str]) -> bytes:
    return json.dumps({"op": "config", "set": changed, "del": removed}, separators=(",", ":")).encode() + b"\n"
