"""Access policy of one destination identity: which source may do what; pure.

Deny by default, grants only add up, and a grant never lends its routes to another grant's sources.
One TrafficTarget becomes one grant.

Readings chosen where the specification is open: a target with both TCPRoutes
and HTTPRouteGroups admits an HTTP request that meets both (AMB-1 A) and no raw TCP; a target with TCPRoutes alone
admits whatever is spoken on those TCP ports, HTTP included (AMB-2 A); port numbers are container ports (AMB-19 B); a
known route name works beside an unknown one (AMB-18 A); a pod without a mesh identity is never a source (AMB-16 B); a
target may be stored outside its destination's namespace (AMB-21 A).
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_smi.reference.mesh.routes import Headers, Route, RouteMatcher, path_of
from pytest_smi.reference.mesh.smi import Identity

Ports = frozenset[int] | str | None
"""Ports that a rule names: a set, "*" for every port, None when no rule is about this protocol."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """What policy sees of an HTTP request; `port` is the destination's container port,
    `target` the raw request target."""

    port: int
    method: str
    target: bytes
    headers: Headers


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a request is allowed, and why, for logs; never shown to the client."""

    allowed: bool
    reason: str


class Denial(enum.Enum):
    """Why a request was denied."""

    OUTSIDER = "the caller has no mesh identity"
    UNLISTED = "nothing is granted to the caller"
    UNMATCHED = "no route matches the request"
    NOT_THIS_CALLER = "the route is granted to others"


ALLOWED = Decision(True, "granted")
NO_IDENTITY = Decision(False, "the caller has no mesh identity")
NO_GRANT = Decision(False, "no TrafficTarget grants this to the caller")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One TrafficTarget: what its sources may do.

    `port` limits all of it to one container port; `http` is None without HTTPRouteGroup.
    """

    sources: frozenset[Identity]
    port: int | None
    http: tuple[Route, ...] | None
    tcp: Ports
    udp: Ports


def covers(ports: Ports, port: int) -> bool:
    """Return whether a port is among those that a rule names."""
    return ports is not None and (isinstance(ports, str) or port in ports)


class Policy:
    """The grants of one destination identity, compiled; asked once per HTTP request or stream,
    TCP connection and UDP datagram."""

    def __init__(self, grants: Iterable[Mapping[str, Any]] = (), matcher: RouteMatcher | None = None) -> None:
        self.matcher = matcher or RouteMatcher()
        self.grants: Sequence[Grant] = [self._read(spec) for spec in grants]
        self._by_source: dict[Identity, list[Grant]] = {}
        for grant in self.grants:
            for source in grant.sources:
                self._by_source.setdefault(source, []).append(grant)

    def _read(self, spec: Mapping[str, Any]) -> Grant:
        return Grant(
            sources=frozenset((namespace, account) for namespace, account in spec["sources"]),
            port=spec.get("port"),
            http=None if spec["http"] is None else self.matcher.compile(spec["http"]),
            tcp=_ports(spec["tcp"]),
            udp=_ports(spec["udp"]),
        )

    def allow_http(self, request: HttpRequest, source: Identity | None) -> Decision:
        """Decide one HTTP/1.1 request or HTTP/2 stream."""
        if source is None:
            return NO_IDENTITY
        return ALLOWED if self.permits_http(request, source) else NO_GRANT

    def allow_tcp(self, port: int, source: Identity | None) -> Decision:
        """Decide one raw TCP connection."""
        if source is None:
            return NO_IDENTITY
        return ALLOWED if self.permits_tcp(port, source) else NO_GRANT

    def allow_udp(self, port: int, source: Identity | None) -> Decision:
        """Decide one UDP datagram."""
        if source is None:
            return NO_IDENTITY
        return ALLOWED if self.permits_udp(port, source) else NO_GRANT

    def permits_http(self, request: HttpRequest, source: Identity) -> bool:
        """Return whether one grant of this source admits the request by itself."""
        path = path_of(request.target)
        return any(
            grant.port in (None, request.port) and self.admits_http(grant, request, path)
            for grant in self.grants_of(source)
        )

    def permits_tcp(self, port: int, source: Identity) -> bool:
        """Return whether one grant of this source admits raw TCP on the port."""
        return any(grant.port in (None, port) and self.admits_tcp(grant, port) for grant in self.grants_of(source))

    def permits_udp(self, port: int, source: Identity) -> bool:
        """Return whether one grant of this source admits UDP on the port."""
        return any(self.admits_udp(grant, port) for grant in self.grants_of(source))

    def grants_of(self, source: Identity) -> Sequence[Grant]:
        """Return the grants that list this very source, by namespace and service account."""
        return self._by_source.get(source, ())

    def admits_http(self, grant: Grant, request: HttpRequest, path: str) -> bool:
        """Return whether a grant admits a request: by its routes and, where it names TCP ports too, on those ports."""
        if grant.http is None:
            return covers(grant.tcp, request.port)
        if grant.tcp is not None and not covers(grant.tcp, request.port):
            return False
        return self.matcher.any_match(grant.http, request.method, path, request.headers)

    def admits_tcp(self, grant: Grant, port: int) -> bool:
        """Return whether a grant admits raw TCP: one of HTTP routes does not."""
        return grant.http is None and covers(grant.tcp, port)

    def admits_udp(self, grant: Grant, port: int) -> bool:
        """Return whether a grant admits UDP: one of TCP ports does not."""
        return covers(grant.udp, port)

    def denial(self, request: HttpRequest, source: Identity | None) -> Denial:
        """Return why a request was denied."""
        if source is None:
            return Denial.OUTSIDER
        if not self._by_source.get(source):
            return Denial.UNLISTED
        path = path_of(request.target)
        matched = any(
            self.matcher.any_match(grant.http or (), request.method, path, request.headers) for grant in self.grants
        )
        return Denial.NOT_THIS_CALLER if matched else Denial.UNMATCHED


def _ports(value: list[int] | str | None) -> Ports:
    return value if value is None or isinstance(value, str) else frozenset(value)
