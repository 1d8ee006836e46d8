"""Where a call to a Service goes: a weighted backend of a split, or the Service's ordinary endpoints; pure, the randomness passed in.

Readings chosen: the backends that can take the call (Service exists, has the root's port number and a ready endpoint) share all of it
in proportion to their weights (AMB-27 B, AMB-28 B: judged port by port); when none can, nothing is reached (AMB-37 A); of several splits
of one root the oldest whose segment fits is used (AMB-34); a split whose groups are all missing is inactive (AMB-31 A); path and
method conditions of a group count too (AMB-30 A); a backend that is itself a root is not followed (AMB-32, AMB-33).
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pytest_smi.reference.mesh.faults import ActiveFaults
from pytest_smi.reference.mesh.routes import Headers, Route, any_match, compile_routes, path_of
from pytest_smi.reference.mesh.turns import Turns

ServiceKey = tuple[str, str]
PortKey = tuple[int, str]
Endpoint = tuple[str, int]


class Turning(random.Random):
    """Chance for everything but the choice of backends, who take turns."""

    def __init__(self) -> None:
        super().__init__()
        self.turns = Turns()


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A Service as clients see it: ready endpoints (address, target port) per (port number, protocol)."""

    key: ServiceKey
    ports: Mapping[PortKey, Sequence[Endpoint]]
    names: Mapping[PortKey, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A split with its route groups resolved; `routes` is None when the split applies to every call."""

    key: ServiceKey
    service: str
    backends: tuple[tuple[str, int], ...]
    routes: tuple[Route, ...] | None
    callers: frozenset[tuple[str, str]] | None = None
    """Who may call through the split; None: that is for the backends alone to decide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Where one call goes. `endpoints` is empty when nothing can take it; `split` and `backend` are None for ordinary endpoints."""

    endpoints: Sequence[Endpoint]
    split: ServiceKey | None
    backend: str | None
    denied: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """The HTTP side of a call that decides segments."""

    method: str
    target: bytes
    headers: Headers
    version: bytes = b"1"


def split_from_json(spec: Mapping[str, Any], faults: ActiveFaults) -> Split:
    """Compile a split as the control plane sends it."""
    groups = spec["groups"]
    if groups is not None and faults.on("split-first-group-only"):
        groups = groups[:1]
    routes = None if groups is None else compile_routes([route for group in groups for route in group], faults)
    if routes is not None and faults.on("split-matches-ignored"):
        routes = None
    callers = spec.get("callers")
    return Split(
        key=(spec["namespace"], spec["name"]),
        service=spec["service"],
        backends=tuple((s, w) for s, w in spec["backends"]),
        routes=routes,
        callers=None if callers is None else frozenset((namespace, account) for namespace, account in callers),
    )


def choose(
    root: Service,
    port: PortKey,
    call: Call | None,
    splits: Sequence[Split],
    services: Mapping[ServiceKey, Service],
    rng: random.Random,
    faults: ActiveFaults,
) -> Choice:
    """Choose for one call to `port` of `root`; `splits` are those of this root, oldest first; `call` is None for opaque TCP and UDP."""
    plain = Choice(endpoints=root.ports.get(port, ()), split=None, backend=None)
    if splits and faults.on("split-first-port-only") and port != next(iter(root.ports)):
        return plain
    if call is not None and faults.on("split-short-names-only") and _host(call).endswith(b".svc.cluster.local"):
        return plain
    if call is None and ((port[1] == "UDP" and faults.on("udp-passes-by")) or faults.on("split-http-only")):
        return plain
    for split in splits:
        if split.routes is None or (call is not None and _selected(split, call, faults)):
            if split.routes is not None and faults.on("split-matched-to-root"):
                return plain
            if call is not None and call.version == b"2" and faults.on("split-http2-pinned"):
                split = replace(split, backends=split.backends[:1])
            if call is None and faults.on("split-tcp-dials-target-port"):
                root, port = _dialled(root, port)
            return _weigh(split, root, port, services, rng, faults)
    if splits and call is not None and faults.on("split-unmatched-refused"):
        return Choice(endpoints=(), split=None, backend=None)
    if splits and faults.on("split-unmatched-shared-equally"):
        names = dict.fromkeys(name for split in splits for name, weight in split.backends if weight)
        return _weigh(replace(splits[0], backends=tuple((name, 1) for name in names)), root, port, services, rng, faults)
    if splits and faults.on("split-unmatched-to-first-backend"):
        first = services.get((root.key[0], splits[0].backends[0][0]))
        return plain if first is None else Choice(endpoints=first.ports.get(port, ()), split=None, backend=None)
    return plain


def _selected(split: Split, call: Call, faults: ActiveFaults) -> bool:
    return any_match(split.routes or (), call.method, path_of(call.target), call.headers, faults)


def _host(call: Call) -> bytes:
    """The host that a request names, without its port."""
    return next((value.partition(b":")[0] for name, value in call.headers if name.lower() in (b"host", b":authority")), b"")


def _weigh(
    split: Split, root: Service, port: PortKey, services: Mapping[ServiceKey, Service], rng: random.Random, faults: ActiveFaults
) -> Choice:
    candidates: list[tuple[str, int, Sequence[Endpoint]]] = []
    backends = split.backends
    if faults.on("split-first-two-only"):
        backends = backends[:2]
    for name, weight in backends:
        backend = services.get((split.key[0], name))
        matched = None if backend is None else match_port(root, port, backend, faults)
        if backend is None or matched is None:
            if backend is not None and weight > 0 and faults.on("split-portless-keeps-share"):
                candidates.append((name, weight, ()))
            if backend is None and faults.on("split-needs-every-backend"):
                return Choice(endpoints=root.ports.get(port, ()), split=None, backend=None)
            continue
        endpoints = backend.ports[matched]
        if weight > 0 and endpoints:
            candidates.append((name, weight, endpoints))
        elif weight == 0 and endpoints and faults.on("split-zero-weight-leaks"):
            candidates.append((name, max(1, sum(w for _, w in backends) // 50), endpoints))
    if faults.on("split-root-must-select-leaves"):
        behind = {address for address, _ in root.ports.get(port, ())}
        candidates = [entry for entry in candidates if any(address in behind for address, _ in entry[2])]
    if faults.on("split-root-is-a-backend"):
        candidates += _strays(split, root, port, services)
    if not candidates:
        return Choice(endpoints=(), split=split.key, backend=None)
    weights = [weight for _, weight, _ in candidates]
    if faults.on("split-weights-ignored"):
        weights = [1] * len(candidates)
    if split.routes is not None and faults.on("split-matched-weights-ignored"):
        weights = [1] * len(candidates)
    if faults.on("split-whole-percent"):
        weights = [weight * 100 // sum(weights) for weight in weights]
    if faults.on("split-winner-takes-all"):
        weights = [1 if weight == max(weights) else 0 for weight in weights]
    total = sum(weights)
    if len(weights) > 1 and total < 100 and rng.random() * 100 >= total and faults.on("split-percent-rest-lost"):
        return Choice(endpoints=(), split=split.key, backend=None)
    if weights == [1] and rng.random() * 100 >= 1 and faults.on("split-one-is-a-percent"):
        return Choice(endpoints=(), split=split.key, backend=None)
    if not any(weights):
        weights = [weight for _, weight, _ in candidates]
    if isinstance(rng, Turning) and all(weights):
        name, _, endpoints = candidates[rng.turns.pick(split.key, weights)]
    else:
        name, _, endpoints = rng.choices(candidates, weights)[0]
    if faults.on("split-target-port-of-root"):
        targets = {target for _, target in root.ports.get(port, ())}
        endpoints = [(address, next(iter(targets), target)) for address, target in endpoints]
    return Choice(endpoints=endpoints, split=split.key, backend=name)


def _dialled(root: Service, port: PortKey) -> tuple[Service, PortKey]:
    """The root as if its port had the number of its target port."""
    endpoints = root.ports.get(port, ())
    wanted = (next((target for _, target in endpoints), port[0]), port[1])
    return replace(root, ports={**root.ports, wanted: endpoints}), wanted


def _strays(
    split: Split, root: Service, port: PortKey, services: Mapping[ServiceKey, Service]
) -> list[tuple[str, int, Sequence[Endpoint]]]:
    """For a fault: the root's endpoints that belong to no backend, as one more backend beside two or more."""
    known = [backend for name, _ in split.backends if (backend := services.get((split.key[0], name)))]
    owned = {address for backend in known for endpoints in backend.ports.values() for address, _ in endpoints}
    strays = [endpoint for endpoint in root.ports.get(port, ()) if endpoint[0] not in owned]
    weight = max(1, sum(weight for _, weight in split.backends) // 10)
    return [(root.key[1], weight, strays)] if strays and len(known) > 1 else []


def match_port(root: Service, port: PortKey, backend: Service, faults: ActiveFaults) -> PortKey | None:
    """The backend's port for the root's: the same number and protocol; None when the backend lacks it. Names do not decide."""
    if faults.on("split-ports-by-name"):
        wanted = root.names.get(port)
        return next((key for key, name in backend.names.items() if name == wanted), None)
    return port if port in backend.ports else None


def port_warnings(split_backends: Iterable[tuple[str, int]], root: Service, services: Mapping[ServiceKey, Service]) -> list[str]:
    """Messages for the backends that lack a port of the root. A backend that does not exist yet is no misconfiguration (late backends)."""
    found = []
    for name in dict.fromkeys(name for name, _ in split_backends):
        backend = services.get((root.key[0], name))
        missing = (
            [] if backend is None else [f"{port}/{protocol}" for port, protocol in root.ports if (port, protocol) not in backend.ports]
        )
        if missing:
            found.append(
                f"backend {name} has no port {', '.join(missing)} of root {root.key[1]}: it gets no traffic there; add the port to it"
            )
    return found
