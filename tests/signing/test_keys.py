"""Tests of finding, making and refusing keys."""

import os
import pty
import stat
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from pytest_smi.errors import KeyProblem
from pytest_smi.signing.keys import (
    KEY_VARIABLE,
    PASSPHRASE_VARIABLE,
    default_key_path,
    find_key,
    load_private_key,
    load_public_key,
    parse_private_key,
)
from pytest_smi.signing.new_key import make_key
from pytest_smi.signing.signer import Signer, fingerprint


def a_pem(
    key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey, passphrase: bytes | None = None
) -> bytes:
    """A private key in PEM form."""
    return key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    )


P256 = ec.generate_private_key(ec.SECP256R1())
ED25519 = ed25519.Ed25519PrivateKey.generate()


def a_file(folder: Path, data: bytes, mode: int = 0o600) -> Path:
    """A key file with the mode given."""
    path = folder / "key.pem"
    path.write_bytes(data)
    path.chmod(mode)
    return path


class TestFindKey:
    """Where the key to sign with comes from."""

    def test_file_before_environment(self, tmp_path: Path) -> None:
        """A file given wins over the environment."""
        path = a_file(tmp_path, a_pem(P256))
        found = find_key(path, {KEY_VARIABLE: a_pem(ED25519).decode()})
        assert fingerprint(found.key.public_key()) == fingerprint(P256.public_key())
        assert found.origin == str(path)

    def test_environment_before_own(self, tmp_path: Path) -> None:
        """A PEM in the environment is used, and no key is made."""
        found = find_key(None, {KEY_VARIABLE: a_pem(ED25519).decode(), "XDG_CONFIG_HOME": str(tmp_path)})
        assert found.origin == KEY_VARIABLE
        assert not list(tmp_path.iterdir())

    def test_own_key_is_made_once(self, tmp_path: Path) -> None:
        """With nothing given a key is made, mode 0600, and found again the next time."""
        environ = {"XDG_CONFIG_HOME": str(tmp_path)}
        first, second = find_key(None, environ), find_key(None, environ)
        assert (first.made, second.made) == (True, False)
        assert fingerprint(first.key.public_key()) == fingerprint(second.key.public_key())
        path = tmp_path / "pytest-smi" / "signing-key.pem"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert [entry.name for entry in path.parent.iterdir()] == ["signing-key.pem"]

    def test_processes_that_race_agree(self, tmp_path: Path) -> None:
        """Processes that all make the key at once end up with one and the same."""
        program = (
            "import os; from pytest_smi.signing.keys import find_key; from pytest_smi.signing.signer import "
            "fingerprint;"
            "print(fingerprint(find_key(None, os.environ).key.public_key()))"
        )
        environ = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path)}
        environ.pop(KEY_VARIABLE, None)
        racers = [
            subprocess.Popen([sys.executable, "-c", program], env=environ, stdout=subprocess.PIPE) for _ in range(4)
        ]
        seen = {racer.communicate(timeout=60)[0] for racer in racers}
        assert len(seen) == 1
        assert seen.pop().startswith(b"SHA256:")

    def test_late_maker_leaves_the_first_key(self, tmp_path: Path) -> None:
        """Making a key where one is returns False and changes nothing."""
        path = a_file(tmp_path, a_pem(P256))
        before = path.read_bytes()
        assert make_key(path) is False
        assert path.read_bytes() == before

    def test_default_path(self) -> None:
        """XDG_CONFIG_HOME if absolute, else ~/.config; with neither, a remedy."""
        assert default_key_path({"HOME": "/h", "XDG_CONFIG_HOME": "rel"}) == Path(
            "/h/.config/pytest-smi/signing-key.pem"
        )
        assert default_key_path({"HOME": "/h", "XDG_CONFIG_HOME": "/x"}) == Path("/x/pytest-smi/signing-key.pem")
        with pytest.raises(KeyProblem, match="needs a home"):
            default_key_path({})


