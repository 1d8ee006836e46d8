"""Parse the prober's plan lines, strictly: a line that does not say what is meant is refused, with the field's name.

Pure.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sample_app.errors import PlanError
from sample_app.http1 import Headers

MAX_REQUESTS = 5_000
"""Most requests of one line."""
MAX_BODY = 16_384
"""Longest request body, in bytes."""
MAX_PAYLOAD = 16_777_216
"""Most bytes that a TCP exchange carries each way."""
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_TARGET = re.compile(r"[!-~]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_NONCE = re.compile(r"[A-Za-z0-9._-]{1,120}")
_HOST = re.compile(r"[!-~]{1,255}")
_OWN_HEADERS = {"x-smi-nonce", "host", "content-length", "transfer-encoding"}
_HOP_HEADERS = {"connection", "keep-alive", "proxy-connection", "upgrade", "te"}
_FIELDS = frozenset(
    [
        "op",
        "id",
        "kind",
        "host",
        "port",
        "address",
        "version",
        "connection",
        "repeat",
        "concurrency",
        "interval",
        "timeout",
        "nonce",
        "requests",
        "mode",
        "line",
        "payload",
    ]
)
_REQUEST_FIELDS = frozenset({"method", "path", "headers", "body", "host_header"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSpec:
    """One HTTP request of a plan; its nonce is added when it is sent."""

    method: str = "GET"
    path: str = "/"
    headers: Headers
    body: bytes | None = None
    authority: str
    """The Host header, or `:authority`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One plan line: `count` requests, request i being `requests[i % len(requests)]`. Times in seconds."""

    id: str
    kind: str
    host: str
    port: int
    address: str | None
    version: str
    reuse: bool
    count: int
    concurrency: int
    interval: float
    timeout: float
    nonce: str
    requests: tuple[RequestSpec, ...]
    """Empty for TCP and UDP."""
    server_first: bool
    line: str
    """Name of the connection that the requests share and that stays open after them; empty: none."""
    payload: int
    """TCP: bytes to send after the nonce, on a connection of its own, and to get back; 0: none."""


def parse_plan(line: Mapping[str, Any]) -> Plan:
    """Read a `probe` line. Raises PlanError."""
    _known(line, _FIELDS, "plan line")
    kind = _choice(line, "kind", ("http", "tcp", "udp"), None)
    host = _text(line, "host", _HOST)
    port = _integer(line, "port", 1, 65_535, None)
    version = _choice(line, "version", ("1.1", "2"), "1.1")
    repeat = _integer(line, "repeat", 1, MAX_REQUESTS, 1)
    given = line.get("requests") or ([{}] if kind == "http" else [])
    if not isinstance(given, list):
        raise PlanError("requests is a list of objects")
    specs = (
        tuple(_request(item, f"requests[{i}]", host, port, version) for i, item in enumerate(given))
        if kind == "http"
        else ()
    )
    count = repeat * max(1, len(given))
    if count > MAX_REQUESTS:
        raise PlanError(f"a line has at most {MAX_REQUESTS} requests; got {count}: send several lines")
    address = line.get("address")
    connection = _choice(line, "connection", ("fresh", "reuse", "kept"), "fresh")
    return Plan(
        id=plan_id(line),
        kind=kind,
        host=host,
        port=port,
        address=None if address is None else _text(line, "address", _HOST),
        version=version,
        reuse=connection != "fresh",
        count=count,
        concurrency=_integer(line, "concurrency", 1, 512, 1),
        interval=_number(line, "interval", 0.0, 60.0, 0.0),
        timeout=_number(line, "timeout", 0.001, 300.0, 2.0),
        nonce=_text(line, "nonce", _NONCE),
        requests=specs,
        server_first=_choice(line, "mode", ("client-first", "server-first"), "client-first") == "server-first",
        line=_text(line, "line", _NONCE) if connection == "kept" else "",
        payload=_payload(line, kind),
    )


def _payload(line: Mapping[str, Any], kind: str) -> int:
    size = _integer(line, "payload", 0, MAX_PAYLOAD, 0)
    if size and (kind != "tcp" or line.get("connection", "fresh") != "fresh"):
        raise PlanError("payload is for TCP on fresh connections: the exchange ends its connection")
    return size


def plan_id(line: Mapping[str, Any]) -> str:
    """Return the id that the answer carries. Raises PlanError."""
    value = line.get("id")
    if not isinstance(value, str) or not value:
        raise PlanError(f"id is a text that is not empty; got {value!r}")
    return value


def line_of(line: Mapping[str, Any]) -> str:
    """Return the name of the connection that a `drop` line is about. Raises PlanError."""
    return _text(line, "line", _NONCE)


def host_of(line: Mapping[str, Any]) -> str:
    """Return the host of a `resolve` line. Raises PlanError."""
    return _text(line, "host", _HOST)


def _request(item: Any, where: str, host: str, port: int, version: str) -> RequestSpec:
    if not isinstance(item, dict):
        raise PlanError(f"{where} is an object; got {item!r}")
    _known(item, _REQUEST_FIELDS, where)
    authority = item.get("host_header")
    if authority is None:
        authority = host if port == 80 else f"{host}:{port}"
    elif not isinstance(authority, str) or _HOST.fullmatch(authority) is None:
        raise PlanError(f"{where}.host_header is a host, with or without a port; got {authority!r}")
    body = item.get("body")
    if body is not None and not isinstance(body, str):
        raise PlanError(f"{where}.body is a text or null; got {body!r}")
    content = None if body is None else body.encode()
    if content is not None and len(content) > MAX_BODY:
        raise PlanError(f"{where}.body has at most {MAX_BODY} bytes; got {len(content)}")
    return RequestSpec(
        method=_text(item, "method", _TOKEN, "GET", where),
        path=_text(item, "path", _TARGET, "/", where),
        headers=_headers(item.get("headers"), f"{where}.headers", version),
        body=content,
        authority=authority,
    )


def _headers(value: Any, where: str, version: str) -> Headers:
    headers: Headers = []
    refused = _OWN_HEADERS if version == "1.1" else _OWN_HEADERS | _HOP_HEADERS
    for pair in value or []:
        if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(part, str) for part in pair):
            raise PlanError(f"{where} is a list of [name, value]; got {pair!r}")
        name, text = pair
        if _TOKEN.fullmatch(name) is None or _VALUE.fullmatch(text) is None:
            raise PlanError(f"{where}: not a header: {pair!r}")
        if name.lower() in refused:
            raise PlanError(
                f"{where}: {name} cannot be given in HTTP/{version}: the prober sets it itself (host_header sets Host)"
            )
        headers.append((name.lower() if version == "2" else name, text.strip(" \t")))
    return headers


def _known(record: Mapping[str, Any], fields: frozenset[str], where: str) -> None:
    unknown = sorted(set(record) - fields)
    if unknown:
        raise PlanError(f"{where}: unknown {', '.join(unknown)}; known: {', '.join(sorted(fields))}")


def _choice(record: Mapping[str, Any], name: str, allowed: tuple[str, ...], default: str | None) -> str:
    value = record.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, str) or value not in allowed:
        raise PlanError(f"{name} is one of {', '.join(allowed)}; got {value!r}")
    return value


def _text(
    record: Mapping[str, Any], name: str, pattern: re.Pattern[str], default: str | None = None, where: str = ""
) -> str:
    value = record.get(name, default)
    if not isinstance(value, str) or pattern.fullmatch(value) is None:
        raise PlanError(f"{where + '.' if where else ''}{name} has the form {pattern.pattern}; got {value!r}")
    return value


def _integer(record: Mapping[str, Any], name: str, least: int, most: int, default: int | None) -> int:
    value = record.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise PlanError(f"{name} is a whole number from {least} to {most}; got {value!r}")
    return value


def _number(record: Mapping[str, Any], name: str, least: float, most: float, default: float) -> float:
    value = record.get(name, default)
    if (
        not isinstance(value, int | float)
        or isinstance(value, bool)
        or not math.isfinite(value)
        or not least <= value <= most
    ):
        raise PlanError(f"{name} is a number of seconds from {least} to {most}; got {value!r}")
    return float(value)
