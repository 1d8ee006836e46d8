"""Adding a signature to a report that is already signed: with another key, or keyless. The report is verified first.

With another key the new signature goes into the same envelopes, so that a reader may ask for several keys (`--threshold
2`).
"""

from collections.abc import Sequence
from pathlib import Path

from pytest_smi.errors import ReportError
from pytest_smi.reports.folder import read_folder
from pytest_smi.reports.layout import BUNDLES_FILE, ENVELOPES_FILE
from pytest_smi.reports.policy import Policy
from pytest_smi.reports.staging import replace_files
from pytest_smi.reports.verify import verify_report
from pytest_smi.signing.dsse import Envelope
from pytest_smi.signing.keys import PublicKey
from pytest_smi.signing.signer import Signer
from pytest_smi.signing.sigstore import sign_keyless

__all__ = ["countersign", "countersign_keyless"]


def countersign(directory: Path, keys: Sequence[PublicKey], signer: Signer) -> None:
    """Add the signer's signature to every envelope.

    Raises `VerificationError`, or `ReportError` when it has signed already.
    """
    envelopes = _verified(directory, keys)
    if any(one.keyid == signer.keyid for envelope in envelopes for one in envelope.signatures):
        raise ReportError(
            f"a key signs a report once; {signer.fingerprint} has signed it already", "Sign with another key."
        )
    signed = [
        Envelope(
            payload_type=envelope.payload_type,
            payload=envelope.payload,
            signatures=(*envelope.signatures, *signer.sign(envelope.payload).signatures),
        )
        for envelope in envelopes
    ]
    _replace(directory, ENVELOPES_FILE, b"".join(envelope.to_bytes() + b"\n" for envelope in signed))


def countersign_keyless(directory: Path, keys: Sequence[PublicKey], *, may_ask: bool) -> None:
    """Put Sigstore bundles over the same statements beside the envelopes. Raises as `sigstore.sign_keyless`."""
    _replace(
        directory,
        BUNDLES_FILE,
        sign_keyless([envelope.payload for envelope in _verified(directory, keys)], may_ask=may_ask),
    )


def _verified(directory: Path, keys: Sequence[PublicKey]) -> list[Envelope]:
    # Whoever signs states that it is good: not what fails verification, and the very envelopes that were verified.
    before = read_folder(directory).data(ENVELOPES_FILE)
    verify_report(directory, keys, policy=Policy(complete=False))
    if read_folder(directory).data(ENVELOPES_FILE) != before:
        raise ReportError(
            f"a report must not change while it is signed; {directory} did", "Try again when nothing writes it."
        )
    return [Envelope.from_bytes(line) for line in before.splitlines()]


def _replace(directory: Path, name: str, data: bytes) -> None:
    try:
        replace_files(directory, {name: data})
    except OSError as error:
        raise ReportError(
            f"{directory / name} cannot be written: {error.strerror}", "Make the report folder writable."
        ) from None
