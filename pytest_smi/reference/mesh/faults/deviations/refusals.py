"""Deviations of refusal: how the one who is denied notices."""

from __future__ import annotations

import asyncio

from pytest_smi.reference.mesh.faults.fault import Deviation
from pytest_smi.reference.mesh.policy import Denial
from pytest_smi.reference.mesh.proxy.denials import BAD_REQUEST, CLOSE, RESET, Denials, cut
from pytest_smi.reference.mesh.proxy.routing import Destination, Routing
from pytest_smi.reference.mesh.proxy.state import HTTP


class UnlistedIsReset(Denials):
    """Has no listener for callers without a grant."""

    def status(self, denial: Denial) -> int:
        """Reset their connections."""
        return RESET if denial is Denial.UNLISTED else super().status(denial)


UNLISTED_IS_RESET = Deviation(
    name="unlisted-is-reset",
    description="A caller without any grant has its connection reset.",
    overrides=(UnlistedIsReset,),
)


class UnlistedIsClosed(Denials):
    """Has nothing to say to callers without a grant."""

    def status(self, denial: Denial) -> int:
        """Close their connections."""
        return CLOSE if denial is Denial.UNLISTED else super().status(denial)


UNLISTED_IS_CLOSED = Deviation(
    name="unlisted-is-closed",
    description="A caller without any grant has its connection closed.",
    overrides=(UnlistedIsClosed,),
)


class UnmatchedIs404(Denials):
    """Takes policy for routing."""

    def status(self, denial: Denial) -> int:
        """Answer that there is no such page."""
        return 404 if denial is Denial.UNMATCHED else super().status(denial)


UNMATCHED_IS_404 = Deviation(
    name="unmatched-is-404",
    description="A request of a granted caller that no route matches is answered 404.",
    overrides=(UnmatchedIs404,),
)


class OutsiderIsClosed(Denials):
    """Demands mutual TLS."""

    def status(self, denial: Denial) -> int:
        """Close the connection of who has no identity."""
        return CLOSE if denial is Denial.OUTSIDER else super().status(denial)


OUTSIDER_IS_CLOSED = Deviation(
    name="outsider-is-closed",
    description="Plaintext from outside the mesh is closed without an answer.",
    overrides=(OutsiderIsClosed,),
)


class TcpIsClosed(Denials):
    """Ends denied TCP politely."""

    def refuse_tcp(self, transport: asyncio.Transport) -> None:
        """Close the connection."""
        transport.close()


TCP_DENIED_IS_CLOSED = Deviation(
    name="tcp-denied-is-closed",
    description="A denied TCP connection is closed in an orderly way.",
    overrides=(TcpIsClosed,),
)


class TcpIsReset(Denials):
    """Ends denied TCP at once."""

    def refuse_tcp(self, transport: asyncio.Transport) -> None:
        """Reset the connection, whatever was read."""
        cut(transport, RESET)


TCP_DENIED_IS_RESET = Deviation(
    name="tcp-denied-is-reset",
    description="A denied TCP connection is reset.",
    overrides=(TcpIsReset,),
)


class TcpIs400(Denials):
    """Speaks HTTP to everybody."""

    def refuse_tcp(self, transport: asyncio.Transport) -> None:
        """Answer as an HTTP server does, and close."""
        transport.write(BAD_REQUEST)
        transport.close()


TCP_DENIED_IS_400 = Deviation(
    name="tcp-denied-is-400",
    description="A denied TCP connection is answered with an HTTP error, and closed.",
    overrides=(TcpIs400,),
)


class DeclaredDecides(Routing):
    """Believes what a port declares."""

    def takes_opaque(self, destination: Destination) -> bool:
        """Refuse bytes that are no HTTP where HTTP is declared."""
        return destination.hint != HTTP and super().takes_opaque(destination)


PROTOCOL_DECLARED_DECIDES = Deviation(
    name="protocol-declared-decides",
    description="A port that is declared as HTTP takes nothing else.",
    overrides=(DeclaredDecides,),
)

REFUSALS = (
    UNLISTED_IS_RESET,
    UNLISTED_IS_CLOSED,
    UNMATCHED_IS_404,
    OUTSIDER_IS_CLOSED,
    TCP_DENIED_IS_400,
    TCP_DENIED_IS_CLOSED,
    TCP_DENIED_IS_RESET,
    PROTOCOL_DECLARED_DECIDES,
)
