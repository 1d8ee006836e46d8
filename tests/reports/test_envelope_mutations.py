"""Mutated envelopes: of very many, none is accepted. And every parser of a report, fed whole, byte by byte,
and truncated.

`SMI_MUTATIONS` sets how many there are.
"""

import base64
import json
import os
import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_smi.core.canonical import canonical_bytes, compact_bytes, parse_json
from pytest_smi.core.result import Result
from pytest_smi.core.terms import Status
from pytest_smi.errors import ReportError, VerificationError
from pytest_smi.matrix.matrix import Matrix
from pytest_smi.matrix.run import Run
from pytest_smi.reports.envelopes import trust
from pytest_smi.reports.verify import read_envelopes, verify_report
from pytest_smi.signing.dsse import PAYLOAD_TYPE, Envelope, Signature
from pytest_smi.signing.signer import Signer
from pytest_smi.signing.statement import MATRIX_PREDICATE, Statement
from tests.support.reports import LEVELS, SIGNER, a_matrix, a_report

MUTATIONS = int(os.environ.get("SMI_MUTATIONS", "100000"))
SIGNERS = [Signer(ec.generate_private_key(ec.SECP256R1())), Signer(ed25519.Ed25519PrivateKey.generate())]
STRANGER = Signer(ec.generate_private_key(ec.SECP256R1()))
TRUST = trust([signer.public_key for signer in SIGNERS], 1)
BOTH = trust([signer.public_key for signer in SIGNERS], 2)
PAYLOAD = Statement(
    subjects={"matrix.json": "a" * 64},
    predicate_type=MATRIX_PREDICATE,
    predicate={"ä": [1, 2.5, None], "text": "x" * 40},
).to_bytes()


def signed(*signers: Signer, payload: bytes = PAYLOAD, kind: str = PAYLOAD_TYPE) -> Envelope:
    """An envelope with a signature of each."""
    signatures = tuple(signer.sign(payload, kind).signatures[0] for signer in signers)
    return Envelope(payload_type=kind, payload=payload, signatures=signatures)


ORIGINALS = [signed(signer) for signer in SIGNERS] + [signed(*SIGNERS)]


def accepted(data: bytes, both: bool = False) -> bool:
    """Whether these bytes pass as a file of envelopes."""
    try:
        read_envelopes(data, BOTH if both else TRUST)
    except VerificationError:
        return False
    return True


# --- mutations of bytes
# -------------------------------------------------------------------------------------------------


def flipped(line: bytes, dice: random.Random) -> bytes:
    """One bit."""
    at = dice.randrange(len(line))
    return line[:at] + bytes([line[at] ^ (1 << dice.randrange(8))]) + line[at + 1 :]


def replaced(line: bytes, dice: random.Random) -> bytes:
    """A few bytes by others that occur in envelopes."""
    changed = bytearray(line)
    for _ in range(dice.randint(1, 4)):
        changed[dice.randrange(len(line))] = dice.choice(b'AZaz09+/=-_"{}[],:\\ \n\x00\xff')
    return bytes(changed)


def cut(line: bytes, dice: random.Random) -> bytes:
    """A piece taken out."""
    start, length = dice.randrange(len(line)), dice.choice((1, 1, 2, 4, 50))
    return line[:start] + line[start + length :]


def grown(line: bytes, dice: random.Random) -> bytes:
    """Something put in, or a piece of the line itself put in again."""
    at, start = dice.randrange(len(line)), dice.randrange(len(line))
    more = dice.choice((b" ", b"=", b"A", b"\n", b"\xef\xbb\xbf", b'"', line[start : start + dice.choice((1, 4, 30))]))
    return line[:at] + more + line[at:]


def truncated(line: bytes, dice: random.Random) -> bytes:
    """Only the beginning."""
    return line[: dice.randrange(len(line))]


# --- mutations of what the bytes mean
# -----------------------------------------------------------------------------------


def other_payload(line: bytes, dice: random.Random) -> bytes:
    """Another payload under the same signature, properly encoded."""
    envelope = Envelope.from_bytes(line)
    changed = dice.choice((flipped, replaced, cut, grown))(envelope.payload, dice)
    return Envelope(payload_type=envelope.payload_type, payload=changed, signatures=envelope.signatures).to_bytes()


def other_signature(line: bytes, dice: random.Random) -> bytes:
    """A changed signature, properly encoded."""
    envelope = Envelope.from_bytes(line)
    signatures = [
        Signature(keyid=one.keyid, sig=dice.choice((flipped, cut, grown))(one.sig, dice)) for one in envelope.signatures
    ]
    return Envelope(
        payload_type=envelope.payload_type, payload=envelope.payload, signatures=tuple(signatures)
    ).to_bytes()


