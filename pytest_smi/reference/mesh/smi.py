"""The objects of SMI as strict records; what reads them off the API's JSON is `smi_parse.py`."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_smi.reference.mesh.label_selectors import Selector

Identity = tuple[str, str]
"""A workload's identity: (namespace, service account); that of one pod is made by `pod_identity`."""

ANY_PORT = "*"


def pod_identity(namespace: str, name: str) -> Identity:
    """Return the identity of a pod itself, which it has beside its account's: no account's name has a slash."""
    return namespace, f"pod/{name}"


class SmiError(ValueError):
    """An SMI object that this mesh cannot read; the message names the field, what was found and what is allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One entry of a target's `rules`: a reference to a route object, with the route names wanted (None or none:
    all of them, AMB-17)."""

    kind: str
    name: str
    matches: tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficTarget:
    """A grant: sources may call the destination through the rules;
    `destination` is None when absent or not a ServiceAccount.

    `port` limits the grant to one container port (access v1alpha1 and v1alpha2);
    `placed` is whether the destination says its namespace.
    """

    namespace: str
    name: str
    destination: Identity | None
    sources: tuple[Identity, ...]
    rules: tuple[Rule, ...]
    port: int | None = None
    placed: bool = True
    unplaced: tuple[str, ...] = ()
    """Names of the sources that do not say their namespace, which are taken to be in the target's (AMB-20)."""
    destination_binding: tuple[str, str] | None = None
    source_bindings: tuple[tuple[str, str], ...] = ()
    """Subjects by IdentityBinding (draft access v1alpha4), as (namespace, name)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityBinding:
    """A set of workloads (draft access v1alpha4); `account` is empty when it names none."""

    namespace: str
    name: str
    account: str
    spiffe: tuple[str, ...]
    selector: Selector | None
    pods: tuple[Identity, ...] = ()
    """The pods that the selector finds, see `bindings.select`: they are not in the object, and change without it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRoute:
    """One match of an HTTPRouteGroup; None means the condition is absent; headers are (name, pattern) pairs,
    all of which must hold."""

    name: str
    path: str | None
    methods: tuple[str, ...] | None
    headers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteGroup:
    """An HTTPRouteGroup."""

    namespace: str
    name: str
    routes: tuple[HttpRoute, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PortRoute:
    """A TCPRoute or UDPRoute; `ports` is "*" when the list is empty or absent (AMB-25: absent is read as all)."""

    namespace: str
    name: str
    ports: tuple[int, ...] | str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficSplit:
    """A split of one root Service over weighted backends; `matches` names route groups (None:
    applies to every request)."""

    namespace: str
    name: str
    uid: str
    created: str
    service: str
    backends: tuple[tuple[str, int], ...]
    matches: tuple[str, ...] | None
