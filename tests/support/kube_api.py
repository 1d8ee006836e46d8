"""A plain HTTP client of a Kubernetes API for tests: kubeconfig in, whole answers out (status, headers, body),
watches and exec streams."""

import asyncio
import base64
import contextlib
import json
import ssl
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import httpx
import yaml

Object = dict[str, Any]
T = TypeVar("T")
WAIT = 30.0
MERGE, JSON_PATCH = "application/merge-patch+json", "application/json-patch+json"
STRATEGIC, APPLY = "application/strategic-merge-patch+json", "application/apply-patch+yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the server said."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def message(self) -> str:
        """The text of a Status, or of an answer that is none."""
        return str(self.body.get("message", "")) if isinstance(self.body, dict) else str(self.body)

    @property
    def reason(self) -> str:
        """The reason of a Status."""
        return str(self.body.get("reason", "")) if isinstance(self.body, dict) else ""

    @property
    def causes(self) -> list[tuple[str, str, str]]:
        """(field, reason, message) of every cause of a Status."""
        causes = (self.body.get("details") or {}).get("causes") or []
        return [(cause.get("field", ""), cause.get("reason", ""), cause.get("message", "")) for cause in causes]

    def ok(self) -> Object:
        """The body of a success; fails the test when it was none."""
        assert 200 <= self.status < 300, f"{self.status}: {self.message}"
        body: Object = self.body
        return body


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecResult:
    """What came out of an exec: bytes per channel, the closing Status, the protocol chosen."""

    protocol: str | None
    output: Mapping[int, bytes]
    first: bytes

    @property
    def status(self) -> Object:
        """The Status of channel 3."""
        parsed: Object = json.loads(self.output[3])
        return parsed

    @property
    def stdout(self) -> str:
        """Standard output as text."""
        return self.output.get(1, b"").decode()


def until(condition: Callable[[], T | None], what: str, deadline: float = WAIT) -> T:
    """The first true value of `condition()`; fails the test, naming `what`,
    when there is none in `deadline` seconds."""
    end, pause = time.monotonic() + deadline, 0.01
    while not (value := condition()):
        assert time.monotonic() < end, f"timed out after {deadline:g} s waiting until {what}"
        time.sleep(pause)
        pause = min(pause * 1.5, 0.25)
    return value


def until_answer(ask: Callable[[], Answer], accept: Callable[[Answer], bool], what: str) -> Answer:
    """The first answer that `accept` takes."""

    def accepted() -> Answer | None:
        answer = ask()
        return answer if accept(answer) else None

    return until(accepted, what)


