"""Where a call to a Service goes: a weighted backend of a split, or the Service's ordinary endpoints; pure,
the randomness passed in.

Readings chosen: the backends that can take the call (Service exists, has the root's port number and a ready endpoint)
share all of it in proportion to their weights (AMB-27 B, AMB-28 B: judged port by port); when none can, nothing is
reached (AMB-37 A); of several splits of one root the oldest whose segment fits is used (AMB-34); a split whose groups
are all missing is inactive (AMB-31 A); path and method conditions of a group count too (AMB-30 A); a backend that is
itself a root is not followed (AMB-32, AMB-33).
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_smi.reference.mesh.routes import Headers, Route, RouteMatcher, path_of

ServiceKey = tuple[str, str]
PortKey = tuple[int, str]
Endpoint = tuple[str, int]
UNAVAILABLE = 503


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A Service as clients see it: ready endpoints (address, target port) per (port number, protocol)."""

    key: ServiceKey
    ports: Mapping[PortKey, Sequence[Endpoint]]
    names: Mapping[PortKey, str]


Services = Mapping[ServiceKey, Service]


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A split with its route groups resolved; `routes` is None when the split applies to every call."""

    key: ServiceKey
    service: str
    backends: tuple[tuple[str, int], ...]
    routes: tuple[Route, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Where one call goes; `split` and `backend` are None for ordinary endpoints.

    `endpoints` is empty when nothing can take the call; `status` is what an HTTP request is answered then.
    """

    endpoints: Sequence[Endpoint]
    split: ServiceKey | None
    backend: str | None
    status: int = UNAVAILABLE


@dataclass(frozen=True, slots=True)
class Call:
    """The HTTP side of a call that decides segments."""

    method: str
    target: bytes
    headers: Headers
    version: bytes = b"1"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A backend that can take a call."""

    name: str
    weight: int
    endpoints: Sequence[Endpoint]


class SplitTable:
    """The splits of a cluster by their root Service."""

    def __init__(
        self,
        specs: Iterable[Mapping[str, Any]] = (),
        services: Services | None = None,
        matcher: RouteMatcher | None = None,
    ) -> None:
        self.services: Services = {} if services is None else services
        self.by_root: dict[ServiceKey, list[Split]] = {}
        self._matcher = matcher or RouteMatcher()
        for spec in sorted(specs, key=lambda spec: (spec["created"], spec["namespace"], spec["name"])):
            split = self.read(spec)
            for root in self.roots(split):
                self.by_root.setdefault(root, []).append(split)

    def read(self, spec: Mapping[str, Any]) -> Split:
        """Compile a split as the control plane sends it."""
        groups = spec["groups"]
        return Split(
            key=(spec["namespace"], spec["name"]),
            service=spec["service"],
            backends=tuple((name, weight) for name, weight in spec["backends"]),
            routes=None if groups is None else self._matcher.compile([route for group in groups for route in group]),
        )

    def roots(self, split: Split) -> Iterator[ServiceKey]:
        """Yield the Services whose calls the split governs: its root."""
        yield split.key[0], split.service

    def of(self, root: ServiceKey) -> Sequence[Split]:
        """Return the splits of a root Service, oldest first."""
        return self.by_root.get(root, ())


class SplitChooser:
    """Chooses where each call goes."""

    def __init__(self, rng: random.Random | None = None, matcher: RouteMatcher | None = None) -> None:
        self.rng = rng or random.Random()
        self._matcher = matcher or RouteMatcher()

    def choose(
        self, root: Service, port: PortKey, call: Call | None, splits: Sequence[Split], services: Services
    ) -> Choice:
        """Choose for one call to `port` of `root`; `splits` are those of this root, oldest first;
        `call` is None for opaque TCP and UDP."""
        for split in splits:
            if self.governs(split, call):
                return self.weigh(split, root, port, call, services)
        return self.unmatched(root, port, call, splits, services)

    def governs(self, split: Split, call: Call | None) -> bool:
        """Return whether a call is in the split's segment; opaque calls are in none."""
        if split.routes is None:
            return True
        return call is not None and self._matcher.any_match(
            split.routes, call.method, path_of(call.target), call.headers
        )

    def unmatched(
        self, root: Service, port: PortKey, call: Call | None, splits: Sequence[Split], services: Services
    ) -> Choice:
        """Choose for a call that no split governs: the root's ordinary endpoints."""
        return ordinary(root, port)

    def weigh(self, split: Split, root: Service, port: PortKey, call: Call | None, services: Services) -> Choice:
        """Choose one of a split's backends by weight."""
        candidates = self.candidates(split, root, port, services)
        return self.pick(split, candidates) if candidates else Choice(endpoints=(), split=split.key, backend=None)

    def candidates(self, split: Split, root: Service, port: PortKey, services: Services) -> list[Candidate]:
        """Return the backends that can take a call and have a weight above zero."""
        found = []
        for name, weight in split.backends:
            backend = services.get((split.key[0], name))
            if backend is not None:
                candidate = self.candidate(split, weight, root, port, backend)
                if candidate is not None:
                    found.append(candidate)
        return found

    def candidate(self, split: Split, weight: int, root: Service, port: PortKey, backend: Service) -> Candidate | None:
        """Return a backend as a candidate; None when it has no weight, not the root's port,
        or nobody ready behind it."""
        matched = self.match_port(root, port, backend)
        endpoints = () if matched is None else backend.ports[matched]
        return Candidate(backend.key[1], weight, endpoints) if weight > 0 and endpoints else None

    def match_port(self, root: Service, port: PortKey, backend: Service) -> PortKey | None:
        """Return the backend's port for the root's: the same number and protocol; None when it lacks it.

        Names do not decide.
        """
        return port if port in backend.ports else None

    def pick(self, split: Split, candidates: Sequence[Candidate]) -> Choice:
        """Pick one candidate by chance; which of its endpoints is for the caller to say."""
        picked = candidates[self.draw(split, self.weights(split, candidates))]
        return Choice(endpoints=picked.endpoints, split=split.key, backend=picked.name)

    def weights(self, split: Split, candidates: Sequence[Candidate]) -> list[int]:
        """Return the candidates' weights; only their relation counts."""
        return [candidate.weight for candidate in candidates]

    def draw(self, split: Split, weights: Sequence[int]) -> int:
        """Return the index of a weight, each as often as its share of their sum."""
        return self.rng.choices(range(len(weights)), weights)[0]


def ordinary(root: Service, port: PortKey) -> Choice:
    """Return the choice of a Service's own endpoints."""
    return Choice(endpoints=root.ports.get(port, ()), split=None, backend=None)


def port_warnings(split_backends: Iterable[tuple[str, int]], root: Service, services: Services) -> list[str]:
    """Return messages for the backends that lack a port of the root.

    One that does not exist yet is no misconfiguration (late backends).
    """
    found = []
    for name in dict.fromkeys(name for name, _ in split_backends):
        backend = services.get((root.key[0], name))
        missing = (
            []
            if backend is None
            else [f"{port}/{protocol}" for port, protocol in root.ports if (port, protocol) not in backend.ports]
        )
        if missing:
            found.append(
                f"backend {name} has no port {', '.join(missing)} of root {root.key[1]}: it gets no traffic there; "
                "add the port to it"
            )
    return found
