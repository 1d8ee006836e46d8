"""Faults of raw TCP: what happens to bytes on their way."""

from __future__ import annotations

from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.proxy.admission import Admission


class NulsDropped(Admission):
    """Takes bytes for text."""

    def opaque(self, data: bytes) -> bytes:
        """Drop bytes that end a text."""
        return super().opaque(data).replace(b"\0", b"")


NULS_DROPPED = Fault(
    name="specs-tcp-nuls-dropped",
    description="NUL bytes of raw TCP are lost.",
    breaks=("TS-44",),
    overrides=(NulsDropped,),
)


class HalfCloseCuts(Admission):
    """Takes half a close for a whole one."""

    def half_closes(self) -> bool:
        """Cut the connection where one direction ends."""
        return False


HALF_CLOSE_CUTS = Fault(
    name="specs-tcp-half-close-cuts",
    description="A raw TCP connection is cut as soon as the client ends its direction.",
    breaks=("TS-40",),
    overrides=(HalfCloseCuts,),
    versions="access=v1alpha2",
)

STREAMS = (NULS_DROPPED, HALF_CLOSE_CUTS)
