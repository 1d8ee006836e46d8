"""The Unix socket between server and journal, at any path length."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

SOCKET_NAME = "sample-app.sock"


def socket_folder(env: Mapping[str, str]) -> str:
    """Return the folder of the socket: TMPDIR, else /tmp."""
    return env.get("TMPDIR") or "/tmp"  # noqa: S108 - contract 1 fixes this default; in a pod the folder is its own


@contextmanager
def socket_address(folder: str) -> Iterator[str]:
    """An address for bind or connect, valid inside the block. Raises OSError if the folder cannot be opened."""
    # sun_path holds 107 bytes; through a descriptor of the folder the address stays short.
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{SOCKET_NAME}"
    finally:
        os.close(descriptor)
