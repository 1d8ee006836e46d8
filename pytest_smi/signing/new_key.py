"""Making a signing key."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from pytest_smi.errors import KeyProblem


def make_key(path: Path) -> bool:
    """Make a P-256 key at `path`, mode 0600.

    False when another process was first: its key stands. Raises `KeyProblem`.
    """
    pem = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(pem)
                file.flush()
                os.fsync(file.fileno())
            # A hard link appears whole or not at all, and fails when the name is taken:
            # of many processes one wins, and none sees half a key.
            os.link(draft, path)
        finally:
            with suppress(FileNotFoundError):
                draft.unlink()
    except FileExistsError:
        if path.parent.is_dir():
            return False
        raise KeyProblem(
            f"a key lies in a folder; {path.parent} is not one", "Move it away or give --smi-signing-key=FILE."
        ) from None
    except OSError as error:
        raise KeyProblem(
            f"a signing key must be kept somewhere; {path} cannot be written: {error.strerror}",
            f"Make {path.parent} writable, set XDG_CONFIG_HOME, or give --smi-signing-key=FILE.",
        ) from None
    return True
