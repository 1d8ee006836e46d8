"""Faults of access control (TrafficTarget)."""

from __future__ import annotations

from functools import partial

from pytest_smi.reference.mesh.faults.active import fault_of
from pytest_smi.reference.mesh.faults.fault import Fault

_fault = partial(fault_of, "TA")


ACCESS_FAULTS: tuple[Fault, ...] = (
    _fault("access-open-until-first-target", "01", "A namespace in which no TrafficTarget was ever seen is open to every mesh identity."),
    _fault("access-http-unenforced", "01", "HTTP requests of any mesh identity are allowed."),
    _fault("access-tcp-unenforced", "02", "Only HTTP is enforced; raw TCP of any mesh identity passes."),
    _fault("access-udp-unenforced", "03 49", "UDP of any mesh identity passes."),
    _fault("access-unselected-open", "04", "A destination that no target names is open as soon as its namespace has a target."),
    _fault("access-grants-flap", "05", "The thirtieth granted HTTP request of a server, and every thousandth after it, is refused."),
    _fault("access-any-identity", "06 66", "A grant of a destination is a grant to any mesh identity."),
    _fault("access-routes-ignored", "07 50", "A listed source may call every route."),
    _fault("access-first-source-only", "08 66", "Only the first source of a target is programmed."),
    _fault("access-last-target-wins", "09 66", "Of several targets on one destination only the last counts."),
    _fault("access-cross-product", "10 66", "Sources and routes of all targets on one destination are merged."),
    _fault("access-deleted-target-stays", "15", "Deleting a target revokes nothing."),
    _fault("access-sources-add-only", "16", "Sources removed from a target keep their access."),
    _fault("access-routes-snapshot", "18", "A target keeps the routes that its groups had when it first saw them."),
    _fault("access-missing-route-opens", "19", "A reference to a missing route group is no restriction."),
    _fault("access-plaintext-through", "22 23", "Plaintext from outside the mesh is passed to the application."),
    _fault("access-plaintext-by-pod-ip", "23", "Plaintext that was sent to the pod IP itself, not through a Service, is passed on."),
    _fault("access-identity-from-header", "25", "The caller's identity is read from x-forwarded-client-cert, l5d-client-id or forwarded."),
    _fault("access-name-only", "27", "Sources are matched by the service account's name without its namespace."),
    _fault("access-destination-homonym", "28", "A grant also opens service accounts of the same name in other namespaces."),
    _fault("access-source-namespace-ignored", "29", "Sources are taken to be in the target's namespace."),
    _fault("access-one-pod-per-account", "30", "Only the first pod of the destination's service account is opened."),
    _fault("access-symmetric", "36", "A grant also allows the opposite direction."),
    _fault("access-own-account", "38", "Pods of the destination's own service account are always sources."),
    _fault("access-match-names-ignored", "40 66", "`matches` is ignored: the whole group is granted."),
    _fault("access-omitted-matches-none", "41", "A rule without `matches` grants no route."),
    _fault("access-unknown-match-widens", "43", "A rule none of whose names exist grants the whole group."),
    _fault("access-tcp-ports-ignored", "48", "The port list of a TCPRoute is ignored."),
    _fault("access-empty-ports-none", "49", "An empty port list of a TCPRoute means no port."),
    _fault("access-tcp-route-opens-http", "50", "A TCPRoute beside an HTTPRouteGroup opens every HTTP request on every port."),
    _fault("access-last-tcp-route-wins", "51", "Of several TCPRoutes in one target only the last counts."),
    _fault("access-udp-ports-ignored", "52", "The port list of a UDPRoute is ignored."),
    _fault("access-protocol-ignored", "49", "A TCPRoute's ports are open for UDP too."),
    _fault("access-http-grant-opens-tcp", "55", "A grant of HTTP routes opens raw TCP on every port."),
    _fault(
        "access-denied-delivered",
        "65",
        "A denied HTTP request with a body is delivered to the application and its answer replaced by the refusal.",
    ),
    _fault("access-split-is-a-grant", "68", "A call that a TrafficSplit routed is let in without a grant."),
)
