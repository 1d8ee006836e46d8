"""Decide what the HTTP echo answers to a request, and what the journal keeps of it. Pure."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

from sample_app.http1 import Headers

MAX_DELAY = 60.0
"""Longest `x-smi-delay`, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What to answer: status, headers, body, after `delay` seconds."""

    status: int
    headers: Headers
    body: bytes
    delay: float = 0.0


def header(headers: Headers, name: str) -> str | None:
    """Return the first value of a header, by its name in lower case."""
    return next((value for key, value in headers if key.lower() == name), None)


def echo_reply(*, pod: str, port: int, protocol: str, method: str, path: str, headers: Headers) -> Reply:
    """Answer an echo request as its `x-smi-*` headers ask; 400 where one of them makes no sense."""
    wanted_status, wanted_delay = header(headers, "x-smi-status"), header(headers, "x-smi-delay")
    try:
        status = 200 if wanted_status is None else int(wanted_status)
        delay = 0.0 if wanted_delay is None else float(wanted_delay)
        if not 200 <= status <= 599 or not math.isfinite(delay) or not 0 <= delay <= MAX_DELAY:
            raise ValueError
    except ValueError:
        reason = (
            f"x-smi-status is 200 to 599, x-smi-delay is 0 to {MAX_DELAY} seconds; "
            f"got {wanted_status!r} and {wanted_delay!r}"
        )
        return _reply(400, pod, {"error": reason})
    content = {
        "nonce": header(headers, "x-smi-nonce") or "",
        "pod": pod,
        "port": port,
        "protocol": protocol,
        "method": method,
        "path": path,
    }
    return _reply(status, pod, content, delay)


def health_reply() -> Reply:
    """Answer a readiness probe."""
    return Reply(status=200, headers=[("content-type", "text/plain")], body=b"ok\n")


def _reply(status: int, pod: str, content: dict[str, object], delay: float = 0.0) -> Reply:
    headers = [("content-type", "application/json"), ("x-smi-pod", pod)]
    return Reply(status=status, headers=headers, body=json.dumps(content).encode(), delay=delay)


def is_own_echo(body: bytes, pod: str | None, nonce: str) -> bool:
    """Return whether a response is the echo of `nonce` from a server of ours,
    rather than an error page that reflects headers."""
    if pod is None or not body.startswith(b"{"):
        return False
    try:
        content = json.loads(body)
    except ValueError:
        return False
    return isinstance(content, dict) and content.get("nonce") == nonce and content.get("pod") == pod
