"""What an address that the application used means, and which endpoints a call to it may go to; no I/O."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_smi.reference.mesh.proxy.exchange import HeaderList, Request
from pytest_smi.reference.mesh.proxy.sniff import Spoken, sniff
from pytest_smi.reference.mesh.proxy.state import AUTO, MeshState
from pytest_smi.reference.mesh.splits import (
    UNAVAILABLE,
    Call,
    Choice,
    Endpoint,
    PortKey,
    Service,
    ServiceKey,
    Split,
    SplitChooser,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """What an address means: a Service's port, or one address (`service` is None).

    `known` is False for addresses outside the cluster.
    """

    address: Endpoint
    service: ServiceKey | None
    port: PortKey
    hint: str
    known: bool
    direct: bool = False
    """Whether the call passes by the mesh."""


class Routing:
    """Decides where the calls of one pod go."""

    def __init__(self, state: MeshState, rng: random.Random) -> None:
        self.state = state
        self._chooser = state.variant(SplitChooser)(rng, state.matcher)

    def resolve(self, host: str, port: int, protocol: str) -> Destination:
        """Return what an address means now."""
        service = self.state.by_cluster_ip.get(host)
        if service is not None:
            return self.to_service(host, service, (port, protocol))
        pod = self.state.pods.get(host)
        hint = AUTO if pod is None else pod.hints.get(port, AUTO)
        return Destination(address=(host, port), service=None, port=(port, protocol), hint=hint, known=pod is not None)

    def to_service(self, host: str, service: ServiceKey, port: PortKey) -> Destination:
        """Return a port of a Service as the destination."""
        hint = self.state.hints.get((service, port), AUTO)
        return Destination(address=(host, port[0]), service=service, port=port, hint=hint, known=True)

    def spoken(self, data: bytes) -> Spoken:
        """Return which protocol the first bytes of a connection speak."""
        return sniff(data)

    def takes_opaque(self, destination: Destination) -> bool:
        """Return whether opaque bytes may go to a destination: whatever it declares to speak."""
        return True

    def has_segments(self, destination: Destination) -> bool:
        """Return whether a split of the destination looks at requests."""
        return destination.service is not None and any(
            split.routes is not None for split in self.state.splits_of(destination.service)
        )

    def choose(self, destination: Destination, call: Call | None) -> Choice:
        """Return the endpoints that one call may go to; `call` is None for opaque TCP and UDP."""
        if destination.service is None:
            return Choice(endpoints=(destination.address,), split=None, backend=None)
        root = self.state.services.get(destination.service)
        if root is None:
            return Choice(endpoints=(), split=None, backend=None, status=UNAVAILABLE)
        return self.choose_behind(root, destination.port, call)

    def choose_behind(self, root: Service, port: PortKey, call: Call | None) -> Choice:
        """Return the endpoints behind a Service that one call may go to."""
        return self._chooser.choose(root, port, call, self.splits_of(root.key), self.state.services)

    def splits_of(self, root: ServiceKey) -> Sequence[Split]:
        """Return the splits that govern the calls of this pod to a Service, oldest first."""
        return self.state.splits_of(root)

    def copies(self, request: Request, choice: Choice) -> Sequence[Request]:
        """Return what is sent to the chosen endpoint beside the request itself: nothing."""
        return ()

    def outgoing_headers(self, request: Request, root: ServiceKey | None, choice: Choice) -> HeaderList:
        """Return the headers with which a request leaves: its own, the host that the application named included."""
        return request.headers
