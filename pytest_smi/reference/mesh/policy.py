"""Access policy of one destination identity: which source may do what; pure.

Deny by default, grants only add up, and a grant never lends its routes to another grant's sources. One TrafficTarget becomes one grant.

Readings chosen where the specification is open: a target with both TCPRoutes and HTTPRouteGroups admits an HTTP request that meets both
(AMB-1 A) and no raw TCP; a target with TCPRoutes alone admits whatever is spoken on those TCP ports, HTTP included (AMB-2 A); port numbers
are container ports (AMB-19 B); a known route name works beside an unknown one (AMB-18 A); a pod without a mesh identity is never
a source (AMB-16 B); a target may be stored outside its destination's namespace (AMB-21 A).
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_smi.reference.mesh.faults import ActiveFaults
from pytest_smi.reference.mesh.routes import Headers, any_match, compile_routes, path_of
from pytest_smi.reference.mesh.smi import Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """What policy sees of an HTTP request; `port` is the destination's container port, `target` the raw request target."""

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


class _Grant:
    __slots__ = ("http", "port", "sources", "tcp", "udp")

    def __init__(self, spec: Mapping[str, Any], faults: ActiveFaults) -> None:
        self.sources = frozenset((namespace, account) for namespace, account in spec["sources"])
        self.port: int | None = spec.get("port")
        self.http = None if spec["http"] is None else compile_routes(spec["http"], faults)
        self.tcp: frozenset[int] | str | None = _ports(spec["tcp"])
        self.udp: frozenset[int] | str | None = _ports(spec["udp"])


def _ports(value: list[int] | str | None) -> frozenset[int] | str | None:
    return value if value is None or isinstance(value, str) else frozenset(value)


def _covers(ports: frozenset[int] | str | None, port: int) -> bool:
    return ports is not None and (isinstance(ports, str) or port in ports)


class Policy:
    """The grants of one destination identity, compiled; asked once per HTTP request or stream, TCP connection and UDP datagram."""

    __slots__ = ("_all", "_by_name", "_by_source", "_destination", "_faults", "_open", "_permissive")

    def __init__(self, destination: Identity, grants: Iterable[Mapping[str, Any]], faults: ActiveFaults) -> None:
        self._destination = destination
        self._faults = faults
        self._open = faults.on("access-unenforced")
        self._permissive = faults.on("permissive-by-mesh-config")
        self._by_source: dict[Identity, list[_Grant]] = {}
        self._by_name: dict[str, list[_Grant]] = {}
        self._all: list[_Grant] = []
        for spec in grants:
            grant = _Grant(spec, faults)
            self._all.append(grant)
            for namespace, account in spec["sources"]:
                self._by_source.setdefault((namespace, account), []).append(grant)
                self._by_name.setdefault(account, []).append(grant)

    def allow_http(self, request: HttpRequest, source: Identity | None) -> Decision:
        """Decide one HTTP/1.1 request or HTTP/2 stream."""
        faults = self._faults
        if self._open:
            return ALLOWED
        if source is None:
            return NO_IDENTITY
        if faults.on("access-http-unenforced") or self._permissive:
            return ALLOWED
        path = path_of(request.target)
        if faults.on("first-matching-route-decides"):
            return self._first_match(request, source, path)
        for grant in self._grants(source):
            if grant.port is not None and grant.port != request.port:
                continue
            if grant.http is None:
                if _covers(grant.tcp, request.port) or faults.on("targets-without-routes-open-http"):
                    return ALLOWED
            elif (
                (
                    any_match(grant.http, request.method, path, request.headers, faults)
                    and (grant.tcp is None or _covers(grant.tcp, request.port))
                )
                or (grant.tcp is not None and faults.on("access-tcp-route-opens-http"))
                or faults.on("access-routes-ignored")
            ):
                return ALLOWED
            if faults.on("grants-open-everything"):
                return ALLOWED
        return NO_GRANT

    def _first_match(self, request: HttpRequest, source: Identity, path: str) -> Decision:
        """As proxies with one list of routes decide: equal routes share their sources, of others the first that matches counts."""
        first: tuple[Any, ...] | None = None
        for grant in self._all:
            for route in grant.http or ():
                if first is None and route.matches(request.method, path, request.headers):
                    first = route.conditions
                if first is not None and route.conditions == first and source in grant.sources:
                    return ALLOWED if grant.tcp is None or _covers(grant.tcp, request.port) else NO_GRANT
            if grant.http is None and source in grant.sources and _covers(grant.tcp, request.port):
                return ALLOWED
        return NO_GRANT

    def denial(self, request: HttpRequest, source: Identity | None) -> Denial:
        """Why a request was denied, for those meshes that refuse in different ways."""
        if source is None:
            return Denial.OUTSIDER
        path = path_of(request.target)
        if any(any_match(grant.http or (), request.method, path, request.headers, self._faults) for grant in self._all):
            return Denial.NOT_THIS_CALLER if self._by_source.get(source) else Denial.UNLISTED
        return Denial.UNMATCHED if self._by_source.get(source) else Denial.UNLISTED

    def allow_tcp(self, port: int, source: Identity | None) -> Decision:
        """Decide one raw TCP connection."""
        if self._open:
            return ALLOWED
        if source is None:
            return NO_IDENTITY
        if self._faults.on("access-tcp-unenforced") or self._permissive:
            return ALLOWED
        if self._faults.on("tcp-grants-open-to-all") and any(grant.tcp is not None for grant in self._all):
            return ALLOWED
        for grant in self._grants(source):
            if self._faults.on("grants-open-everything"):
                return ALLOWED
            if grant.port is not None and grant.port != port:
                continue
            if grant.http is None:
                if _covers(grant.tcp, port):
                    return ALLOWED
            elif self._faults.on("access-http-grant-opens-tcp"):
                return ALLOWED
        return NO_GRANT

    def allow_udp(self, port: int, source: Identity | None) -> Decision:
        """Decide one UDP datagram."""
        if self._open or self._faults.on("udp-passes-by"):
            return ALLOWED
        if source is None:
            return NO_IDENTITY
        if self._faults.on("access-udp-unenforced"):
            return ALLOWED
        for grant in self._grants(source):
            if _covers(grant.udp, port):
                return ALLOWED
            if _covers(grant.tcp, port) and self._faults.on("access-protocol-ignored"):
                return ALLOWED
        return NO_GRANT

    def _grants(self, source: Identity) -> list[_Grant]:
        found = self._by_source.get(source, [])
        if self._all and self._faults.on("access-any-identity"):
            return self._all
        if self._faults.on("access-name-only"):
            return self._by_name.get(source[1], [])
        if found and self._faults.on("access-cross-product"):
            return self._all
        if self._faults.on("access-last-target-wins"):
            return [grant for grant in found if grant is self._all[-1]]
        return found
