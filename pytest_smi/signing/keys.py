"""Where keys come from: a file, the environment, or one made once in the user's configuration folder.

A private key is accepted only if nobody else can read its file. Nothing here prints,
logs or puts into an error any private material.
"""

import getpass
import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    load_pem_private_key,
    load_pem_public_key,
)

from pytest_smi.errors import KeyProblem
from pytest_smi.signing.new_key import make_key

__all__ = [
    "KEY_VARIABLE",
    "PASSPHRASE_VARIABLE",
    "Ask",
    "FoundKey",
    "PrivateKey",
    "PublicKey",
    "ask_on_terminal",
    "default_key_path",
    "find_key",
    "load_private_key",
    "load_public_key",
    "parse_private_key",
    "parse_public_key",
]

KEY_VARIABLE = "SMI_SIGNING_KEY"
"""Environment variable that holds a private key: the PEM itself, not a path."""
PASSPHRASE_VARIABLE = "SMI_SIGNING_KEY_PASSPHRASE"  # noqa: S105, a name, not a secret
"""Environment variable that holds the passphrase of an encrypted private key."""

PrivateKey = EllipticCurvePrivateKey | Ed25519PrivateKey
PublicKey = EllipticCurvePublicKey | Ed25519PublicKey

Ask = Callable[[str], str | None]
"""Gets the passphrase of the key from this origin, or None."""

_LARGEST = 64 * 1024
_ACCEPTED = "ECDSA P-256 or Ed25519"


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundKey:
    """A private key and where it came from. `made`: this very call made it (tell the user where it is)."""

    key: PrivateKey
    origin: str
    made: bool = False

    def __repr__(self) -> str:
        return f"FoundKey(origin={self.origin!r}, made={self.made})"


def find_key(option: Path | None, environ: Mapping[str, str], ask: Ask | None = None) -> FoundKey:
    """Return the key to sign with: the file given, else `SMI_SIGNING_KEY`, else the user's own, made on first use.
    Raises `KeyProblem`.

    `ask`: how to get the passphrase of an encrypted key when the environment has none; it is given the key's origin.
    """
    if option is not None:
        return FoundKey(key=load_private_key(option, environ, ask), origin=str(option))
    if environ.get(KEY_VARIABLE):
        pem = environ[KEY_VARIABLE].encode()
        if b"-----BEGIN" not in pem:
            raise KeyProblem(
                f"{KEY_VARIABLE} must hold a private key in PEM form; it does not begin with -----BEGIN",
                "Put the PEM itself there, or give a file with --smi-signing-key=FILE.",
            )
        return FoundKey(key=parse_private_key(pem, KEY_VARIABLE, environ, ask), origin=KEY_VARIABLE)
    path = default_key_path(environ)
    made = not path.exists() and make_key(path)
    return FoundKey(key=load_private_key(path, environ, ask), origin=str(path), made=made)


def default_key_path(environ: Mapping[str, str]) -> Path:
    """Return where the user's own key is: `$XDG_CONFIG_HOME/pytest-smi/signing-key.pem`,
    by default under `~/.config`."""
    # The XDG specification says that a relative path is to be ignored.
    base = environ.get("XDG_CONFIG_HOME", "")
    if base.startswith("/"):
        return Path(base) / "pytest-smi" / "signing-key.pem"
    home = environ.get("HOME", "")
    if not home.startswith("/"):
        raise KeyProblem(
            "a signing key of your own needs a home; neither XDG_CONFIG_HOME nor HOME is set",
            "Give --smi-signing-key=FILE.",
        )
    return Path(home) / ".config" / "pytest-smi" / "signing-key.pem"


def ask_on_terminal(origin: str) -> str | None:
    """Ask for the passphrase of a key on the terminal, without echo; None when there is no terminal."""
    try:
        # Not the standard input: pytest takes that away, and a pipe is nobody to ask.
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC))
        return getpass.getpass(f"Passphrase of {origin}: ")
    except (OSError, EOFError):
        return None


