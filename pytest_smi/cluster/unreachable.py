"""Says in words why an API server did not answer, or refused the credentials, and what to do about it. Pure."""

from __future__ import annotations

import base64
import ipaddress
import json
import re
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

from pytest_smi.core.redaction import first_line

REFUSED = "is the cluster running, and is the port right? try: kubectl version"
UNKNOWN_NAME = "correct the server in the kubeconfig, or connect to the network (VPN) whose DNS knows the name"
UNTRUSTED = (
    "the kubeconfig's certificate-authority-data must be of this cluster: fetch the kubeconfig again; "
    "or set this machine's clock"
)
SLOW = "check network, VPN and firewall between here and the cluster; try: kubectl version"
BROKEN_HEADER = (
    "the token of the kubeconfig holds what no header may, such as a line break: log in again, or correct its tokenFile"
)
LOG_IN = "log in again, or name another one with --kubeconfig=FILE"


def reason_and_remedy(error: BaseException) -> tuple[str, str]:
    """Return why there was no answer, as one short sentence without the host's name, and what to do."""
    chain = list(_causes(error))
    text = " ".join(str(part) for part in chain)
    if any(isinstance(part, ssl.SSLError) for part in chain) or "CERTIFICATE" in text or "WRONG_VERSION_NUMBER" in text:
        return _certificate(text), UNTRUSTED
    if any(isinstance(part, socket.gaierror) for part in chain) or "resolve" in text:
        return "its name is not known to DNS", UNKNOWN_NAME
    if any(isinstance(part, ConnectionRefusedError) for part in chain) or "Connection refused" in text:
        return "the connection was refused, nothing listens there", REFUSED
    if any(isinstance(part, TimeoutError) for part in chain) or "timed out" in text:
        return "it did not answer in time", SLOW
    if any(isinstance(part, ConnectionError) for part in chain):
        return f"the connection broke: {first_line(chain[-1])}", SLOW
    return first_line(error), BROKEN_HEADER if "Invalid header value" in text else REFUSED


def is_loopback(url: str) -> bool:
    """Return whether the URL's host is this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def without_credentials(url: str) -> str:
    """Return a URL without the user name and password that may stand in it."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def expiry(token: str) -> datetime | None:
    """Return when a bearer token that is a JWT ends, as it says itself; None for any other token.

    Nothing is verified.
    """
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return datetime.fromtimestamp(float(claims["exp"]), UTC)
    except (ValueError, KeyError, TypeError, OverflowError, OSError):
        return None


def refusal(authorization: str, now: datetime) -> str:
    """Say why credentials may have been refused: an expired token says so itself.

    `authorization`: the header's value.
    """
    ended = expiry(authorization.removeprefix("Bearer ").strip()) if authorization.startswith("Bearer ") else None
    if ended is not None and ended < now:
        return f"the token expired at {ended:%Y-%m-%dT%H:%M:%SZ}"
    return "they are wrong, revoked or of another cluster"


def _certificate(text: str) -> str:
    if "WRONG_VERSION_NUMBER" in text or "record layer" in text:
        return "it does not speak TLS there"
    why = re.search(r"certificate verify failed: ([^(]+?)\s*\(", text)
    return f"its certificate is not trusted: {why[1] if why else 'TLS failed'}"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        # urllib3 keeps the cause of a failed attempt in an attribute of its own.
        reason = getattr(error, "reason", None)
        error = reason if isinstance(reason, BaseException) else error.__cause__ or error.__context__
