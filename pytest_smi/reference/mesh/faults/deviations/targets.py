"""Deviations of validation: TrafficTargets that a mesh sets aside as a whole."""

from __future__ import annotations

from pytest_smi.reference.mesh.access_config import AccessCompiler, Objects
from pytest_smi.reference.mesh.faults.fault import Deviation
from pytest_smi.reference.mesh.grants import TCP_ROUTE, UDP_ROUTE
from pytest_smi.reference.mesh.smi import TrafficTarget


class OwnNamespaceOnly(AccessCompiler):
    """Wants a target beside its destination."""

    def is_inert(self, target: TrafficTarget, smi: Objects) -> bool:
        """Set aside a target elsewhere, or that does not say so."""
        elsewhere = not target.placed or target.destination is None or target.destination[0] != target.namespace
        return elsewhere or super().is_inert(target, smi)


TARGETS_IN_DESTINATION_NAMESPACE_ONLY = Deviation(
    name="targets-in-destination-namespace-only",
    description="A target outside its destination's namespace, or that does not name that namespace, is inert.",
    overrides=(OwnNamespaceOnly,),
)


class UdpRulesVoid(AccessCompiler):
    """Knows rules for HTTP and TCP."""

    def is_inert(self, target: TrafficTarget, smi: Objects) -> bool:
        """Set aside a target with another rule, or with none."""
        kinds = {rule.kind for rule in target.rules}
        return not kinds or UDP_ROUTE in kinds or super().is_inert(target, smi)


UDP_RULES_VOID_TARGETS = Deviation(
    name="udp-rules-void-targets",
    description="A target with a UDPRoute among its rules, or without rules, is inert as a whole.",
    overrides=(UdpRulesVoid,),
)


class MissingTcpRouteVoids(AccessCompiler):
    """Wants every TCPRoute to be there."""

    def is_inert(self, target: TrafficTarget, smi: Objects) -> bool:
        """Set aside a target that names a missing one."""
        missing = any(
            rule.kind == TCP_ROUTE and (target.namespace, rule.name) not in smi["tcproutes"] for rule in target.rules
        )
        return missing or super().is_inert(target, smi)


MISSING_TCP_ROUTE_VOIDS_TARGETS = Deviation(
    name="missing-tcp-route-voids-targets",
    description="A target that names a missing TCPRoute is inert as a whole.",
    overrides=(MissingTcpRouteVoids,),
)

TARGETS = (TARGETS_IN_DESTINATION_NAMESPACE_ONLY, UDP_RULES_VOID_TARGETS, MISSING_TCP_ROUTE_VOIDS_TARGETS)
