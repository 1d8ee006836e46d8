"""Why an API server was not reached, in words."""

import base64
import json
import socket
import ssl
from datetime import UTC, datetime

import pytest

from pytest_smi.cluster.unreachable import expiry, reason_and_remedy, refusal

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def a_token(claims: object) -> str:
    """A JWT with these claims; its signature is of no interest."""
    middle = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{middle}.sig"


def wrapped(cause: BaseException) -> BaseException:
    """An error of a library around the cause, as urllib3 makes it."""
    outer = RuntimeError("Max retries exceeded")
    outer.reason = cause  # type: ignore[attr-defined]
    return outer


@pytest.mark.parametrize(
    ("cause", "reason", "remedy"),
    [
        (ConnectionRefusedError(111, "Connection refused"), "refused", "running"),
        (socket.gaierror(-2, "Name or service not known"), "not known to DNS", "VPN"),
        (
            ssl.SSLCertVerificationError(1, "certificate verify failed: certificate has expired (_ssl.c:1)"),
            "certificate has expired",
            "clock",
        ),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number"), "does not speak TLS", "kubeconfig"),
        (TimeoutError("timed out"), "did not answer in time", "firewall"),
        (ConnectionResetError(104, "Connection reset by peer"), "broke", "network"),
        (ValueError("Invalid header value b'Bearer secret\\n'"), "HTTP does not allow", "tokenFile"),
        (ValueError("something else\nsecond line"), "something else", "kubectl version"),
    ],
)
def test_cause_is_found_below_the_library(cause: BaseException, reason: str, remedy: str) -> None:
    """The first cause decides, however deep it is, and each has a remedy of its own."""
    for error in (cause, wrapped(cause)):
        if isinstance(cause, ValueError) and error is not cause:
            continue  # an unknown cause is told by the outermost words
        told, to_do = reason_and_remedy(error)
        assert reason in told
        assert remedy in to_do
        assert "\n" not in told


def test_expired_token_says_so() -> None:
    """A token that is a JWT tells its own end; nothing of it is shown."""
    token = a_token({"exp": NOW.timestamp() - 60})

    assert refusal(f"Bearer {token}", NOW) == "the token expired at 2026-01-01T23:59:00Z"
    assert expiry(token) is not None


@pytest.mark.parametrize(
    "token", ["opaque", "a.b.c", a_token({}), a_token({"exp": "x"}), a_token([]), a_token({"exp": 4e18})]
)
def test_other_tokens_tell_nothing(token: str) -> None:
    """Whatever is no JWT with an end is refused for reasons unknown."""
    assert expiry(token) is None
    assert "wrong, revoked" in refusal(f"Bearer {token}", NOW)


def test_token_that_is_still_good_is_not_called_expired() -> None:
    """It may be of another cluster."""
    assert "wrong, revoked" in refusal(f"Bearer {a_token({'exp': NOW.timestamp() + 60})}", NOW)
