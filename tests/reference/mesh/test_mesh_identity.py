"""SVIDs, and TLS that must fail: a foreign authority, no certificate, the wrong pod."""

from __future__ import annotations

import asyncio
import ssl
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_smi.reference.mesh.identity import (
    MeshAuthority,
    client_context,
    identity_of,
    new_key_request,
    pod_name,
    spiffe_id,
    write_private,
)
from pytest_smi.reference.mesh.proxy import frames
from pytest_smi.reference.mesh.proxy.exchange import Request
from pytest_smi.reference.mesh.proxy.mesh_client import WrongPeer

Run = Callable[[Callable[[Any], Any]], None]


def test_spiffe_ids_read_back() -> None:
    """An identity survives its SPIFFE id; other trust domains and forms are nobody."""
    assert identity_of(spiffe_id(("t1", "a"))) == ("t1", "a")
    for uri in (
        "spiffe://elsewhere/ns/t1/sa/a",
        "spiffe://cluster.local/ns/t1/sa/a/b",
        "spiffe://cluster.local/x/t1/sa/a",
        "https://a",
    ):
        assert identity_of(uri) is None


def test_no_pod_is_named_like_a_server() -> None:
    """Names of pods may have dots: their certificates name none of the control plane's hosts all the same."""
    for pod in ("control-plane.smi-reference.svc", "control-plane.smi-reference.svc.cluster.local"):
        assert pod_name("t1", pod).endswith(".t1.pod.cluster.local")


def test_an_authority_survives_its_pem_form() -> None:
    """Stored and loaded, it is the same authority."""
    authority = MeshAuthority.create()
    assert MeshAuthority.from_pem(*authority.to_pem()).certificate_pem == authority.certificate_pem


def test_private_files_are_private(tmp_path: Path) -> None:
    """Keys are for their owner alone."""
    assert stat.S_IMODE(write_private(tmp_path / "key", b"x").stat().st_mode) == 0o600


def _context(folder: Path, issuer: MeshAuthority, trusted: MeshAuthority) -> ssl.SSLContext:
    asked = new_key_request()
    chain = write_private(folder / "other.pem", issuer.issue_workload(asked.request, ("t1", "a"), "cli"))
    key = write_private(folder / "other.key", asked.key)
    return client_context(chain, key, authority=trusted.certificate_pem)


async def _request_over(pair: Any, context: ssl.SSLContext) -> bytes:
    """Send a request frame over a hand-made connection; what comes back."""
    try:
        async with asyncio.timeout(5):
            reader, writer = await asyncio.open_connection(
                pair.server.plane.pod_ip, 15006, ssl=context, server_hostname="mesh"
            )
            request = Request(
                version=b"1", method="GET", target=b"/m", headers=[(b"host", b"srv")], body=b"", started=0.0
            )
            writer.write(frames.request_frame(8080, 0, request))
            data = await reader.read(1000)
            writer.close()
            return data
    except (OSError, ssl.SSLError):
        return b""


def test_who_has_no_certificate_of_the_mesh_gets_nowhere(
    run_pair: Run, grants: Callable[..., Any], tmp_path: Path
) -> None:
    """No certificate, or one of another authority: the handshake fails and the application sees nothing;
    a real one works."""

    async def scenario(pair: Any) -> None:
        pair.grant(grants())
        bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        bare.check_hostname = False
        bare.load_verify_locations(cadata=pair.authority.certificate_pem.decode())
        assert await _request_over(pair, bare) == b""
        assert await _request_over(pair, _context(tmp_path, MeshAuthority.create(), pair.authority)) == b""
        assert pair.app.seen == []
        assert await _request_over(pair, _context(tmp_path, pair.authority, pair.authority)) != b""
        assert len(pair.app.seen) == 1

    run_pair(scenario)


def test_a_server_of_another_identity_is_not_spoken_to(run_pair: Run) -> None:
    """The caller checks that the pod at an address proves the identity that it should have."""

    async def scenario(pair: Any) -> None:
        with pytest.raises(WrongPeer):
            await pair.client.plane.pool.connect(pair.server.plane.pod_ip, ("t1", "impostor"))

    run_pair(scenario)
