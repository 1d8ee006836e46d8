"""Tests of adding signatures: with a second key, and keyless through Sigstore (whose library is stood in for)."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from pytest_smi.cli import main
from pytest_smi.errors import KeyProblem, ReportError, UsageProblem, VerificationError
from pytest_smi.reports.countersign import countersign, countersign_keyless
from pytest_smi.reports.verify import verify_report
from pytest_smi.signing.dsse import PAYLOAD_TYPE, Envelope
from pytest_smi.signing.signer import Signer
from pytest_smi.signing.sigstore import BUNDLES_FILE, sign_keyless
from tests.support.reports import SIGNER, a_report

KEY = ed25519.Ed25519PrivateKey.generate()
SECOND = Signer(KEY)


def run(*arguments: object) -> int:
    """The exit status of the command line."""
    with pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in arguments])
    return int(str(caught.value.code))


class TestSecondKey:
    """Two keys on one report."""

    def test_both_are_needed_and_enough(self, tmp_path: Path) -> None:
        """With both signatures a threshold of two is met; each key alone still does for one."""
        folder = a_report(tmp_path / "r")
        both = [SIGNER.public_key, SECOND.public_key]
        with pytest.raises(VerificationError, match="step 4"):
            verify_report(folder, both, threshold=2)
        countersign(folder, [SIGNER.public_key], SECOND)
        assert verify_report(folder, both, threshold=2).signers == tuple(
            sorted((SIGNER.fingerprint, SECOND.fingerprint))
        )
        assert verify_report(folder, [SECOND.public_key]).signers == (SECOND.fingerprint,)
        with pytest.raises(KeyProblem, match="step 1"):
            verify_report(folder, both, threshold=3)

    def test_refusals(self, tmp_path: Path) -> None:
        """A report that does not verify is not signed, nor one that this key has signed."""
        folder = a_report(tmp_path / "r")
        with pytest.raises(ReportError, match="already"):
            countersign(folder, [SIGNER.public_key], SIGNER)
        (folder / "evidence" / "TA-01.json").write_text("{}")
        before = (folder / "matrix.intoto.jsonl").read_bytes()
        with pytest.raises(VerificationError, match="step 9"):
            countersign(folder, [SIGNER.public_key], SECOND)
        assert (folder / "matrix.intoto.jsonl").read_bytes() == before

    def test_command(self, tmp_path: Path) -> None:
        """`pytest-smi sign`, then `verify --threshold 2`."""
        folder = a_report(tmp_path / "r")
        key, public = tmp_path / "second.pem", tmp_path / "second.pub.pem"
        key.write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        key.chmod(0o600)
        public.write_bytes(SECOND.public_pem)
        first = folder / "signing-key.pub.pem"
        assert run("sign", folder, "--key", first, "--signing-key", key) == 0
        assert run("verify", folder, "--key", first, "--key", public, "--threshold", "2") == 0
        assert run("sign", folder, "--key", first, "--signing-key", key, "--sigstore") == 4


class FakeError(Exception):
    """The base of the stand-in's errors."""


class FakeSigstore:
    """As much of sigstore-python's documented API as we use; a bundle is JSON with identity, issuer and payload."""

    def __init__(self, *, ambient: str | None = "token", online: bool = True) -> None:
        self.ambient, self.online = ambient, online

    def modules(self) -> dict[str, Any]:
        """Its modules by name."""
        fake = self

        class Config:
            signing_config = SimpleNamespace(get_oidc_url=lambda: "https://oauth2.example")

            @classmethod
            def production(cls, offline: bool = False) -> "Config":
                if not fake.online:
                    raise FakeError("no route to the TUF repository")
                return cls()

        class Bundle:
            def __init__(self, text: str) -> None:
                self.text = text

            @classmethod
            def from_json(cls, raw: bytes) -> "Bundle":
                return cls(json.dumps(json.loads(raw)))

            def to_json(self) -> str:
                return self.text

        class Context:
            @classmethod
            def from_trust_config(cls, _config: Config) -> "Context":
                return cls()

            @contextmanager
            def signer(self, token: str) -> Iterator[Any]:
                def sign_dsse(payload: bytes) -> Bundle:
                    return Bundle(
                        json.dumps(
                            {"who": f"me-{token}", "issuer": "https://issuer", "payload": payload.decode()}, indent=1
                        )
                    )

                yield SimpleNamespace(sign_dsse=sign_dsse)

        class Verifier:
            @classmethod
            def production(cls, *, offline: bool = False) -> "Verifier":
                Config.production(offline)
                return cls()

            def verify_dsse(self, bundle: Bundle, policy: Any) -> tuple[str, bytes]:
                document = json.loads(bundle.text)
                if (document["who"], document["issuer"]) != (policy.identity, policy.issuer):
                    raise FakeError("certificate's identity does not match")
                return document.get("kind", PAYLOAD_TYPE), document["payload"].encode()

        class IssuerError(Exception):
            pass

        parts: dict[str, Any] = {
            "sigstore": ModuleType("sigstore"),
            "sigstore.models": SimpleNamespace(ClientTrustConfig=Config, Bundle=Bundle),
            "sigstore.sign": SimpleNamespace(SigningContext=Context),
            "sigstore.oidc": SimpleNamespace(
                detect_credential=lambda: self.ambient,
                IdentityToken=lambda raw: raw,
                Issuer=None,
                IssuerError=IssuerError,
            ),
            "sigstore.dsse": SimpleNamespace(Statement=lambda payload: payload),
            "sigstore.errors": SimpleNamespace(Error=FakeError),
            "sigstore.verify": SimpleNamespace(Verifier=Verifier),
            "sigstore.verify.policy": SimpleNamespace(
                Identity=lambda identity, issuer: SimpleNamespace(identity=identity, issuer=issuer)
            ),
        }
        return parts


