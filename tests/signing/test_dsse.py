"""Tests of DSSE envelopes."""

import base64
import json
from typing import Any

import pytest

from pytest_smi.errors import VerificationError
from pytest_smi.signing.dsse import Envelope, Signature, pae


def test_pae_of_the_specification() -> None:
    """The test vector of DSSE 1.0."""
    assert (
        pae("http://example.com/HelloWorld", b"hello world")
        == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_pae_counts_bytes() -> None:
    """Lengths are in bytes, not characters."""
    assert pae("é", "ü".encode()) == b"DSSEv1 2 \xc3\xa9 2 \xc3\xbc"


def an_envelope(**changes: Any) -> bytes:
    """An envelope as JSON, changed as wanted; a change to ... removes the field."""
    fields = {"payload": "e30=", "payloadType": "t", "signatures": [{"keyid": "k", "sig": "AAAA"}], **changes}
    return json.dumps({key: value for key, value in fields.items() if value is not ...}).encode()


def test_round_trip_and_tolerance() -> None:
    """An envelope is read back; both base64 alphabets, a missing key id and unknown fields are accepted,
    as the specification says."""
    envelope = Envelope(
        payload_type="t", payload=bytes(range(256)), signatures=(Signature(keyid="k", sig=b"\xfb\xff"),)
    )
    assert Envelope.from_bytes(envelope.to_bytes()) == envelope
    payload = base64.urlsafe_b64encode(bytes(range(256))).decode()
    loose = Envelope.from_bytes(an_envelope(payload=payload, signatures=[{"sig": "-_8=", "other": 1}], more=2))
    assert (loose.payload, loose.signatures[0].sig, loose.signatures[0].keyid) == (bytes(range(256)), b"\xfb\xff", "")


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[]",
        b"{",
        b'{"payload":"","payload":""}',
        an_envelope(payload=...),
        an_envelope(payload="*"),
        an_envelope(payload=7),
        an_envelope(payload="e30"),
        an_envelope(payloadType=...),
        an_envelope(payloadType=""),
        an_envelope(signatures=...),
        an_envelope(signatures=[]),
        an_envelope(signatures={}),
        an_envelope(signatures=["x"]),
        an_envelope(signatures=[{"keyid": 7, "sig": "AAAA"}]),
        an_envelope(signatures=[{"keyid": "k"}]),
    ],
)
def test_what_is_not_an_envelope_is_refused(line: bytes) -> None:
    """Every malformed envelope is a VerificationError."""
    with pytest.raises(VerificationError):
        Envelope.from_bytes(line)


def test_every_cut_is_refused() -> None:
    """An envelope cut off anywhere is not an envelope."""
    whole = an_envelope()
    for end in range(len(whole)):
        with pytest.raises(VerificationError):
            Envelope.from_bytes(whole[:end])
