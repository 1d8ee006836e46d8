"""Whether what reaches the called pod gets to its application: policy's word, applied to requests; no I/O."""

from __future__ import annotations

from pytest_smi.reference.mesh.policy import HttpRequest
from pytest_smi.reference.mesh.proxy.denials import Denials
from pytest_smi.reference.mesh.proxy.exchange import Request
from pytest_smi.reference.mesh.proxy.state import MeshState
from pytest_smi.reference.mesh.smi import Identity


class Admission:
    """Decides over the requests that reach one pod."""

    def __init__(self, state: MeshState) -> None:
        self.state = state
        self._denials = state.variant(Denials)()

    def allows(self, request: Request, port: int, source: Identity | None, peer: str, split: bool) -> bool:
        """Return whether a request is let in.

        `source` is the identity that the caller's certificate proves, `peer` its address; `split` says that a split
        chose this pod, which grants nothing.
        """
        return self.state.policy.allow_http(_seen(request, port), source).allowed

    def allows_outsider(self, request: Request, port: int, peer: str, pod_ip: str) -> bool:
        """Return whether a plaintext request to the pod at `pod_ip` is let in: it proves no identity."""
        return self.allows(request, port, None, peer, False)

    def passes_plaintext(self) -> bool:
        """Return whether plaintext bytes go to the application whatever they are."""
        return False

    def delivers(self, request: Request, allowed: bool) -> bool:
        """Return whether the application gets to see a request."""
        return allowed

    def opaque(self, data: bytes) -> bytes:
        """Return what the application gets of raw bytes that are let in: all of them."""
        return data

    def half_closes(self) -> bool:
        """Return whether a caller may end its direction of a raw connection and still be answered."""
        return True

    def refusal(self, request: Request, port: int, source: Identity | None) -> int:
        """Return what a request that was not let in is answered: a status,
        or one of `denials.RESET` and `denials.CLOSE`."""
        return self._denials.status(self.state.policy.denial(_seen(request, port), source))


def _seen(request: Request, port: int) -> HttpRequest:
    return HttpRequest(port=port, method=request.method, target=request.target, headers=request.headers)
