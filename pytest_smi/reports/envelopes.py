"""The first steps of verification: keys, envelopes, signatures, statements (steps 1 to 5, see `verify`). Pure.

An envelope must be, byte for byte, as this suite writes it. That is stricter than DSSE asks: an unsigned field, another spelling of the
base64 or of the JSON could carry something that readers see differently. The form is checked with a regular expression, which needs no
memory of its own; a JSON parser sees only what a trusted key has signed.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_smi.errors import KeyProblem, VerificationError
from pytest_smi.signing.dsse import PAYLOAD_TYPE, Envelope
from pytest_smi.signing.keys import PublicKey
from pytest_smi.signing.signer import fingerprint, key_id, signers_of
from pytest_smi.signing.statement import Statement

__all__ = ["Trust", "read_envelopes", "trust"]

_MOST_ENVELOPES = 16
_BASE64, _PLAIN = rb'"[A-Za-z0-9+/]*={0,2}"', rb'"[ !#-\[\]-~]*"'
_SIGNATURE = rb'\{"keyid":' + _PLAIN + rb',"sig":' + _BASE64 + rb"\}"
_ENVELOPE = re.compile(
    rb'\{"payload":' + _BASE64 + rb',"payloadType":' + _PLAIN + rb',"signatures":\[' + _SIGNATURE + rb"(?:," + _SIGNATURE + rb"){0,15}\]\}"
)
_AGAIN = "Get the report again from where it was made; do not edit it."


@dataclass(frozen=True, slots=True)
class Trust:
    """The keys that the reader trusts: key id → key and its fingerprint, and how many of them must have signed."""

    keys: dict[str, PublicKey]
    fingerprints: dict[str, str]
    threshold: int

    def named(self, ids: Sequence[str]) -> tuple[str, ...]:
        """Fingerprints of these keys."""
        return tuple(sorted(self.fingerprints[one] for one in ids))


def trust(keys: Sequence[PublicKey], threshold: int) -> Trust:
    """Step 1. Raises `KeyProblem` for a question without meaning: no key, or a threshold that cannot be met."""
    if not keys:
        raise KeyProblem("step 1: verification needs a public key that you trust; none was given", "Give --key FILE.")
    named = {key_id(key): key for key in keys}
    if not 1 <= threshold <= len(named):
        raise KeyProblem(
            f"step 1: the threshold must be from 1 to the number of different keys, {len(named)}; found {threshold}", "Give more keys."
        )
    return Trust(keys=named, fingerprints={name: fingerprint(key) for name, key in named.items()}, threshold=threshold)


def read_envelopes(data: bytes, name: str, trusted: Trust) -> tuple[list[Statement], tuple[str, ...]]:
    """Steps 2 to 5 over the bytes of a `.jsonl` file: the statements, and fingerprints of the keys that signed all of them."""
    # 2: what was cut off is not looked into.
    if not data.endswith(b"\n"):
        raise _refusal(2, f"every line of {name} must end in a newline; it is empty or was cut off")
    lines = data.count(b"\n")
    if lines > _MOST_ENVELOPES:
        raise _refusal(2, f"{name} must hold at most {_MOST_ENVELOPES} envelopes; it has {lines}")
    statements: list[Statement] = []
    common: set[str] = set(trusted.keys)
    for number, line in enumerate(data[:-1].split(b"\n"), 1):
        try:
            envelope = read_envelope(line)
            signed = _signed(envelope, trusted)
        except VerificationError as problem:
            raise VerificationError(_placed(problem.message, f"line {number} of {name}"), problem.hint or _AGAIN) from None
        # 5: only now is the payload read.
        try:
            statements.append(Statement.from_bytes(envelope.payload))
        except VerificationError as problem:
            raise _refusal(5, f"line {number} of {name}: {problem.message}") from None
        # A key vouches for the report only if it vouches for every statement of it.
        common &= set(signed)
    if len(common) < trusted.threshold:
        raise _refusal(4, f"the same {trusted.threshold} key(s) must have signed every statement; only {len(common)} did")
    return statements, trusted.named(tuple(common))


def read_envelope(line: bytes) -> Envelope:
    """Steps 2 and 3 for one line: an envelope in the very form that is written, of the right payload type."""
    if not _ENVELOPE.fullmatch(line):
        raise _refusal(2, "an envelope must be in canonical form: payload, payloadType and signatures with keyid and sig, nothing else")
    try:
        envelope = Envelope.from_bytes(line)
    except VerificationError as problem:
        raise _refusal(2, problem.message) from None
    if envelope.to_bytes() != line:
        raise _refusal(2, "an envelope must be in canonical form: standard base64, without left-over bits")
    # 3: the type is under the signature, but a valid signature over another type is not a statement.
    if envelope.payload_type != PAYLOAD_TYPE:
        raise _refusal(3, f"the payload type must be {PAYLOAD_TYPE}; found {envelope.payload_type[:100]!r}")
    return envelope


def _signed(envelope: Envelope, trusted: Trust) -> tuple[str, ...]:
    # 4
    signed = signers_of(envelope, trusted.keys)
    if len(signed) < trusted.threshold:
        raise VerificationError(
            f"step 4: {trusted.threshold} of the given key(s) must have signed; {len(signed)} did "
            f"(given: {', '.join(sorted(trusted.fingerprints.values()))})",
            "Either this is not the signer's key, or the report was changed after it was signed.",
        )
    return signed


def _placed(message: str, where: str) -> str:
    step, _, rest = message.partition(": ")
    return f"{step}: {where}: {rest}"


def _refusal(step: int, message: str) -> VerificationError:
    return VerificationError(f"step {step}: {message}", _AGAIN)
