"""Deviations of splitting: where a call goes, as the proxies of meshes choose it."""

from __future__ import annotations

import random
from collections.abc import Hashable, Sequence
from dataclasses import replace

from pytest_smi.reference.mesh.faults.fault import Deviation
from pytest_smi.reference.mesh.proxy.exchange import HeaderList, Request
from pytest_smi.reference.mesh.proxy.routing import Routing
from pytest_smi.reference.mesh.routes import RouteMatcher
from pytest_smi.reference.mesh.splits import (
    Call,
    Candidate,
    Choice,
    PortKey,
    Service,
    ServiceKey,
    Services,
    Split,
    SplitChooser,
    ordinary,
)


class WeightedRoundRobin:
    """In every run of calls each one has its share, as near as whole calls allow."""

    def __init__(self) -> None:
        self._due: dict[Hashable, list[float]] = {}

    def pick(self, group: Hashable, weights: Sequence[int]) -> int:
        """Return the index of the one whose turn it is in this group; weights are above zero.

        A change of weights begins anew.
        """
        due = self._due.setdefault((group, *weights), [1 / weight for weight in weights])
        chosen = min(range(len(due)), key=due.__getitem__)
        due[chosen] += 1 / weights[chosen]
        return chosen


class UnmatchedShared(SplitChooser):
    """Adds a route for the rest to a split with `matches`."""

    def unmatched(
        self, root: Service, port: PortKey, call: Call | None, splits: Sequence[Split], services: Services
    ) -> Choice:
        """Share it equally over the backends that have a weight."""
        if not splits:
            return super().unmatched(root, port, call, splits, services)
        names = dict.fromkeys(name for split in splits for name, weight in split.backends if weight)
        rest = replace(splits[0], backends=tuple((name, 1) for name in names), routes=None)
        return self.weigh(rest, root, port, call, services)


class CrossedTargetPortUnknown(SplitChooser):
    """Knows, at a server's port, the names of the Services that map this port there, and takes another one of the
    root for it."""

    def weigh(self, split: Split, root: Service, port: PortKey, call: Call | None, services: Services) -> Choice:
        """Refuse an HTTP call that meets a port which the root maps elsewhere."""
        choice = super().weigh(split, root, port, call, services)
        elsewhere = {target for other, ends in root.ports.items() if other != port for _, target in ends}
        elsewhere -= {target for _, target in root.ports.get(port, ())}
        if call is None or not elsewhere & {target for _, target in choice.endpoints}:
            return choice
        return replace(choice, endpoints=(), status=404)


SPLIT_CROSSED_TARGET_PORT_UNKNOWN = Deviation(
    name="split-crossed-target-port-unknown",
    description="A call that reaches a backend on the target port of another port of the root is answered 404.",
    overrides=(CrossedTargetPortUnknown,),
)


SPLIT_UNMATCHED_SHARED_EQUALLY = Deviation(
    name="split-unmatched-shared-equally",
    description="Calls that no split of the root matches are shared equally over the backends.",
    overrides=(UnmatchedShared,),
)


class DialsTargetPort(SplitChooser):
    """Takes a target port for a port."""

    def weigh(self, split: Split, root: Service, port: PortKey, call: Call | None, services: Services) -> Choice:
        """Split an opaque call as if the root's port had the number of its target port."""
        if call is None:
            endpoints = root.ports.get(port, ())
            port = (next((target for _, target in endpoints), port[0]), port[1])
            root = replace(root, ports={**root.ports, port: endpoints})
        return super().weigh(split, root, port, call, services)


SPLIT_TCP_DIALS_TARGET_PORT = Deviation(
    name="split-tcp-dials-target-port",
    description="A split TCP or UDP call goes to the port of the backend that has the number of the root's target "
    "port.",
    overrides=(DialsTargetPort,),
)


class DialsPortNumber(SplitChooser):
    """Looks at a backend's pods where its Service has no answer."""

    def candidate(self, split: Split, weight: int, root: Service, port: PortKey, backend: Service) -> Candidate | None:
        """Reach the pods of a backend that lacks the root's port on the port of that number."""
        if weight > 0 and self.match_port(root, port, backend) is None:
            pods = dict.fromkeys(address for endpoints in backend.ports.values() for address, _ in endpoints)
            return Candidate(backend.key[1], weight, [(address, port[0]) for address in pods])
        return super().candidate(split, weight, root, port, backend)


SPLIT_PORTLESS_DIALS_NUMBER = Deviation(
    name="split-portless-dials-number",
    description="A backend without the root's port keeps its share: its pods are called on the port of that number.",
    overrides=(DialsPortNumber,),
)


class HttpOnly(SplitChooser):
    """Routes HTTP alone."""

    def choose(
        self, root: Service, port: PortKey, call: Call | None, splits: Sequence[Split], services: Services
    ) -> Choice:
        """Leave opaque calls to the root."""
        return ordinary(root, port) if call is None else super().choose(root, port, call, splits, services)


SPLIT_HTTP_ONLY = Deviation(name="split-http-only", description="Only HTTP is split.", overrides=(HttpOnly,))


class InTurn(SplitChooser):
    """Leaves nothing to chance."""

    def __init__(self, rng: random.Random | None = None, matcher: RouteMatcher | None = None) -> None:
        super().__init__(rng, matcher)
        self._turns = WeightedRoundRobin()

    def draw(self, split: Split, weights: Sequence[int]) -> int:
        """Take the backend whose turn it is."""
        return self._turns.pick(split.key, weights) if all(weights) else super().draw(split, weights)


SPLIT_IN_TURN = Deviation(
    name="split-in-turn",
    description="Backends take turns by weight, exactly, instead of by chance.",
    overrides=(InTurn,),
)


class RewritesHost(Routing):
    """Names the backend in the request."""

    def outgoing_headers(self, request: Request, root: ServiceKey | None, choice: Choice) -> HeaderList:
        """Put the backend's name in the mesh's domain in the place of the host."""
        headers = super().outgoing_headers(request, root, choice)
        if choice.backend is None or root is None:
            return headers
        host = f"{choice.backend}.{root[0]}.{self.state.traits.get('domain', 'mesh')}".encode()
        return [(name, host if name.lower() == b"host" else value) for name, value in headers]


SPLIT_REWRITES_HOST = Deviation(
    name="split-rewrites-host",
    description="A split HTTP request is sent with the host name of its backend.",
    overrides=(RewritesHost,),
)

SPLIT_CALLS = (
    SPLIT_CROSSED_TARGET_PORT_UNKNOWN,
    SPLIT_UNMATCHED_SHARED_EQUALLY,
    SPLIT_TCP_DIALS_TARGET_PORT,
    SPLIT_PORTLESS_DIALS_NUMBER,
    SPLIT_REWRITES_HOST,
    SPLIT_IN_TURN,
    SPLIT_HTTP_ONLY,
)
