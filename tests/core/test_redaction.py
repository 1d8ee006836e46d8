"""Tests of the one place that takes credentials out of the words of libraries."""

import pytest

from pytest_smi.core.redaction import first_line, without_credentials

SECRET = "s3cr3t-hunter2-xyz"
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtZSJ9.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    "text",
    [
        f"Invalid header value b'Bearer {SECRET}\\n'",
        f"Invalid header value b'Bearer {SECRET}\\nmore {SECRET}'",
        f"refused: Authorization: Bearer {SECRET}",
        f"refused: Basic {SECRET}",
        f"HTTPSConnectionPool(host='x'): https://me:{SECRET}@proxy.example:3128/ failed",
        f"exec plugin: --token={SECRET} is not known",
        f'{{"access_token": "{SECRET}", "expires_in": 3}}',
        f"GET /x?client_secret={SECRET}&y=1",
        f"password: {SECRET}",
        f"-----BEGIN EC PRIVATE KEY-----\n{SECRET}\n-----END EC PRIVATE KEY-----",
        f"-----BEGIN PRIVATE KEY-----\n{SECRET}",
    ],
)
def test_secrets_are_taken_out(text: str) -> None:
    """Tokens, passwords and keys, however the library puts them."""
    assert SECRET not in without_credentials(text)


def test_a_token_is_known_by_its_form() -> None:
    """A JWT is taken out wherever it stands."""
    assert without_credentials(f"cannot parse {TOKEN}: bad") == "cannot parse …: bad"


@pytest.mark.parametrize(
    "text",
    [
        "the token expired at 2026-01-01T00:00:00Z",
        "[Errno 111] Connection refused",
        "certificate verify failed: self-signed certificate (_ssl.c:1006)",
        "https://kubernetes.example:6443/apis cannot be reached",
        "Invalid kube-config file. Expected key current-context in /home/me/.kube/config",
    ],
)
def test_other_words_stay(text: str) -> None:
    """A cause that holds no secret is not touched."""
    assert without_credentials(text) == text


def test_first_line() -> None:
    """One bounded line, or the kind of the error when it says nothing;
    a secret on a later line does not help to hide one."""
    assert first_line(ValueError(f"Bearer {SECRET}\nmore")) == "Bearer …"
    assert first_line(ValueError()) == "ValueError"
    assert len(first_line(ValueError("x" * 1000))) == 300