def load_private_key(path: Path, environ: Mapping[str, str], ask: Ask | None = None) -> PrivateKey:
    """Read a private key from a file that only its owner can read. Raises `KeyProblem`."""
    return parse_private_key(_read(path, private=True), str(path), environ, ask)


def parse_private_key(pem: bytes, origin: str, environ: Mapping[str, str], ask: Ask | None = None) -> PrivateKey:
    """Read a private key in PEM form, with the passphrase from `SMI_SIGNING_KEY_PASSPHRASE`, else from `ask`.

    Raises `KeyProblem`.
    """
    passphrase = environ.get(PASSPHRASE_VARIABLE, "").encode() or None
    if passphrase is None and ask is not None and b"ENCRYPTED" in pem:
        passphrase = (ask(origin) or "").encode() or None
    # Errors of the library are not chained: they may quote what they could not read.
    try:
        key = load_pem_private_key(pem, passphrase)
    except TypeError:
        if passphrase is None:
            raise KeyProblem(
                f"the key in {origin} is encrypted",
                f"Set {PASSPHRASE_VARIABLE} to its passphrase, or run on a terminal.",
            ) from None
        # A passphrase that is set for another key does no harm to a key that has none.
        return parse_private_key(pem, origin, {})
    except (ValueError, UnsupportedAlgorithm):
        wrong = b"ENCRYPTED" in pem and passphrase is not None
        problem = "cannot be decrypted" if wrong else "is not a private key in PEM form"
        remedy = (
            f"Check the passphrase, in {PASSPHRASE_VARIABLE} or as you typed it."
            if wrong
            else f"Give a PEM of {_ACCEPTED}; `pytest-smi keygen` makes one."
        )
        raise KeyProblem(f"the key in {origin} {problem}", remedy) from None
    if isinstance(key, Ed25519PrivateKey) or (
        isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP256R1)
    ):
        return key
    raise KeyProblem(
        f"a signing key must be {_ACCEPTED}; {origin} holds another kind", "Make one with `pytest-smi keygen`."
    )


def load_public_key(path: Path) -> PublicKey:
    """Read a public key from a PEM file. Raises `KeyProblem`."""
    return parse_public_key(_read(path, private=False), str(path))


def parse_public_key(pem: bytes, origin: str) -> PublicKey:
    """Read a public key in PEM form. Raises `KeyProblem`."""
    if b"PRIVATE KEY" in pem:
        raise KeyProblem(
            f"a report is verified with a public key; {origin} holds a private one", "Give the .pub.pem file beside it."
        )
    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        raise KeyProblem(
            f"{origin} is not a public key in PEM form", "Give the signer's signing-key.pub.pem."
        ) from None
    if isinstance(key, Ed25519PublicKey) or (
        isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1)
    ):
        return key
    raise KeyProblem(
        f"a key must be {_ACCEPTED}; {origin} holds another kind", "Give the signer's signing-key.pub.pem."
    )


def _read(path: Path, *, private: bool) -> bytes:
    what = "a signing key" if private else "a public key"
    try:
        # O_NONBLOCK: a pipe without a writer would hold us for ever. The mode is taken from the open file, which cannot
        # be swapped.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if not stat.S_ISREG(mode):
                raise KeyProblem(
                    f"{what} must be a regular file; {path} is not",
                    f"Give the PEM file, or the PEM itself in {KEY_VARIABLE}.",
                )
            if private and mode & 0o077:
                raise KeyProblem(
                    f"{what} must be readable by its owner only; {path} has mode {stat.S_IMODE(mode):04o}",
                    f"Run `chmod 600 {path}`; if others may have read it, make a new one with `pytest-smi keygen`.",
                )
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise KeyProblem(
            f"{what} cannot be read from {path}: {error.strerror}", "Check the path and its permissions."
        ) from None
    if len(data) > _LARGEST:
        raise KeyProblem(f"{what} takes a few hundred bytes; {path} has more than {_LARGEST}", "Check the path.")
    return data
