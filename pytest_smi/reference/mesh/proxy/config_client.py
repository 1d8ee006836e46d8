"""The sidecar's stream from the control plane: prove who the pod is, get its identity, follow the configuration,
answer scrapes."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from pytest_smi.reference.mesh.identity import new_key_request
from pytest_smi.reference.mesh.proxy.dial import CONNECT_SECONDS, open_stream

LINE_LIMIT = 64 * 1024 * 1024
SERVER_NAME = "control-plane.smi-reference.svc"
_FIRST_ANSWER_SECONDS = 10.0


class ConfigError(ConnectionError):
    """The control plane refused this pod or sent what is no configuration; the message says what."""


class ConfigClient:
    """One pod's client; `on_identity(chain, key)` and `on_config(changed, removed,
    whole)` are called as lines come in."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        authority: bytes,
        pod: tuple[str, str],
        token_file: Path,
        on_identity: Callable[[bytes, bytes], Awaitable[None]],
        on_config: Callable[[dict[str, Any], list[str], bool], None],
        export: Callable[[float], list[Any]],
    ) -> None:
        self._host = host
        self._port = port
        self._tls = ssl.create_default_context(cadata=authority.decode("ascii"))
        self._tls.minimum_version = ssl.TLSVersion.TLSv1_3
        self._pod = pod
        self._token_file = token_file
        self._on_identity = on_identity
        self._on_config = on_config
        self._export = export

    async def follow(self) -> None:
        """Follow one connection until it ends.

        OSError, TimeoutError, ConfigError: it cannot be had or was lost; try again later.
        """
        async with asyncio.timeout(CONNECT_SECONDS * 2):
            reader, writer = await open_stream(self._host, self._port, self._tls, SERVER_NAME, LINE_LIMIT)
        try:
            asked = new_key_request()
            hello = {
                "op": "hello",
                "namespace": self._pod[0],
                "pod": self._pod[1],
                "csr": asked.request.decode("ascii"),
            }
            hello["token"] = self._token_file.read_text().strip()
            await _send(writer, hello)
            async with asyncio.timeout(_FIRST_ANSWER_SECONDS):
                first = await _line(reader)
            if first.get("op") != "identity":
                raise ConfigError(f"the control plane refused this pod: {first.get('reason', 'no reason given')}")
            await self._on_identity(first["chain"].encode("ascii"), asked.key)
            whole = True
            # The stream is renewed well before the certificate ends, and with it the certificate.
            async with asyncio.timeout(float(first["renew_seconds"])):
                while True:
                    message = await _line(reader)
                    if message.get("op") == "config":
                        self._on_config(message["set"], message["del"], whole)
                        whole = False
                    elif message.get("op") == "scrape":
                        await _send(
                            writer,
                            {"op": "samples", "id": message["id"], "rows": self._export(float(message["since"]))},
                        )
        finally:
            writer.close()


async def _send(writer: asyncio.StreamWriter, message: dict[str, Any]) -> None:
    writer.write(json.dumps(message, separators=(",", ":")).encode() + b"\n")
    await writer.drain()


async def _line(reader: asyncio.StreamReader) -> dict[str, Any]:
    line = await reader.readline()
    if not line:
        raise ConfigError("the control plane closed the stream")
    try:
        message = json.loads(line)
    except ValueError as error:
        raise ConfigError(f"the control plane sent a line that is no JSON: {error}") from error
    if not isinstance(message, dict):
        raise ConfigError("the control plane sent a line that is no object")
    return message
