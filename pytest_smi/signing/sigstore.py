"""Keyless signatures through Sigstore: who signed is an identity (of a person, or of a CI workflow) instead of a key.

An optional extra: without `pytest-smi[sigstore]`, or without a way to Sigstore's services,
each function here raises an error that says so.
The bundles lie beside the keyed envelopes, one line for each, and are over the very same statements.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pytest_smi.core.redaction import first_line
from pytest_smi.errors import ReportError, UsageProblem, VerificationError
from pytest_smi.signing.dsse import PAYLOAD_TYPE

__all__ = ["BUNDLES_FILE", "sign_keyless", "verify_keyless"]

BUNDLES_FILE = "matrix.sigstore.jsonl"
"""Sigstore bundles, one per line, in the order of the envelopes."""


def sign_keyless(payloads: Sequence[bytes], *, may_ask: bool) -> bytes:
    """Sign statements with the identity of this CI job, or (if `may_ask`) of the person at the browser;
    the bytes of `BUNDLES_FILE`.

    Raises `UsageProblem` without the extra or an identity, `ReportError` when Sigstore cannot be reached or refuses.
    """
    models, sign, oidc, dsse = (_module(name) for name in ("models", "sign", "oidc", "dsse"))
    with _services():
        config = models.ClientTrustConfig.production()
        raw = oidc.detect_credential()
        if raw is None and not may_ask:
            raise UsageProblem(
                "keyless signing needs an identity; this is neither a CI job that offers one nor a terminal",
                "Give the job permission to ask for an identity token (GitHub: `id-token: write`), or sign with a key.",
            )
        token = (
            oidc.IdentityToken(raw)
            if raw is not None
            else oidc.Issuer(config.signing_config.get_oidc_url()).identity_token()
        )
        with sign.SigningContext.from_trust_config(config).signer(token) as signer:
            bundles = [signer.sign_dsse(dsse.Statement(payload)).to_json() for payload in payloads]
    return b"".join(" ".join(str(bundle).split("\n")).encode() + b"\n" for bundle in bundles)


def verify_keyless(data: bytes, *, identity: str, issuer: str, offline: bool = False) -> list[bytes]:
    """Return the payloads of bundles that this identity, as this issuer knows it,
    has signed and the public log has seen.

    `offline` uses the trusted root that was fetched last. Raises `VerificationError`, or as `sign_keyless`.
    """
    models, verify, policy, errors = (_module(name) for name in ("models", "verify", "verify.policy", "errors"))
    with _services():
        verifier = verify.Verifier.production(offline=offline)
    wanted = policy.Identity(identity=identity, issuer=issuer)
    payloads = []
    for number, line in enumerate(data.splitlines(), 1):
        try:
            kind, payload = verifier.verify_dsse(models.Bundle.from_json(line), wanted)
        except (errors.Error, ValueError) as error:
            raise _refused(f"line {number} of {BUNDLES_FILE}: {_first_line(error)}") from None
        if kind != PAYLOAD_TYPE:
            raise _refused(f"line {number} of {BUNDLES_FILE}: the payload type must be {PAYLOAD_TYPE}; found {kind!r}")
        payloads.append(bytes(payload))
    return payloads


def _module(name: str) -> Any:
    try:
        return importlib.import_module(f"sigstore.{name}")
    except ImportError:
        raise UsageProblem(
            "keyless signatures need the optional extra 'sigstore', which is not installed",
            "Run: pip install 'pytest-smi[sigstore]'",
        ) from None


@contextmanager
def _services() -> Iterator[None]:
    errors, oidc = _module("errors"), _module("oidc")
    try:
        yield
    # OSError: the errors of the HTTP library are of that kind.
    except (errors.Error, oidc.IssuerError, OSError) as error:
        raise ReportError(
            f"keyless signatures need Sigstore's services; they cannot be reached, or refused: {_first_line(error)}",
            "Go online and try again, or use a key, which needs nobody: --signing-key FILE.",
        ) from None


def _first_line(error: BaseException) -> str:
    return first_line(error if str(error).strip() else error.__cause__ or error)


def _refused(what: str) -> VerificationError:
    return VerificationError(what, "Check identity and issuer, and get the report again from where it was made.")
