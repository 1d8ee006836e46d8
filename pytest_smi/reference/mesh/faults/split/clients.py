"""Faults of clients: calls of the same kind go the same way."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.proxy.exchange import Request
from pytest_smi.reference.mesh.proxy.routing import Routing
from pytest_smi.reference.mesh.proxy.state import MeshState
from pytest_smi.reference.mesh.splits import Call, Choice, PortKey, Service, ServiceKey, Services, Split, SplitChooser


class ClientSticks(Routing):
    """Remembers the first backend of each root."""

    def __init__(self, state: MeshState, rng: random.Random) -> None:
        super().__init__(state, rng)
        self._sticky: dict[ServiceKey, str] = {}

    def choose_behind(self, root: Service, port: PortKey, call: Call | None) -> Choice:
        """Go there again if the hash of this client's account says so."""
        choice = super().choose_behind(root, port, call)
        if choice.backend is None or sum(str(self.state.own.get("sa", "")).encode()) % 2:
            return choice
        kept = self._sticky.setdefault(root.key, choice.backend)
        backend = self.state.services.get((root.key[0], kept))
        return (
            choice
            if backend is None
            else Choice(endpoints=backend.ports.get(port, ()), split=choice.split, backend=kept)
        )


CLIENT_STICKS = Fault(
    name="split-client-sticks",
    description="Every second client, by the hash of its service account, is pinned to one backend.",
    breaks=("SP-52",),
    overrides=(ClientSticks,),
)


class Http2Pinned(SplitChooser):
    """Balances HTTP/2 by connection."""

    def weigh(self, split: Split, root: Service, port: PortKey, call: Call | None, services: Services) -> Choice:
        """Drop all backends but the first for HTTP/2."""
        pinned = call is not None and call.version == b"2"
        return super().weigh(
            replace(split, backends=split.backends[:1]) if pinned else split, root, port, call, services
        )


HTTP2_PINNED = Fault(
    name="split-http2-pinned",
    description="HTTP/2 always goes to the first backend.",
    breaks=("SP-54",),
    overrides=(Http2Pinned,),
)


class DeliversTwice(Routing):
    """Sends again what it does not see answered at once."""

    def __init__(self, state: MeshState, rng: random.Random) -> None:
        super().__init__(state, rng)
        self._dice = rng

    def copies(self, request: Request, choice: Choice) -> Sequence[Request]:
        """Repeat one in ten requests that are split."""
        if choice.backend is None or self._dice.random() >= 0.1:
            return super().copies(request, choice)
        return (replace(request, headers=list(request.headers)),)


DELIVERS_TWICE = Fault(
    name="split-delivers-twice",
    description="One in ten requests that are split is delivered twice.",
    breaks=("SP-20",),
    overrides=(DeliversTwice,),
)


class RootsRepeat(Routing):
    """Starts again at a backend that is split itself, and ends by delivering."""

    def copies(self, request: Request, choice: Choice) -> Sequence[Request]:
        """Send again what goes to a backend that is the root of a split."""
        if choice.split is None or not self.splits_of((choice.split[0], str(choice.backend))):
            return super().copies(request, choice)
        return (replace(request, headers=list(request.headers)),)


ROOTS_REPEAT = Fault(
    name="split-roots-repeat",
    description="A request to a backend that is the root of a split is delivered twice.",
    breaks=("SP-75",),
    overrides=(RootsRepeat,),
)

CLIENTS = (CLIENT_STICKS, HTTP2_PINNED, DELIVERS_TWICE, ROOTS_REPEAT)
