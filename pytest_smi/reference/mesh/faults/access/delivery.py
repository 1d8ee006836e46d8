"""Faults of delivery: what gets to the application past policy."""

from __future__ import annotations

from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.proxy.admission import Admission
from pytest_smi.reference.mesh.proxy.exchange import Request


class PlaintextThrough(Admission):
    """Asks policy only where there is an identity."""

    def passes_plaintext(self) -> bool:
        """Let plaintext through."""
        return True


PLAINTEXT_THROUGH = Fault(
    name="access-plaintext-through",
    description="Plaintext from outside the mesh is passed to the application.",
    breaks=("TA-22", "TA-23"),
    overrides=(PlaintextThrough,),
)


class PlaintextByPodIp(Admission):
    """Guards the way through Services alone."""

    def allows_outsider(self, request: Request, port: int, peer: str, pod_ip: str) -> bool:
        """Let in a request whose host is the pod's own address."""
        host = next((value for name, value in request.headers if name.lower() == b"host"), b"")
        return host.decode("latin-1").split(":")[0] == pod_ip or super().allows_outsider(request, port, peer, pod_ip)


PLAINTEXT_BY_POD_IP = Fault(
    name="access-plaintext-by-pod-ip",
    description="Plaintext that was sent to the pod IP itself, not through a Service, is passed on.",
    breaks=("TA-23",),
    overrides=(PlaintextByPodIp,),
)


class DeniedDelivered(Admission):
    """Refuses on the way back."""

    def delivers(self, request: Request, allowed: bool) -> bool:
        """Deliver a denied request that has a body."""
        return super().delivers(request, allowed) or bool(request.body)


DENIED_DELIVERED = Fault(
    name="access-denied-delivered",
    description="A denied HTTP request with a body is delivered to the application and its answer replaced by the "
    "refusal.",
    breaks=("TA-65",),
    overrides=(DeniedDelivered,),
)

DELIVERY = (PLAINTEXT_THROUGH, PLAINTEXT_BY_POD_IP, DENIED_DELIVERED)
