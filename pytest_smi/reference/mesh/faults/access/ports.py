"""Faults of ports and protocols: what TCPRoutes and UDPRoutes grant."""

from __future__ import annotations

from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.grants import TCP_ROUTE, UDP_ROUTE, GrantCompiler
from pytest_smi.reference.mesh.policy import Grant, HttpRequest, Policy, covers
from pytest_smi.reference.mesh.smi import ANY_PORT, PortRoute, Rule


class TcpPortsIgnored(GrantCompiler):
    """Looks at TCPRoutes for their presence alone."""

    def ports(self, rule: Rule, route: PortRoute | None) -> tuple[int, ...] | str:
        """Grant every port in the place of some."""
        found = super().ports(rule, route)
        return ANY_PORT if found and rule.kind == TCP_ROUTE else found


TCP_PORTS_IGNORED = Fault(
    name="access-tcp-ports-ignored",
    description="The port list of a TCPRoute is ignored.",
    breaks=("TA-48", "TS-41", "TS-48"),
    overrides=(TcpPortsIgnored,),
)


class UdpPortsIgnored(GrantCompiler):
    """Looks at UDPRoutes for their presence alone."""

    def ports(self, rule: Rule, route: PortRoute | None) -> tuple[int, ...] | str:
        """Grant every port in the place of some."""
        found = super().ports(rule, route)
        return ANY_PORT if found and rule.kind == UDP_ROUTE else found


UDP_PORTS_IGNORED = Fault(
    name="access-udp-ports-ignored",
    description="The port list of a UDPRoute is ignored.",
    breaks=("TA-52", "TA-67", "TS-43", "TS-48"),
    overrides=(UdpPortsIgnored,),
)


class EmptyPortsNone(GrantCompiler):
    """Takes an empty list for what it says."""

    def ports(self, rule: Rule, route: PortRoute | None) -> tuple[int, ...] | str:
        """Grant no port in the place of all."""
        found = super().ports(rule, route)
        return () if found == ANY_PORT and rule.kind == TCP_ROUTE else found


EMPTY_PORTS_NONE = Fault(
    name="access-empty-ports-none",
    description="An empty port list of a TCPRoute means no port.",
    breaks=("TA-49", "TS-42"),
    overrides=(EmptyPortsNone,),
)


class LastTcpRouteWins(GrantCompiler):
    """Lets a TCPRoute replace those before it."""

    def together(self, rule: Rule, before: list[int] | str | None, ports: tuple[int, ...] | str) -> list[int] | str:
        """Forget the ports of the rules before."""
        return super().together(rule, None if rule.kind == TCP_ROUTE else before, ports)


LAST_TCP_ROUTE_WINS = Fault(
    name="access-last-tcp-route-wins",
    description="Of several TCPRoutes in one target only the last counts.",
    breaks=("TA-51",),
    overrides=(LastTcpRouteWins,),
)


class TcpRouteOpensHttp(Policy):
    """Takes the rules of a target for alternatives."""

    def admits_http(self, grant: Grant, request: HttpRequest, path: str) -> bool:
        """Admit whatever a grant of routes and of ports is asked for."""
        return (grant.http is not None and grant.tcp is not None) or super().admits_http(grant, request, path)


TCP_ROUTE_OPENS_HTTP = Fault(
    name="access-tcp-route-opens-http",
    description="A TCPRoute beside an HTTPRouteGroup opens every HTTP request on every port.",
    breaks=("TA-72",),
    overrides=(TcpRouteOpensHttp,),
)


class HttpGrantOpensTcp(Policy):
    """Does not tell HTTP from the TCP below it."""

    def admits_tcp(self, grant: Grant, port: int) -> bool:
        """Admit raw TCP by a grant of routes."""
        return grant.http is not None or super().admits_tcp(grant, port)


HTTP_GRANT_OPENS_TCP = Fault(
    name="access-http-grant-opens-tcp",
    description="A grant of HTTP routes opens raw TCP on every port.",
    breaks=("TA-55",),
    overrides=(HttpGrantOpensTcp,),
)


class ProtocolIgnored(Policy):
    """Compares port numbers alone."""

    def admits_udp(self, grant: Grant, port: int) -> bool:
        """Admit UDP by a grant of TCP ports."""
        return super().admits_udp(grant, port) or covers(grant.tcp, port)


PROTOCOL_IGNORED = Fault(
    name="access-protocol-ignored",
    description="A TCPRoute's ports are open for UDP too.",
    breaks=("TA-49", "TA-53", "TA-67"),
    overrides=(ProtocolIgnored,),
)

PORTS = (
    TCP_PORTS_IGNORED,
    EMPTY_PORTS_NONE,
    TCP_ROUTE_OPENS_HTTP,
    LAST_TCP_ROUTE_WINS,
    UDP_PORTS_IGNORED,
    PROTOCOL_IGNORED,
    HTTP_GRANT_OPENS_TCP,
)