def other_names(line: bytes, dice: random.Random) -> bytes:
    """Another key id, or another payload type."""
    envelope = Envelope.from_bytes(line)
    names = ["", STRANGER.keyid, *(signer.keyid for signer in SIGNERS), SIGNERS[0].keyid.upper()]
    signatures = tuple(Signature(keyid=dice.choice(names), sig=one.sig) for one in envelope.signatures)
    kind = dice.choice((PAYLOAD_TYPE, PAYLOAD_TYPE, "application/json", PAYLOAD_TYPE.upper(), PAYLOAD_TYPE + " "))
    return Envelope(payload_type=kind, payload=envelope.payload, signatures=signatures).to_bytes()


def by_another(line: bytes, dice: random.Random) -> bytes:
    """The same payload by a stranger, under his key id or under a trusted one."""
    envelope = Envelope.from_bytes(line)
    (made,) = STRANGER.sign(envelope.payload).signatures
    keyid = dice.choice((made.keyid, envelope.signatures[0].keyid))
    return Envelope(
        payload_type=PAYLOAD_TYPE, payload=envelope.payload, signatures=(Signature(keyid=keyid, sig=made.sig),)
    ).to_bytes()


def spelled_differently(line: bytes, dice: random.Random) -> bytes:
    """The same facts in other bytes: JSON with spaces, other order, more fields, fields twice,
    base64 of the other alphabet or unpadded."""
    document = json.loads(line)
    match dice.randrange(6):
        case 0:
            return json.dumps(document).encode()
        case 1:
            return json.dumps(dict(reversed(document.items())), separators=(",", ":")).encode()
        case 2:
            return compact_bytes({**document, dice.choice(("more", "payload2", "_type")): dice.choice((1, None, "x"))})
        case 3:
            return line[:-1] + b',"payload":"e30="}'
        case 4:
            return compact_bytes({**document, "payload": base64.urlsafe_b64encode(PAYLOAD).decode().rstrip("=") + "\n"})
        case _:
            return line.replace(b"/", b"\\/").replace(b"payload", b"p\\u0061yload", 1)


MUTATORS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    flipped,
    replaced,
    cut,
    grown,
    truncated,
    other_payload,
    other_signature,
    other_names,
    by_another,
    spelled_differently,
)


def test_originals_are_accepted() -> None:
    """Otherwise nothing below would mean anything."""
    assert all(accepted(envelope.to_bytes() + b"\n") for envelope in ORIGINALS)
    assert accepted(ORIGINALS[2].to_bytes() + b"\n", both=True)
    assert not accepted(ORIGINALS[0].to_bytes() + b"\n", both=True)


@pytest.mark.parametrize("mutator", MUTATORS, ids=lambda mutator: mutator.__name__)
def test_no_mutation_is_accepted(mutator: Callable[[bytes, random.Random], bytes]) -> None:
    """Every envelope that differs in any byte from what was signed and written is refused, with one kind of error."""
    dice = random.Random(mutator.__name__)
    lines = [(envelope.to_bytes(), len(envelope.signatures) == 2) for envelope in ORIGINALS]
    made = 0
    while made < MUTATIONS // len(MUTATORS):
        line, both = dice.choice(lines)
        mutant = mutator(line, dice)
        if mutant != line:
            made += 1
            assert not accepted(mutant + b"\n", both), mutant


@pytest.mark.parametrize("original", ORIGINALS, ids=["p256", "ed25519", "both"])
def test_every_bit_counts(original: Envelope) -> None:
    """No bit of the line can be flipped, and no end of it left away."""
    line, both = original.to_bytes(), len(original.signatures) == 2
    for at in range(len(line)):
        assert not accepted(line[:at] + bytes([line[at] ^ 1]) + line[at + 1 :] + b"\n", both)
        assert not accepted(line[:at] + b"\n", both)
        assert not accepted(line[:at], both)


def test_huge_and_deep_input_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    """Unsigned input of any shape costs no more memory than a few times its bounded size."""
    import tracemalloc

    folder = a_report(tmp_path / "r")
    path = folder / "matrix.intoto.jsonl"
    deep = b'{"payload":' + b"[" * 2_000_000 + b"\n"
    wide = b'{"payload":"","payloadType":"","signatures":[' + b"{}," * 700_000 + b"{}]}\n"
    many = b"{}\n" * 700_000
    for data in (deep, wide, many, b"\n" * 2_000_000):
        path.write_bytes(data)
        tracemalloc.start()
        with pytest.raises(VerificationError, match="step 2"):
            verify_report(folder, [SIGNER.public_key])
        assert tracemalloc.get_traced_memory()[1] < 5 * len(data)
        tracemalloc.stop()
    with path.open("wb") as file:
        file.truncate(64 * 1024 * 1024 + 1)
    with pytest.raises(VerificationError, match="at most"):
        verify_report(folder, [SIGNER.public_key])


def test_deep_payload_of_a_trusted_signer_is_refused() -> None:
    """Nesting without end is an error with a step, not a crash, whoever signed it."""
    for payload in (b"[" * 100_000, b'{"a":' * 100 + b"1" + b"}" * 100):
        with pytest.raises(VerificationError, match="step 5"):
            read_envelopes(signed(SIGNERS[0], payload=payload).to_bytes() + b"\n", TRUST)


