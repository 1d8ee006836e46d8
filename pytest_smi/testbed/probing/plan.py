"""What to send: calls, and the plan lines that a prober understands. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request template."""

    method: str = "GET"
    path: str = "/"
    headers: Headers = ()
    body: str | None = None
    host_header: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Traffic from a pod to a server: who, where, what. One call is probed many times, each time with its own nonce."""

    source: str
    """Key of the client pod: `namespace/pod`."""
    client: str
    """The client's name for people: `cli-a`."""
    server: str
    """Key of the workload whose journal is asked: `namespace/name`."""
    host: str
    port: int
    address: str | None = None
    """Where to connect instead of resolving `host`: a pod's IP."""
    outside: bool = False
    """Whether the client is outside the mesh."""
    account: str = ""
    """The client's ServiceAccount, `namespace/name`; empty where nothing is to be said of it."""
    server_account: str = ""
    """The server's ServiceAccount; empty where several stand behind one Service."""
    kind: str = "http"
    """http, tcp or udp."""
    version: str = "1.1"
    mode: str = "client-first"
    """Who speaks first on raw TCP: client-first or server-first."""
    payload: int = 0
    """Bytes that a raw TCP connection carries each way after the nonce; they must come back as they were sent."""
    connection: str = "fresh"
    """fresh: a connection per request; reuse: one for all."""
    requests: tuple[Request, ...] = field(default_factory=lambda: (Request(),))

    @property
    def label(self) -> str:
        """The call in words, for reasons and evidence: `cli-a GET srv.t1:8080/m`."""
        target = self.address or self.host
        if self.kind != "http":
            load = f" with {self.payload} bytes both ways" if self.payload else ""
            return f"{self.client} {self.kind.upper()} {target}:{self.port}{load}"
        request = self.requests[0]
        headers = "".join(f" {name}: {value}" for name, value in request.headers)
        several = f" (+{len(self.requests) - 1} more)" if len(self.requests) > 1 else ""
        protocol = " over HTTP/2" if self.version == "2" else ""
        return f"{self.client} {request.method} {target}:{self.port}{request.path}{headers}{several}{protocol}"

    def with_headers(self, *headers: tuple[str, str]) -> Call:
        """Return the same call with further headers on every request."""
        return replace(self, requests=tuple(replace(r, headers=r.headers + headers) for r in self.requests))

    def with_host_header(self, value: str) -> Call:
        """Return the same call with this Host header, sent as it is."""
        return replace(self, requests=tuple(replace(r, host_header=value) for r in self.requests))

    def from_pod(self, key: str) -> Call:
        """Return the same call sent by another pod of the client, `namespace/pod`: calls are made from its first."""
        return replace(self, source=key, client=f"{self.client} pod {key.partition('/')[2]}")

    def with_version(self, version: str) -> Call:
        """Return the same call over another HTTP version: 1.1 or 2."""
        return replace(self, version=version)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeBatch:
    """A number of probes of one call, as one plan line."""

    call: Call
    repeat: int
    nonce: str
    timeout: float
    concurrency: int = 1
    interval: float = 0.0
    line: str = ""
    """Name of a connection of the client's that stays open after the batch, and is never opened twice; empty: none."""

    @property
    def nonces(self) -> list[str]:
        """The nonce of every request, in order."""
        return [f"{self.nonce}-{i}" for i in range(self.repeat * len(self.call.requests))]

    def to_json(self) -> dict[str, Any]:
        """Return the plan line (without `id`)."""
        call = self.call
        line: dict[str, Any] = {
            "op": "probe",
            "kind": call.kind,
            "host": call.host,
            "port": call.port,
            "address": call.address,
            "connection": "kept" if self.line else call.connection,
            "repeat": self.repeat,
            "concurrency": self.concurrency,
            "interval": self.interval,
            "timeout": self.timeout,
            "nonce": self.nonce,
        }
        if self.line:
            line["line"] = self.line
        if call.kind == "http":
            line["version"] = call.version
            line["requests"] = [
                {
                    "method": r.method,
                    "path": r.path,
                    "headers": [list(pair) for pair in r.headers],
                    "body": r.body,
                    "host_header": r.host_header,
                }
                for r in call.requests
            ]
        elif call.kind == "tcp":
            line["mode"] = call.mode
            if call.payload:
                line["payload"] = call.payload
        return line
