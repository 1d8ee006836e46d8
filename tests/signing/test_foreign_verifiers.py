"""The envelopes of a whole report, held before verifiers that others wrote: accepted as they are,
rejected after one flipped bit."""

import base64
import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from in_toto.exceptions import SignatureVerificationError
from in_toto.models.metadata import Metadata
from securesystemslib.dsse import Envelope as ForeignEnvelope
from securesystemslib.exceptions import VerificationError as ForeignRefusal
from securesystemslib.signer import SSlibKey  # type: ignore[attr-defined]

from pytest_smi.signing.dsse import Envelope, Signature
from pytest_smi.signing.keys import PrivateKey
from pytest_smi.signing.signer import Signer
from tests.support.reports import a_report

KEYS: dict[str, PrivateKey] = {
    "p256": ec.generate_private_key(ec.SECP256R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate(),
}
NODE_CRYPTO = """
const {createPublicKey, verify} = require("crypto"), fs = require("fs");
const [key, line, kind] = process.argv.slice(1), envelope = JSON.parse(fs.readFileSync(line));
const payload = Buffer.from(envelope.payload, "base64"), type = envelope.payloadType;
const covered = Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `), payload]);
const sig = Buffer.from(envelope.signatures[0].sig, "base64");
process.exit(verify(kind === "p256" ? "sha256" : null, covered, createPublicKey(fs.readFileSync(key)), sig) ? 0 : 1);
"""
SIGSTORE_VERIFY = """
const {Verifier, toTrustMaterial, toSignedEntity} = require("@sigstore/verify");
const {bundleFromJSON} = require("@sigstore/bundle");
const {createPublicKey} = require("crypto"), fs = require("fs");
const [key, line] = process.argv.slice(1), envelope = JSON.parse(fs.readFileSync(line));
const hint = envelope.signatures[0].keyid;
const bundle = bundleFromJSON({
  mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
  verificationMaterial: {publicKey: {hint}},
  dsseEnvelope: envelope,
});
const root = {mediaType: "", tlogs: [], ctlogs: [], certificateAuthorities: [], timestampAuthorities: []};
const finder = (asked) => {
  if (asked !== hint) throw new Error(`unknown key ${asked}`);
  return {publicKey: createPublicKey(fs.readFileSync(key)), validFor: () => true};
};
const options = {tlogThreshold: 0, ctlogThreshold: 0, tsaThreshold: 0, timestampThreshold: 0};
try {
  new Verifier(toTrustMaterial(root, finder), options).verify(toSignedEntity(bundle));
} catch (problem) {
  console.error(`${problem.code || problem}`);
  process.exit(problem.code === "SIGNATURE_ERROR" ? 1 : 2);
}
"""


@dataclass(frozen=True, slots=True)
class Case:
    """A report's envelope in a file, with the public key beside it."""

    kind: str
    line: Path
    key: Path
    signer: Signer

    @property
    def envelope(self) -> Envelope:
        """The envelope as it is in the file."""
        return Envelope.from_bytes(self.line.read_bytes())

    def flip(self, where: str) -> "Case":
        """The same case with one bit of the payload or of the signature flipped."""
        old = self.envelope
        payload, sig = bytearray(old.payload), bytearray(old.signatures[0].sig)
        changed = payload if where == "payload" else sig
        # Not in the framing of the signature: its last byte is one of its number in both kinds.
        changed[-2 if where == "payload" else -1] ^= 1
        new = Envelope(
            payload_type=old.payload_type,
            payload=bytes(payload),
            signatures=(Signature(keyid=old.signatures[0].keyid, sig=bytes(sig)),),
        )
        path = self.line.with_name(f"flipped-{where}-{self.line.name}")
        path.write_bytes(new.to_bytes())
        return Case(self.kind, path, self.key, self.signer)


def by_securesystemslib(case: Case) -> bool:
    """Python: securesystemslib."""
    key = SSlibKey.from_crypto(load_pem_public_key(case.key.read_bytes()))
    try:
        return bool(ForeignEnvelope.from_dict(json.loads(case.line.read_bytes())).verify([key], threshold=1))
    except ForeignRefusal:
        return False


def by_in_toto(case: Case) -> bool:
    """Python: in-toto, from the file."""
    key = SSlibKey.from_crypto(load_pem_public_key(case.key.read_bytes()))
    try:
        Metadata.load(str(case.line)).verify_signature({**key.to_dict(), "keyid": key.keyid})
    except SignatureVerificationError:
        # It says the same of a key that it does not find: make sure that it did.
        assert case.signer.keyid == key.keyid
        return False
    return True


def by_openssl(case: Case) -> bool:
    """The OpenSSL command line."""
    covered, sig = case.line.with_suffix(".covered"), case.line.with_suffix(".sig")
    covered.write_bytes(case.envelope.pae())
    sig.write_bytes(case.envelope.signatures[0].sig)
    if case.kind == "p256":
        command = ["openssl", "dgst", "-sha256", "-verify", str(case.key), "-signature", str(sig), str(covered)]
    else:
        command = [
            "openssl",
            "pkeyutl",
            "-verify",
            "-rawin",
            "-pubin",
            "-inkey",
            str(case.key),
            "-sigfile",
            str(sig),
            "-in",
            str(covered),
        ]
    return status(command) == 0


def by_node_crypto(case: Case) -> bool:
    """Node's own crypto, encoding the signed bytes itself."""
    return status(["node", "-e", NODE_CRYPTO, str(case.key), str(case.line), case.kind]) == 0


def status(command: list[str], cwd: Path | None = None) -> int:
    """The exit status of a verifier: 0 accepted, 1 rejected; anything else is no answer."""
    done = subprocess.run(command, capture_output=True, timeout=60, check=False, cwd=cwd)
    assert done.returncode in (0, 1), done.stderr
    return done.returncode


VERIFIERS: dict[str, tuple[Callable[[Case], bool], str]] = {
    "securesystemslib": (by_securesystemslib, ""),
    "in-toto": (by_in_toto, ""),
    "openssl": (by_openssl, "openssl"),
    "node": (by_node_crypto, "node"),
}


@pytest.fixture(params=list(KEYS))
def cases(request: pytest.FixtureRequest, tmp_path: Path) -> list[Case]:
    """Both envelopes of a report, signed with each kind of key."""
    signer = Signer(KEYS[request.param])
    folder = a_report(tmp_path / "report", signer)
    lines = (folder / "matrix.intoto.jsonl").read_bytes().splitlines()
    for number, line in enumerate(lines):
        (tmp_path / f"{number}.json").write_bytes(line)
    return [
        Case(request.param, tmp_path / f"{number}.json", folder / "signing-key.pub.pem", signer)
        for number in range(len(lines))
    ]


def hold(cases: list[Case], verify: Callable[[Case], bool]) -> None:
    """A verifier must accept each envelope, and reject it with one bit of its payload, or of its signature, flipped."""
    for case in cases:
        assert base64.b64encode(case.envelope.payload) in case.line.read_bytes()
        assert verify(case)
        assert not verify(case.flip("payload"))
        assert not verify(case.flip("signature"))


@pytest.mark.parametrize("name", list(VERIFIERS))
def test_foreign_verifier(name: str, cases: list[Case]) -> None:
    """Each accepts what we signed and rejects it after one flipped bit."""
    verify, program = VERIFIERS[name]
    if program and not shutil.which(program):
        pytest.skip(f"{program} is not on PATH")
    hold(cases, verify)


@pytest.fixture(scope="module")
def npm_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with @sigstore/verify, from the npm registry."""
    for program in ("node", "npm"):
        if not shutil.which(program):
            pytest.skip(f"{program} is not on PATH")
    folder = tmp_path_factory.mktemp("npm")
    command = [
        "npm",
        "install",
        "--prefix",
        str(folder),
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        "--silent",
        "--prefer-offline",
    ]
    try:
        done = subprocess.run(
            [*command, "@sigstore/verify@3", "@sigstore/bundle@4"], capture_output=True, timeout=120, check=False
        )
    except subprocess.TimeoutExpired:
        pytest.skip("npm did not install @sigstore/verify in two minutes")
    if done.returncode != 0:
        pytest.skip(f"npm cannot install @sigstore/verify: {done.stderr.decode(errors='replace')[-200:]}")
    return folder


def test_sigstore_verify(cases: list[Case], npm_folder: Path) -> None:
    """The JavaScript verifier of Sigstore, given the envelope as a bundle with the key's id as hint."""
    hold(
        cases, lambda case: status(["node", "-e", SIGSTORE_VERIFY, str(case.key), str(case.line)], cwd=npm_folder) == 0
    )
