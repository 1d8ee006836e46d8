"""A small Kubernetes client for the control plane: JSON requests and watches over one aiohttp session."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp

_TIMEOUT = aiohttp.ClientTimeout(total=15)
WATCH_SECONDS = 300
_LINE_LIMIT = 16 * 1024 * 1024


class KubeError(Exception):
    """The API server answered with an error; `code` is the HTTP status."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class KubeClient:
    """Talks to the API server as this pod's ServiceAccount."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        folder = Path(environment["SERVICEACCOUNT_DIR"])
        self._token_file = folder / "token"
        self._base = f"https://{environment['KUBERNETES_SERVICE_HOST']}:{environment['KUBERNETES_SERVICE_PORT']}"
        self._tls = ssl.create_default_context(cafile=str(folder / "ca.crt"))
        self._session: aiohttp.ClientSession | None = None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(ssl=self._tls, limit=0)
            self._session = aiohttp.ClientSession(self._base, connector=connector, read_bufsize=_LINE_LIMIT)
        return self._session

    def _headers(self, content_type: str = "application/json") -> dict[str, str]:
        # The token is read each time: it is renewed on disk.
        return {"Authorization": f"Bearer {self._token_file.read_text().strip()}", "Content-Type": content_type}

    async def request(self, method: str, path: str, body: Any = None, *, content_type: str = "application/json") -> Any:
        """Return one request. KubeError: an error status; aiohttp.ClientError, TimeoutError: no answer."""
        data = None if body is None else json.dumps(body)
        async with self._open().request(
            method, path, data=data, headers=self._headers(content_type), timeout=_TIMEOUT
        ) as response:
            text = await response.text()
            if response.status >= 400:
                raise KubeError(response.status, text[:300])
            return json.loads(text) if text else None

    async def watch(self, path: str, version: str) -> AsyncIterator[dict[str, Any]]:
        """Events of a collection after a resourceVersion, until the server ends the watch."""
        query = {"watch": "1", "resourceVersion": version, "timeoutSeconds": str(WATCH_SECONDS)}
        timeout = aiohttp.ClientTimeout(total=WATCH_SECONDS + 30, sock_connect=10)
        async with self._open().get(path, params=query, headers=self._headers(), timeout=timeout) as response:
            if response.status >= 400:
                raise KubeError(response.status, (await response.text())[:300])
            async for line in response.content:
                if line.strip():
                    yield json.loads(line)

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()