class TestRefusals:
    """Each failure is a KeyProblem with a remedy, and none shows private material."""

    @pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
    def test_readable_by_others(self, tmp_path: Path, mode: int) -> None:
        """A key that others may read is refused with the chmod that mends it."""
        path = a_file(tmp_path, a_pem(P256), mode)
        with pytest.raises(KeyProblem, match="owner only") as caught:
            load_private_key(path, {})
        assert f"chmod 600 {path}" in caught.value.hint

    def test_missing_and_odd_files(self, tmp_path: Path) -> None:
        """No file, a folder, a pipe and a file without end are refused at once."""
        os.mkfifo(tmp_path / "pipe", 0o600)
        for path in (tmp_path / "none", tmp_path, tmp_path / "pipe", a_file(tmp_path, b"x" * 100_000)):
            with pytest.raises(KeyProblem) as caught:
                load_private_key(path, {})
            assert caught.value.hint

    def test_encrypted(self, tmp_path: Path) -> None:
        """An encrypted key opens with the right passphrase; without one, or with a wrong one, the variable is named."""
        path = a_file(tmp_path, a_pem(P256, b"right"))
        load_private_key(path, {PASSPHRASE_VARIABLE: "right"})
        for environ in ({}, {PASSPHRASE_VARIABLE: "wrong"}):
            with pytest.raises(KeyProblem) as caught:
                load_private_key(path, environ)
            assert PASSPHRASE_VARIABLE in caught.value.hint
            assert "wrong" not in str(caught.value)

    def test_asked_for(self, tmp_path: Path) -> None:
        """Without the variable the passphrase is asked for, by the origin of the key; a plain key asks nothing;
        no answer is an error."""
        asked: list[str] = []

        def answer(origin: str) -> str:
            asked.append(origin)
            return "right"

        path = a_file(tmp_path, a_pem(P256, b"right"))
        assert find_key(path, {}, answer).origin == str(path)
        find_key(path, {PASSPHRASE_VARIABLE: "right"}, answer)
        parse_private_key(a_pem(P256), "plain", {}, answer)
        assert asked == [str(path)]
        with pytest.raises(KeyProblem, match="encrypted"):
            find_key(path, {}, lambda _: None)

    def test_asked_on_a_terminal(self, tmp_path: Path) -> None:
        """The prompt appears on the terminal, takes the passphrase without echo, and the key opens."""
        path = a_file(tmp_path, a_pem(P256, b"hidden words"))
        program = (
            "import sys; from pathlib import Path; from pytest_smi.signing.keys import ask_on_terminal, "
            "load_private_key\n"
            "load_private_key(Path(sys.argv[1]), {}, ask_on_terminal); print('opened')"
        )
        child, terminal = pty.fork()
        if child == 0:
            os.execv(sys.executable, [sys.executable, "-c", program, str(path)])
        seen = b""
        with open(terminal, "r+b", buffering=0) as stream:
            while b"Passphrase of" not in seen or not seen.rstrip().endswith(b":"):
                seen += stream.read(1024)
            stream.write(b"hidden words\n")
            with suppress(OSError):  # Linux ends a terminal whose other side is gone with EIO
                while piece := stream.read(1024):
                    seen += piece
        assert os.waitpid(child, 0)[1] == 0
        assert b"opened" in seen
        assert b"hidden words" not in seen

    def test_passphrase_for_a_key_without_one(self) -> None:
        """A passphrase in the environment does not hurt a key that has none."""
        parse_private_key(a_pem(P256), "x", {PASSPHRASE_VARIABLE: "something"})

    def test_other_kinds(self) -> None:
        """RSA and other curves are refused with the kinds accepted."""
        for key in (rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP384R1())):
            with pytest.raises(KeyProblem, match="ECDSA P-256 or Ed25519"):
                parse_private_key(a_pem(key), "x", {})

    def test_broken_pem_is_not_quoted(self) -> None:
        """A damaged key is refused without a word of its content."""
        pem = a_pem(P256).decode()
        body = pem.splitlines()[1]
        with pytest.raises(KeyProblem) as caught:
            find_key(None, {KEY_VARIABLE: pem.replace(body, body[:10])})
        assert body[:10] not in str(caught.value)
        assert caught.value.__cause__ is None

    def test_path_in_the_variable(self) -> None:
        """A path where the PEM belongs is explained."""
        with pytest.raises(KeyProblem, match="PEM form") as caught:
            find_key(None, {KEY_VARIABLE: "/some/key.pem"})
        assert "--smi-signing-key" in caught.value.hint

    def test_folder_that_cannot_be_made(self, tmp_path: Path) -> None:
        """A configuration folder that is a file gives a remedy."""
        (tmp_path / "pytest-smi").write_text("")
        with pytest.raises(KeyProblem) as caught:
            find_key(None, {"XDG_CONFIG_HOME": str(tmp_path)})
        assert "--smi-signing-key" in caught.value.hint

    def test_public_key(self, tmp_path: Path) -> None:
        """A private key, or nonsense, in the place of a public key is refused."""
        for data in (a_pem(P256), b"nonsense"):
            with pytest.raises(KeyProblem):
                load_public_key(a_file(tmp_path, data))
        assert fingerprint(load_public_key(a_file(tmp_path, Signer(P256).public_pem, 0o644))) == fingerprint(
            P256.public_key()
        )

    def test_representation_shows_no_key(self, tmp_path: Path) -> None:
        """Neither the found key nor the signer shows the key when printed."""
        found = find_key(a_file(tmp_path, a_pem(P256)), {})
        assert "key=" not in repr(found)
        assert repr(Signer(found.key)).startswith("Signer(SHA256:")
