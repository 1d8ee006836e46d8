"""Adding a signature to a report that is already signed: with another key, or keyless. The report is verified first.

With another key the new signature goes into the same envelopes, so that a reader may ask for several keys (`--threshold 2`).
"""

import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from pytest_smi.errors import ReportError
from pytest_smi.reports.folder import read_file
from pytest_smi.reports.policy import Policy
from pytest_smi.reports.verify import verify_report
from pytest_smi.reports.write import ENVELOPES_FILE
from pytest_smi.signing.dsse import Envelope
from pytest_smi.signing.keys import PublicKey
from pytest_smi.signing.signer import Signer
from pytest_smi.signing.sigstore import BUNDLES_FILE, sign_keyless

__all__ = ["countersign", "countersign_keyless"]


def countersign(directory: Path, keys: Sequence[PublicKey], signer: Signer) -> None:
    """Add the signer's signature to every envelope. Raises `VerificationError`, or `ReportError` when it has signed already."""
    envelopes = _verified(directory, keys)
    if any(one.keyid == signer.keyid for envelope in envelopes for one in envelope.signatures):
        raise ReportError(f"a key signs a report once; {signer.fingerprint} has signed it already", "Sign with another key.")
    signed = [
        Envelope(
            payload_type=envelope.payload_type,
            payload=envelope.payload,
            signatures=(*envelope.signatures, *signer.sign(envelope.payload).signatures),
        )
        for envelope in envelopes
    ]
    _replace(directory / ENVELOPES_FILE, b"".join(envelope.to_bytes() + b"\n" for envelope in signed))


def countersign_keyless(directory: Path, keys: Sequence[PublicKey], *, may_ask: bool) -> None:
    """Put Sigstore bundles over the same statements beside the envelopes. Raises as `keyless.sign_keyless`."""
    _replace(directory / BUNDLES_FILE, sign_keyless([envelope.payload for envelope in _verified(directory, keys)], may_ask=may_ask))


def _verified(directory: Path, keys: Sequence[PublicKey]) -> list[Envelope]:
    # Whoever signs says that it is good: not what fails verification, and the very envelopes that were verified.
    before = read_file(directory, ENVELOPES_FILE, 2)
    verify_report(directory, keys, policy=Policy(complete=False))
    if read_file(directory, ENVELOPES_FILE, 2) != before:
        raise ReportError(f"a report must hold still while it is signed; {directory} was changed", "Try again when nothing writes it.")
    return [Envelope.from_bytes(line) for line in before.splitlines()]


def _replace(path: Path, data: bytes) -> None:
    draft = path.with_name(f".smi-staging-{secrets.token_hex(8)}")
    try:
        draft.write_bytes(data)
        os.replace(draft, path)
    except OSError as problem:
        raise ReportError(f"{path} cannot be written: {problem.strerror}", "Make the report folder writable.") from None
    finally:
        draft.unlink(missing_ok=True)