class Api:
    """One API server as the user of a kubeconfig, or as the bearer of `token` ("" for nobody)."""

    def __init__(self, kubeconfig: Path, *, token: str | None = None) -> None:
        self.kubeconfig = kubeconfig
        config = yaml.safe_load(kubeconfig.read_text())
        context = next(c["context"] for c in config["contexts"] if c["name"] == config["current-context"])
        cluster = next(c["cluster"] for c in config["clusters"] if c["name"] == context["cluster"])
        user = next(u["user"] for u in config["users"] if u["name"] == context["user"])
        self.url: str = cluster["server"]
        self.ca_pem = _content(cluster, "certificate-authority").decode()
        self.ssl = ssl.create_default_context(cadata=self.ca_pem)
        self.headers = {"Accept": "application/json"}
        bearer = user.get("token", "") if token is None else token
        if bearer:
            self.headers["Authorization"] = f"Bearer {bearer}"
        if token is None and ("client-certificate-data" in user or "client-certificate" in user):
            _load_pair(self.ssl, _content(user, "client-certificate"), _content(user, "client-key"))
        self._http = httpx.Client(
            base_url=self.url, verify=self.ssl, headers=self.headers, timeout=WAIT, trust_env=False
        )

    def as_token(self, token: str) -> "Api":
        """The same server, asked by the bearer of a token."""
        return Api(self.kubeconfig, token=token)

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        content_type: str = "application/json",
    ) -> Answer:
        """Send one request; any status is an answer."""
        content = body if isinstance(body, str | bytes) else None if body is None else json.dumps(body)
        sent = {"Content-Type": content_type, **(headers or {})} if content is not None else dict(headers or {})
        got = self._http.request(method, path, params=query or None, headers=sent, content=content)
        try:
            parsed = got.json()
        except ValueError:
            parsed = got.text
        return Answer(status=got.status_code, body=parsed, headers=got.headers)

    def get(self, path: str, **query: str) -> Answer:
        """Read."""
        return self.request("GET", path, query=query)

    def post(self, path: str, body: Any, **query: str) -> Answer:
        """Create."""
        return self.request("POST", path, body, query=query)

    def put(self, path: str, body: Any, **query: str) -> Answer:
        """Replace."""
        return self.request("PUT", path, body, query=query)

    def patch(self, path: str, body: Any, kind: str = MERGE, **query: str) -> Answer:
        """Change by a patch of that media type."""
        return self.request("PATCH", path, body, query=query, content_type=kind)

    def delete(self, path: str, body: Any = None, **query: str) -> Answer:
        """Delete."""
        return self.request("DELETE", path, body, query=query)

    @contextlib.contextmanager
    def watch(self, path: str, **query: str) -> Iterator[Iterator[Object]]:
        """Open a watch; iterate its events as they come. The server ends it after 20 s unless told otherwise."""
        with self._http.stream("GET", path, params={"watch": "true", "timeoutSeconds": "20", **query}) as answer:
            assert answer.status_code == 200, answer.read()
            yield (json.loads(line) for line in answer.iter_lines() if line)

    def exec(
        self,
        namespace: str,
        pod: str,
        command: Sequence[str],
        *,
        frames: Sequence[bytes] = (),
        protocol: str = "v4.channel.k8s.io",
        container: str | None = None,
        close_after: Callable[[Mapping[int, bytes]], bool] | None = None,
    ) -> ExecResult:
        """Run a command in a pod over a WebSocket, send `frames`, collect what comes until the server closes or
        `close_after` holds."""
        query = [("command", word) for word in command] + [("stdout", "true"), ("stderr", "true")]
        query += [("stdin", "true")] if frames else []
        query += [("container", container)] if container else []
        return asyncio.run(
            self._exec(f"/api/v1/namespaces/{namespace}/pods/{pod}/exec", query, frames, protocol, close_after)
        )

    async def _exec(
        self,
        path: str,
        query: list[tuple[str, str]],
        frames: Sequence[bytes],
        protocol: str,
        close_after: Callable[[Mapping[int, bytes]], bool] | None,
    ) -> ExecResult:
        received: dict[int, bytes] = {}
        first = b""
        # A kubelet answers 406 to an exec that accepts JSON alone.
        headers = {name: value for name, value in self.headers.items() if name != "Accept"}
        async with asyncio.timeout(WAIT), aiohttp.ClientSession() as session:
            headers = {
                **self.headers,
                "Accept": "*/*",
            }  # a real API server refuses exec that accepts nothing but JSON: 406
            connection = session.ws_connect(
                self.url + path, params=query, protocols=[protocol], headers=headers, ssl=self.ssl
            )
            async with connection as socket:
                for frame in frames:
                    await socket.send_bytes(frame)
                async for message in socket:
                    first = first or message.data
                    received[message.data[0]] = received.get(message.data[0], b"") + message.data[1:]
                    if close_after is not None and close_after(received):
                        break
                return ExecResult(protocol=socket.protocol, output=received, first=first)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


def _content(record: Mapping[str, str], name: str) -> bytes:
    data = record.get(f"{name}-data")
    return base64.b64decode(data) if data else Path(record[name]).read_bytes()


def _load_pair(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        pair = Path(folder, "pair.pem")
        pair.touch(mode=0o600)
        pair.write_bytes(certificate + b"\n" + key)
        context.load_cert_chain(pair)
