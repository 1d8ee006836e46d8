"""DSSE envelopes (Dead Simple Signing Envelope 1.0): the bytes that are signed,
and the envelope's strict reading and writing. Pure.

A signature covers `pae(payloadType, payload)`. Whoever has verified an envelope uses `envelope.payload`,
the very bytes that were verified.
"""

import base64
import binascii
from dataclasses import dataclass

from pytest_smi.core.canonical import compact_bytes, parse_json
from pytest_smi.errors import VerificationError

__all__ = ["PAYLOAD_TYPE", "Envelope", "Signature", "pae"]

PAYLOAD_TYPE = "application/vnd.in-toto+json"
"""The payload type of every in-toto statement."""


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return the pre-authentication encoding: what is signed. Lengths count bytes."""
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One signature. `keyid` is a hint about which key made it and is itself not signed: never decide by it."""

    keyid: str
    sig: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A payload, what it is, and signatures over both."""

    payload_type: str
    payload: bytes
    signatures: tuple[Signature, ...]

    def pae(self) -> bytes:
        """Return the bytes that each signature of this envelope covers."""
        return pae(self.payload_type, self.payload)

    def to_bytes(self) -> bytes:
        """Return the envelope as one line of JSON, without the newline."""
        return compact_bytes(
            {
                "payload": base64.b64encode(self.payload).decode("ascii"),
                "payloadType": self.payload_type,
                "signatures": [
                    {"keyid": one.keyid, "sig": base64.b64encode(one.sig).decode("ascii")} for one in self.signatures
                ],
            }
        )

    @classmethod
    def from_bytes(cls, line: bytes) -> "Envelope":
        """Read one envelope.

        Raises `VerificationError` for whatever is not one; unknown fields are ignored, as the specification says.
        """
        try:
            document = parse_json(line)
        except ValueError as error:
            raise _broken(f"is not JSON: {error}") from None
        if not isinstance(document, dict):
            raise _broken("is not a JSON object")
        kind, signatures = document.get("payloadType"), document.get("signatures")
        if not isinstance(kind, str) or not kind:
            raise _broken("has no payloadType")
        if not isinstance(signatures, list) or not signatures:
            raise _broken("has no signatures")
        return cls(
            payload_type=kind,
            payload=_decode(document.get("payload"), "payload"),
            signatures=tuple(_signature(entry, index) for index, entry in enumerate(signatures)),
        )


def _signature(entry: object, index: int) -> Signature:
    if not isinstance(entry, dict):
        raise _broken(f"has a signatures[{index}] that is not an object")
    keyid = entry.get("keyid")
    if keyid is not None and not isinstance(keyid, str):
        raise _broken(f"has a signatures[{index}].keyid that is not a string")
    return Signature(keyid=keyid or "", sig=_decode(entry.get("sig"), f"signatures[{index}].sig"))


def _decode(text: object, name: str) -> bytes:
    """Decode base64 of either alphabet, as the specification asks of verifiers, but not of both at once,
    and each byte in one way only."""
    if not isinstance(text, str):
        raise _broken(f"has no {name}")
    standard = text.replace("-", "+").replace("_", "/")
    try:
        data = base64.b64decode(standard, validate=True)
    except (binascii.Error, ValueError):
        raise _broken(f"has a {name} that is not base64") from None
    # Left-over bits, or two alphabets in one text, would give many texts for the same bytes.
    if base64.b64encode(data).decode("ascii") != standard or (set(text) & set("-_") and set(text) & set("+/")):
        raise _broken(f"has a {name} whose base64 is not canonical")
    return data


def _broken(what: str) -> VerificationError:
    return VerificationError(
        f"an envelope must be as DSSE 1.0 has it; this one {what}", "Get the report again from where it was made."
    )
