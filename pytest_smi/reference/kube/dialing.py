"""How the server reaches webhooks and aggregated servers: the address of their Service,
and TLS as their registration asks for it."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import aiohttp

ResolveService = Callable[[str, str, int], tuple[str, int] | None]
"""Namespace, name and port of a Service to the (ip, port) of something ready behind it; None when there is nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where to connect: `base` without path, `host` is the name that the certificate must be for (None:
    that of the URL)."""

    base: str
    context: ssl.SSLContext
    host: str | None


class Unreachable(Exception):
    """There is nothing to connect to; the text says why."""


@lru_cache(maxsize=64)
def tls_context(ca_pem: str, insecure: bool) -> ssl.SSLContext:
    """Return a client's TLS context that trusts that CA alone, or with `insecure` anyone; no CA means the system's."""
    context = ssl.create_default_context(cadata=ca_pem or None)
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def target_of(config: dict[str, Any], resolve: ResolveService | None, *, insecure: bool = False) -> Target:
    """Return the target of a clientConfig (or an APIService's spec): `url`, or `service` with `caBundle`.

    Raises Unreachable.
    """
    bundle = config.get("caBundle")
    try:
        context = tls_context(base64.b64decode(bundle).decode() if bundle else "", insecure)
    except (ValueError, ssl.SSLError) as error:
        raise Unreachable(f"caBundle holds no certificates: {error}") from None
    if url := config.get("url"):
        return Target(base=str(url), context=context, host=None)
    service = config.get("service") or {}
    namespace, name, port = service.get("namespace", ""), service.get("name", ""), int(service.get("port") or 443)
    address = resolve(namespace, name, port) if resolve else None
    if address is None:
        raise Unreachable(f'no endpoints available for service "{name}" in namespace "{namespace}", port {port}')
    return Target(base=f"https://{address[0]}:{address[1]}", context=context, host=f"{name}.{namespace}.svc")


def new_session() -> aiohttp.ClientSession:
    """Return a session for such connections: nothing from the environment, bodies as they are."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=30), trust_env=False, auto_decompress=False
    )
