"""The end of a tunnel that is a connection to another sidecar: bytes and half-close travel as frames."""

from __future__ import annotations

from pytest_smi.reference.mesh.proxy import frames
from pytest_smi.reference.mesh.proxy.frames import FrameProtocol
from pytest_smi.reference.mesh.proxy.tunnel import TunnelEnd


class FrameTunnel(TunnelEnd, FrameProtocol):
    """A connection between sidecars that may become a tunnel."""

    def write(self, data: bytes) -> None:
        """Send bytes."""
        self.send(frames.frame(frames.DATA, data))

    def half_close(self) -> bool:
        """Send that no more comes."""
        self.send(frames.frame(frames.EOF))
        return True
