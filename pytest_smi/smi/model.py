"""Canonical records of the SMI kinds, independent of any API version. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class HTTPMatch:
    """One route of an HTTPRouteGroup; None means that the field is left out."""

    name: str
    path: str | None = None
    methods: tuple[str, ...] | None = None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HTTPRouteGroup:
    """A named list of HTTP routes (specs.smi-spec.io)."""

    name: str
    namespace: str
    matches: tuple[HTTPMatch, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TCPRoute:
    """TCP ports (specs.smi-spec.io); an empty list means every port."""

    name: str
    namespace: str
    ports: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UDPRoute:
    """UDP ports (specs.smi-spec.io); an empty list means every port."""

    name: str
    namespace: str
    ports: tuple[int, ...] = ()


IDENTITY_BINDING = "IdentityBinding"


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityBinding:
    """A name for identities (access.smi-spec.io, draft); a pod or caller that meets any of the schemes has it."""

    name: str
    namespace: str
    service_account: str | None = None
    pod_labels: tuple[tuple[str, str], ...] | None = None
    spiffe_identities: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A source or destination of a TrafficTarget: a ServiceAccount, in the draft also an IdentityBinding;
    an empty namespace: left out."""

    name: str
    namespace: str
    kind: str = "ServiceAccount"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A reference from a TrafficTarget to a route; `matches` None is left out, () is an empty list."""

    kind: str
    name: str
    matches: tuple[str, ...] | None = None


def refer_to(route: HTTPRouteGroup | TCPRoute | UDPRoute | Rule) -> Rule:
    """Refer to a route; a group as a whole, by the names of all its matches.

    The names are written out so that what a missing `matches` means is the matter of one assertion, not of all.
    """
    if isinstance(route, Rule):
        return route
    names = tuple(match.name for match in route.matches) if isinstance(route, HTTPRouteGroup) else ()
    return Rule(kind=type(route).__name__, name=route.name, matches=names or None)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficTarget:
    """A grant (access.smi-spec.io): sources may reach the destination through the rules.

    `port` is that of the destination, which versions before v1alpha3 have; None is every port.
    Newer ones say it with a TCPRoute.
    """

    name: str
    namespace: str
    destination: Subject
    rules: tuple[Rule, ...]
    sources: tuple[Subject, ...]
    port: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """A backend Service of a split and its relative weight; only v1alpha1 can say a weight that is no whole number."""

    service: str
    weight: int | Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficSplit:
    """Weighted backends of a root Service (split.smi-spec.io); `matches` names HTTPRouteGroups."""

    name: str
    namespace: str
    service: str
    backends: tuple[Backend, ...]
    matches: tuple[str, ...] | None = None


SmiObject = HTTPRouteGroup | TCPRoute | UDPRoute | TrafficTarget | IdentityBinding | TrafficSplit

API_OF_KIND: dict[type, str] = {
    HTTPRouteGroup: "specs",
    TCPRoute: "specs",
    UDPRoute: "specs",
    TrafficTarget: "access",
    IdentityBinding: "access",
    TrafficSplit: "split",
}
"""The SMI API that a record's kind belongs to."""