def install(monkeypatch: pytest.MonkeyPatch, fake: FakeSigstore) -> None:
    """Let `import sigstore…` find the stand-in."""
    for name, module in fake.modules().items():
        monkeypatch.setitem(sys.modules, name, module)


class TestKeyless:
    """Sigstore, as far as it goes without its services."""

    WHO = ("--sigstore-identity", "me-token", "--sigstore-issuer", "https://issuer")

    def test_signs_and_verifies(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Both statements are signed as they are in the envelopes; the report verifies by identity alone,
        and by key as before."""
        install(monkeypatch, FakeSigstore())
        folder = a_report(tmp_path / "r")
        key = folder / "signing-key.pub.pem"
        assert run("sign", folder, "--key", key, "--sigstore") == 0
        lines = (folder / BUNDLES_FILE).read_bytes().splitlines()
        envelopes = [Envelope.from_bytes(line) for line in (folder / "matrix.intoto.jsonl").read_bytes().splitlines()]
        assert [json.loads(line)["payload"].encode() for line in lines] == [envelope.payload for envelope in envelopes]
        assert run("verify", folder, *self.WHO) == 0
        assert run("verify", folder, "--key", key) == 0

    @pytest.mark.parametrize(
        ("arguments", "status"),
        [
            (("--sigstore-identity", "somebody", "--sigstore-issuer", "https://issuer"), 1),
            (("--sigstore-identity", "me-token"), 4),
            ((), 4),
        ],
    )
    def test_others_are_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], status: int
    ) -> None:
        """Another identity is a refusal; half an identity, or nobody to trust, is no question."""
        install(monkeypatch, FakeSigstore())
        folder = a_report(tmp_path / "r")
        countersign_keyless(folder, [SIGNER.public_key], may_ask=False)
        assert run("verify", folder, *arguments) == status

    def test_spoiled(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Bundles that are missing, one too few, of another type, or over another matrix are refused."""
        install(monkeypatch, FakeSigstore())
        folder = a_report(tmp_path / "r")
        assert run("verify", folder, *self.WHO) == 1
        countersign_keyless(folder, [SIGNER.public_key], may_ask=False)
        bundles = (folder / BUNDLES_FILE).read_bytes()
        first, second = bundles.splitlines(keepends=True)
        other = json.dumps({**json.loads(second), "kind": "text/plain"}).encode()
        for spoiled in (b"", first, first + first, first + b"{\n", first + other):
            (folder / BUNDLES_FILE).write_bytes(spoiled)
            assert run("verify", folder, *self.WHO) == 1
        (folder / BUNDLES_FILE).write_bytes(bundles)
        (folder / "matrix.json").write_bytes((folder / "matrix.json").read_bytes().replace(b"n1", b"n2"))
        assert run("verify", folder, *self.WHO) == 1

    def test_without_the_extra(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """One clear line with the command that installs it."""
        for name in [name for name in sys.modules if name.partition(".")[0] == "sigstore"]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "sigstore", None)
        folder = a_report(tmp_path / "r")
        assert run("sign", folder, "--key", folder / "signing-key.pub.pem", "--sigstore") == 4
        assert "pip install 'pytest-smi[sigstore]'" in capsys.readouterr().err

    def test_offline(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        """One clear line that says what could not be reached and what works without."""
        install(monkeypatch, FakeSigstore(online=False))
        folder = a_report(tmp_path / "r")
        assert run("sign", folder, "--key", folder / "signing-key.pub.pem", "--sigstore") == 3
        error = capsys.readouterr().err
        assert "cannot be reached" in error
        assert "--signing-key FILE" in error

    def test_without_an_identity(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Neither a CI job nor somebody to ask."""
        install(monkeypatch, FakeSigstore(ambient=None))
        with pytest.raises(UsageProblem, match="needs an identity"):
            sign_keyless([b"{}"], may_ask=False)
