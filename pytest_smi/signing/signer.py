"""Signing payloads and checking signatures: ECDSA P-256 with SHA-256 (DER), or Ed25519. No files, no environment.

Key ids follow securesystemslib's recipe (sha256 over the canonical JSON of the public key), so that its verifier and
those of in-toto find the key.
"""

from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pytest_smi.core.canonical import compact_bytes, sha256_hex
from pytest_smi.signing.dsse import PAYLOAD_TYPE, Envelope, Signature, pae
from pytest_smi.signing.keys import PrivateKey, PublicKey

__all__ = ["Signer", "fingerprint", "key_id", "public_pem", "signers_of"]


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
    """Return `SHA256:` and the digest of the key in DER form: `openssl pkey -pubin -in FILE -outform DER | sha256sum`
    gives the same."""
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


def signers_of(envelope: Envelope, trusted: Mapping[str, PublicKey]) -> tuple[str, ...]:
    """Return ids of those trusted keys (key id → key) of which the envelope has a good signature under the key's own
    id.

    Stricter than DSSE asks: the id is not signed, so a signature under another id than the key's own does not count.
    """
    covered = envelope.pae()
    made = {
        one.keyid
        for one in envelope.signatures
        if one.keyid in trusted and _holds(trusted[one.keyid], one.sig, covered)
    }
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
