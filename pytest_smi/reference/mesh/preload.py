"""Preloaded into the process that sidecars are forked from: does once what every sidecar would do first.

Imported for its effect. OpenSSL's tables, the first key, signing request, context, handshake and event loop are made
here, before forking, so that sidecars share those pages and start sooner. Nothing made here is kept:
no key outlives the import.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import tempfile
from pathlib import Path

import uvloop

from pytest_smi.reference.mesh.identity import (
    MeshAuthority,
    client_context,
    new_key_request,
    server_context,
    write_private,
)


def _handshake(folder: Path) -> None:
    authority = MeshAuthority.create()
    request = new_key_request()
    chain = write_private(folder / "chain.pem", authority.issue_workload(request.request, ("warm", "warm"), "warm"))
    key = write_private(folder / "key.pem", request.key)
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client_context(chain, key, authority=authority.certificate_pem).wrap_bio(back, there),
        server_context(chain, key, authority=authority.certificate_pem).wrap_bio(there, back, server_side=True),
    ]
    for _ in range(4):
        for end in ends:
            with contextlib.suppress(ssl.SSLWantReadError):
                end.do_handshake()


async def _nothing() -> None:
    await asyncio.sleep(0)


with tempfile.TemporaryDirectory() as name:
    _handshake(Path(name))
uvloop.run(_nothing())
