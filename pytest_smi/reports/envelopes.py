"""Reading signed envelopes: their form, their payload type, who signed them, and the statements in them. Pure.

An envelope must be, byte for byte, as this suite writes it. That is stricter than DSSE asks: an unsigned field, another
spelling of the base64 or of the JSON could carry something that readers see differently. The form is checked with a
regular expression, which needs no memory of its own; a JSON parser sees only what a trusted key has signed.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from pytest_smi.errors import KeyProblem, VerificationError
from pytest_smi.signing.dsse import PAYLOAD_TYPE, Envelope
from pytest_smi.signing.keys import PublicKey
from pytest_smi.signing.signer import fingerprint, key_id, signers_of

__all__ = ["Trust", "common_signers", "each", "envelopes_of", "of_in_toto", "signed_payload", "trust"]

T = TypeVar("T")
U = TypeVar("U")

_MOST_ENVELOPES = 16
_BASE64, _PLAIN = rb'"[A-Za-z0-9+/]*={0,2}"', rb'"[ !#-\[\]-~]*"'
_SIGNATURE = rb'\{"keyid":' + _PLAIN + rb',"sig":' + _BASE64 + rb"\}"
_ENVELOPE = re.compile(
    rb'\{"payload":'
    + _BASE64
    + rb',"payloadType":'
    + _PLAIN
    + rb',"signatures":\['
    + _SIGNATURE
    + rb"(?:,"
    + _SIGNATURE
    + rb"){0,15}\]\}"
)


@dataclass(frozen=True, slots=True)
class Trust:
    """The keys that the reader trusts: key id → key and its fingerprint, and how many of them must have signed."""

    keys: dict[str, PublicKey]
    fingerprints: dict[str, str]
    threshold: int

    def named(self, ids: Sequence[str]) -> tuple[str, ...]:
        """Return the fingerprints of these keys."""
        return tuple(sorted(self.fingerprints[one] for one in ids))


def trust(keys: Sequence[PublicKey], threshold: int) -> Trust:
    """Return the keys as verification needs them.

    Raises `KeyProblem` without a key, or for a threshold that cannot be met.
    """
    if not keys:
        raise KeyProblem("verification needs a public key that you trust; none was given", "Give --key FILE.")
    named = {key_id(key): key for key in keys}
    if not 1 <= threshold <= len(named):
        raise KeyProblem(
            f"the threshold must be from 1 to the number of different keys, {len(named)}; found {threshold}",
            "Give more keys.",
        )
    return Trust(keys=named, fingerprints={name: fingerprint(key) for name, key in named.items()}, threshold=threshold)


def envelopes_of(data: bytes, name: str) -> list[Envelope]:
    """Read the bytes of a `.jsonl` file, each line an envelope in the very form that is written.

    Raises `VerificationError`.
    """
    # What was cut off is not looked into.
    if not data.endswith(b"\n"):
        raise VerificationError(f"every line of {name} must end in a newline; it is empty or was cut off")
    count = data.count(b"\n")
    if count > _MOST_ENVELOPES:
        raise VerificationError(f"{name} must hold at most {_MOST_ENVELOPES} envelopes; it has {count}")
    return each(data[:-1].split(b"\n"), name, _envelope)


def of_in_toto(envelope: Envelope) -> None:
    """Raise `VerificationError` unless the payload type is in-toto's:
    a valid signature over another type is not a statement."""
    if envelope.payload_type != PAYLOAD_TYPE:
        raise VerificationError(f"the payload type must be {PAYLOAD_TYPE}; found {envelope.payload_type[:100]!r}")


def signed_payload(envelope: Envelope, trusted: Trust) -> tuple[str, ...]:
    """Return the ids of the trusted keys that signed this envelope.

    Raises `VerificationError` when they are too few.
    """
    signed = signers_of(envelope, trusted.keys)
    if len(signed) < trusted.threshold:
        raise VerificationError(
            f"{trusted.threshold} of the given key(s) must have signed; {len(signed)} did "
            f"(given: {', '.join(sorted(trusted.fingerprints.values()))})",
            "Either this is not the signer's key, or the report was changed after it was signed.",
        )
    return signed


def common_signers(signed: Sequence[tuple[str, ...]], trusted: Trust) -> tuple[str, ...]:
    """Return the fingerprints of the keys that signed every envelope.

    Raises `VerificationError` when they are too few.
    """
    # A key vouches for the report only if it vouches for every statement of it.
    common = set(trusted.keys).intersection(*signed)
    if len(common) < trusted.threshold:
        raise VerificationError(
            f"the same {trusted.threshold} key(s) must have signed every statement; only {len(common)} did"
        )
    return trusted.named(tuple(common))


def each(items: Sequence[T], name: str, read: Callable[[T], U]) -> list[U]:
    """Return what `read` makes of every line of the file `name`; the error of a refusal says which line it was."""
    found = []
    for number, item in enumerate(items, 1):
        with _placed(f"line {number} of {name}"):
            found.append(read(item))
    return found


@contextmanager
def _placed(where: str) -> Iterator[None]:
    try:
        yield
    except VerificationError as error:
        raise VerificationError(f"{where}: {error.message}", error.hint) from None


def _envelope(line: bytes) -> Envelope:
    if not _ENVELOPE.fullmatch(line):
        raise VerificationError(
            "an envelope must be in canonical form: payload, payloadType, and signatures of keyid and sig alone"
        )
    envelope = Envelope.from_bytes(line)
    if envelope.to_bytes() != line:
        raise VerificationError("an envelope must be in canonical form: standard base64, without left-over bits")
    return envelope