# --- every parser
# -------------------------------------------------------------------------------------------------------

RESULT = Result.from_json(
    {**a_matrix()[0].to_json()["runs"][0]["results"][0], "mesh": "reference", "evidence": {"a": 1}}
)
PARSERS: dict[str, tuple[Callable[[bytes], object], bytes]] = {
    "json": (parse_json, b'{"a":[1,2.5,null,true,"\xc3\xa4"]}'),
    "envelope": (Envelope.from_bytes, ORIGINALS[0].to_bytes()),
    "statement": (Statement.from_bytes, PAYLOAD),
    "matrix": (Matrix.from_bytes, compact_bytes(a_matrix()[0].to_json())),
    "result": (lambda data: Result.from_json(parse_json(data)), compact_bytes(RESULT.to_json())),
}


@pytest.mark.parametrize("name", list(PARSERS))
def test_parsers_fed_whole_and_truncated(name: str) -> None:
    """Whole it is read; cut off anywhere, or with one byte more or other, it is read or refused with our own errors,
    and never crashes."""
    parse, data = PARSERS[name]
    parse(data)
    for end in range(len(data)):
        with pytest.raises((ValueError, ReportError, VerificationError)):
            parse(data[:end])
    dice = random.Random(name)
    for _ in range(1500):
        mutant = dice.choice((flipped, replaced, cut, grown))(data, dice)
        with suppress(ValueError, ReportError, VerificationError):
            parse(mutant)


@pytest.mark.parametrize("name", list(PARSERS))
@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=60) | st.text('{}[]",:0123456789.eE+-truefalsn\\u ', max_size=60).map(str.encode))
def test_parsers_fed_anything(name: str, data: bytes) -> None:
    """Any bytes are read or refused, with our own errors."""
    with suppress(ValueError, ReportError, VerificationError):
        PARSERS[name][0](data)


@pytest.mark.parametrize(
    "number",
    ["1e999", "9" * 400, "-1", "1e400", "-0.0", "0.1", "1" + "0" * 5000],
    ids=["e999", "digits", "minus", "e400", "zero", "tenth", "long"],
)
def test_odd_numbers_are_refused_or_read(number: str) -> None:
    """Numbers that are no duration do not crash the reader."""
    text = json.dumps(RESULT.to_json()).replace('"duration": 0.25', f'"duration": {number}')
    with suppress(ValueError, ReportError):
        Result.from_json(parse_json(text.encode()))


# --- round trips
# --------------------------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
ANY_TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)


@settings(max_examples=200, deadline=None)
@given(value=JSON)
def test_canonical_bytes_round_trip(value: object) -> None:
    """What is written is read back, in both forms, and written again the same."""
    try:
        data, line = canonical_bytes(value), compact_bytes(value)
    except UnicodeEncodeError:
        return  # lone surrogates have no bytes
    assert parse_json(data) == parse_json(line) == value
    assert (
        canonical_bytes(parse_json(line))
        == data
        == json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False).encode() + b"\n"
    )
    assert b"\n" not in line


@settings(max_examples=100, deadline=None)
@given(
    mesh=ANY_TEXT,
    version=ANY_TEXT,
    statuses=st.dictionaries(st.sampled_from(sorted(LEVELS)), st.sampled_from(list(Status))),
    reading=ANY_TEXT,
    limits=st.dictionaries(ANY_TEXT, st.integers(0, 9), max_size=3),
)
def test_matrix_round_trip(
    mesh: str, version: str, statuses: dict[str, Status], reading: str, limits: dict[str, int]
) -> None:
    """Any matrix is read back as it was, byte for byte, through file and statement."""
    matrix = a_matrix(mesh=mesh, statuses=statuses, reading=reading, limits=limits, kubernetes=version)[0]
    assert Matrix.from_bytes(matrix.to_bytes()) == matrix
    statement = Statement(
        subjects={"matrix.json": "a" * 64}, predicate_type=MATRIX_PREDICATE, predicate=matrix.to_json()
    )
    assert Matrix.from_json(Statement.from_bytes(statement.to_bytes()).predicate).to_bytes() == matrix.to_bytes()
    assert isinstance(matrix.runs[0], Run)


@settings(max_examples=100, deadline=None)
@given(
    payload=st.binary(max_size=200),
    keyid=st.text("0123456789abcdef", max_size=64),
    sigs=st.lists(st.binary(max_size=80), min_size=1, max_size=4),
)
def test_envelope_round_trip(payload: bytes, keyid: str, sigs: list[bytes]) -> None:
    """Any envelope is read back as it was."""
    envelope = Envelope(
        payload_type=PAYLOAD_TYPE, payload=payload, signatures=tuple(Signature(keyid=keyid, sig=sig) for sig in sigs)
    )
    assert Envelope.from_bytes(envelope.to_bytes()) == envelope
    assert Envelope.from_bytes(envelope.to_bytes()).to_bytes() == envelope.to_bytes()
