"""Tests of signatures: ours, and what foreign tools say about them."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from securesystemslib.dsse import Envelope as ForeignEnvelope
from securesystemslib.signer import SSlibKey  # type: ignore[attr-defined]

from pytest_smi.errors import KeyProblem, VerificationError
from pytest_smi.reports.envelopes import signed_payload, trust
from pytest_smi.signing.dsse import PAYLOAD_TYPE, Envelope, Signature
from pytest_smi.signing.keys import PrivateKey, PublicKey
from pytest_smi.signing.signer import Signer, signers_of

KEYS: dict[str, PrivateKey] = {
    "p256": ec.generate_private_key(ec.SECP256R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate(),
}
PAYLOAD = '{"ä": 1}'.encode()
NODE = """
const {createPublicKey, verify} = require("crypto"), fs = require("fs");
const [key, covered, sig, kind] = process.argv.slice(1);
const read = fs.readFileSync, digest = kind === "p256" ? "sha256" : null;
const ok = verify(digest, read(covered), createPublicKey(read(key)), read(sig));
process.exit(ok ? 0 : 1);
"""


@pytest.fixture(params=list(KEYS))
def kind(request: pytest.FixtureRequest) -> str:
    """Each kind of key."""
    return str(request.param)


def trusting(*signers: Signer) -> dict[str, PublicKey]:
    """Key id → key, as a reader trusts them."""
    return {signer.keyid: signer.public_key for signer in signers}


def test_own_verification(kind: str) -> None:
    """A signature is good for its key and payload, and for no other key, payload or type."""
    signer, other = Signer(KEYS[kind]), Signer(KEYS["ed25519" if kind == "p256" else "p256"])
    envelope = Envelope.from_bytes(signer.sign(PAYLOAD).to_bytes())
    assert signers_of(envelope, trusting(signer, other)) == (signer.keyid,)
    changed = [
        (envelope, other),
        (Envelope(payload_type=envelope.payload_type, payload=PAYLOAD + b" ", signatures=envelope.signatures), signer),
        (Envelope(payload_type="text/plain", payload=PAYLOAD, signatures=envelope.signatures), signer),
    ]
    for bad, by in changed:
        assert signers_of(bad, trusting(by)) == ()


def test_key_id_must_be_the_key_s_own(kind: str) -> None:
    """A good signature under another id does not count, nor one by another key under a trusted id."""
    signer, other = Signer(KEYS[kind]), Signer(KEYS["ed25519" if kind == "p256" else "p256"])
    for sig, keyid in ((signer, ""), (signer, other.keyid), (other, signer.keyid)):
        renamed = tuple(Signature(keyid=keyid, sig=one.sig) for one in sig.sign(PAYLOAD).signatures)
        assert (
            signers_of(
                Envelope(payload_type=PAYLOAD_TYPE, payload=PAYLOAD, signatures=renamed), trusting(signer, other)
            )
            == ()
        )


def test_threshold_counts_unique_keys() -> None:
    """One key given twice, or signing twice, counts once; thresholds that cannot be met are the reader's mistake."""
    first, second = (Signer(key) for key in KEYS.values())
    both = first.sign(PAYLOAD).signatures + second.sign(PAYLOAD).signatures
    envelope = Envelope(payload_type=PAYLOAD_TYPE, payload=PAYLOAD, signatures=both)
    trusted = trust([first.public_key, second.public_key], 2)
    assert len(signed_payload(envelope, trusted)) == 2
    twice = Envelope(payload_type=PAYLOAD_TYPE, payload=PAYLOAD, signatures=both[:1] * 2)
    with pytest.raises(VerificationError, match="2 of the given"):
        signed_payload(twice, trusted)
    bad_questions: list[tuple[list[Signer], int]] = [([], 1), ([first, first], 2), ([first], 0)]
    for signers, threshold in bad_questions:
        with pytest.raises(KeyProblem):
            trust([signer.public_key for signer in signers], threshold)


def test_securesystemslib_verifies(kind: str) -> None:
    """securesystemslib computes the same key id, finds the key by it and accepts the envelope."""
    signer = Signer(KEYS[kind])
    key = SSlibKey.from_crypto(load_pem_public_key(signer.public_pem))
    foreign = ForeignEnvelope.from_dict(json.loads(signer.sign(PAYLOAD).to_bytes()))
    assert list(foreign.verify([key], threshold=1)) == [signer.keyid]
    assert foreign.payload == PAYLOAD


def _written(folder: Path, kind: str, *, tamper: bool) -> tuple[Path, Path, Path]:
    signer = Signer(KEYS[kind])
    envelope = signer.sign(PAYLOAD)
    key, covered, sig = folder / "pub.pem", folder / "covered", folder / "sig"
    key.write_bytes(signer.public_pem)
    covered.write_bytes(envelope.pae() + (b"!" if tamper else b""))
    sig.write_bytes(envelope.signatures[0].sig)
    return key, covered, sig


@pytest.mark.parametrize("tamper", [False, True])
def test_openssl_verifies(kind: str, tamper: bool, tmp_path: Path) -> None:
    """The openssl command line accepts the signature, and refuses it over other bytes."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not on PATH")
    key, covered, sig = map(str, _written(tmp_path, kind, tamper=tamper))
    if kind == "p256":
        command = ["openssl", "dgst", "-sha256", "-verify", key, "-signature", sig, covered]
    else:
        command = ["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", key, "-sigfile", sig, "-in", covered]
    assert (subprocess.run(command, capture_output=True, timeout=30, check=False).returncode == 0) is not tamper


@pytest.mark.parametrize("tamper", [False, True])
def test_node_verifies(kind: str, tamper: bool, tmp_path: Path) -> None:
    """Node's crypto accepts the signature, and refuses it over other bytes."""
    if not shutil.which("node"):
        pytest.skip("node is not on PATH")
    command = ["node", "-e", NODE, *map(str, _written(tmp_path, kind, tamper=tamper)), kind]
    assert (subprocess.run(command, capture_output=True, timeout=30, check=False).returncode == 0) is not tamper


def test_openssl_gives_the_same_fingerprint(tmp_path: Path) -> None:
    """The fingerprint is what the documented openssl command prints."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not on PATH")
    signer = Signer(KEYS["p256"])
    (tmp_path / "pub.pem").write_bytes(signer.public_pem)
    der = subprocess.run(
        ["openssl", "pkey", "-pubin", "-in", str(tmp_path / "pub.pem"), "-outform", "DER"],
        capture_output=True,
        timeout=30,
        check=True,
    )
    digest = subprocess.run(
        ["openssl", "dgst", "-sha256", "-r"], input=der.stdout, capture_output=True, timeout=30, check=True
    ).stdout.split()[0]
    assert signer.fingerprint == f"SHA256:{digest.decode()}"
