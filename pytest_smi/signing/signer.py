"""Signing payloads and checking signatures: ECDSA P-256 with SHA-256 (DER), or Ed25519. No files, no environment.

Key ids follow securesystemslib's recipe (sha256 over the canonical JSON of the public key), so that its verifier and those of in-toto
find the key; our own checking never looks at them.
"""

from collections.abc import Mapping, Sequence

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pytest_smi.core.canonical import compact_bytes, sha256_hex
from pytest_smi.errors import KeyProblem, VerificationError
from pytest_smi.signing.dsse import PAYLOAD_TYPE, Envelope, Signature, pae
from pytest_smi.signing.keys import PrivateKey, PublicKey

__all__ = ["Signer", "fingerprint", "key_id", "public_pem", "signers_of", "verify_envelope"]


class Signer:
    """Signs payloads with one private key; `public_pem`, `keyid` and `fingerprint` describe it to others."""

    def __init__(self, key: PrivateKey) -> None:
        self._key = key
        self.public_key: PublicKey = key.public_key()
        self.public_pem: bytes = public_pem(self.public_key)
        self.keyid: str = key_id(self.public_key)
        self.fingerprint: str = fingerprint(self.public_key)

    def __repr__(self) -> str:
        return f"Signer({self.fingerprint})"

    def sign(self, payload: bytes, payload_type: str = PAYLOAD_TYPE) -> Envelope:
        """Return an envelope around the payload with one signature."""
        covered = pae(payload_type, payload)
        key = self._key
        sig = key.sign(covered, ECDSA(SHA256())) if isinstance(key, EllipticCurvePrivateKey) else key.sign(covered)
        return Envelope(payload_type=payload_type, payload=payload, signatures=(Signature(keyid=self.keyid, sig=sig),))


def public_pem(key: PublicKey) -> bytes:
    """Return the public key in PEM form (SubjectPublicKeyInfo), as every tool reads it."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def fingerprint(key: PublicKey) -> str:
    """Return `SHA256:` and the digest of the key in DER form: `openssl pkey -pubin -in FILE -outform DER | sha256sum` gives the same."""
    return f"SHA256:{sha256_hex(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))}"


def key_id(key: PublicKey) -> str:
    """Return the key id by securesystemslib's recipe, 64 hexadecimal characters."""
    if isinstance(key, EllipticCurvePublicKey):
        kind, scheme, public = "ecdsa", "ecdsa-sha2-nistp256", public_pem(key).decode()
    else:
        kind, scheme, public = "ed25519", "ed25519", key.public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
    document = compact_bytes({"keytype": kind, "keyval": {"public": public}, "scheme": scheme})
    # Its canonical JSON escapes quotes and backslashes only; of the rest, a PEM has newlines alone.
    return sha256_hex(document.replace(b"\\n", b"\n"))


def verify_envelope(envelope: Envelope, keys: Sequence[PublicKey], threshold: int = 1) -> tuple[PublicKey, ...]:
    """Return the unique keys among `keys` that signed this envelope, at least `threshold` of them.

    Raises `KeyProblem` when the question makes no sense (no key, threshold below 1 or above the number of different keys) and
    `VerificationError` when too few signed.
    """
    unique = {fingerprint(key): key for key in keys}
    if not unique:
        raise KeyProblem("verification needs at least one public key; none was given", "Give --key FILE.")
    if not 1 <= threshold <= len(unique):
        raise KeyProblem(
            f"the threshold must be from 1 to the number of different keys, {len(unique)}; found {threshold}", "Give more keys."
        )
    covered = envelope.pae()
    good = tuple(key for key in unique.values() if any(_holds(key, one.sig, covered) for one in envelope.signatures))
    if len(good) < threshold:
        raise VerificationError(
            f"{threshold} of the given key(s) must have signed; {len(good)} did (given: {', '.join(unique)})",
            "Either this is not the signer's key, or the report was changed after it was signed.",
        )
    return good


def signers_of(envelope: Envelope, trusted: Mapping[str, PublicKey]) -> tuple[str, ...]:
    """Return ids of those trusted keys (key id → key) of which the envelope has a good signature under the key's own id.

    Stricter than `verify_envelope`, never laxer: the id is not signed, so a wrong one is refused rather than believed.
    """
    covered = envelope.pae()
    made = {one.keyid for one in envelope.signatures if one.keyid in trusted and _holds(trusted[one.keyid], one.sig, covered)}
    return tuple(sorted(made))


def _holds(key: PublicKey, sig: bytes, covered: bytes) -> bool:
    try:
        if isinstance(key, EllipticCurvePublicKey):
            key.verify(sig, covered, ECDSA(SHA256()))
        else:
            key.verify(sig, covered)
    except InvalidSignature:
        return False
    return True
