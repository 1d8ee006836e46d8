"""Faults of what only access v1alpha1 and v1alpha2 say: the port of a destination."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.grants import GrantCompiler, RouteObjects
from pytest_smi.reference.mesh.policy import Grant, Policy
from pytest_smi.reference.mesh.smi import Identity, TrafficTarget

OLD = "access=v1alpha2"


class DestinationPortIgnored(GrantCompiler):
    """Knows no ports of HTTP."""

    def compile(self, target: TrafficTarget, routes: RouteObjects) -> dict[str, Any]:
        """Drop the port of a target that has an HTTPRouteGroup."""
        http_alone = all(rule.kind == "HTTPRouteGroup" for rule in target.rules)
        return super().compile(replace(target, port=None) if http_alone else target, routes)


DESTINATION_PORT_IGNORED = Fault(
    name="access-destination-port-ignored",
    description="The port of a destination does not limit what HTTP routes grant.",
    breaks=("TA-45", "TA-47"),
    overrides=(DestinationPortIgnored,),
    versions=OLD,
)


class OmittedPortIsFirst(GrantCompiler):
    """Needs a port."""

    def compile(self, target: TrafficTarget, routes: RouteObjects) -> dict[str, Any]:
        """Put the first port of HTTP in the place of none, where a target has an HTTPRouteGroup."""
        http = any(rule.kind == "HTTPRouteGroup" for rule in target.rules)
        return super().compile(replace(target, port=8080) if http and target.port is None else target, routes)


OMITTED_PORT_IS_FIRST = Fault(
    name="access-omitted-port-is-first",
    description="A destination without a port means the first port of HTTP.",
    breaks=("TA-46",),
    overrides=(OmittedPortIsFirst,),
    versions=OLD,
)


class DestinationPortsMerged(Policy):
    """Lists the ports of a destination once."""

    def grants_of(self, source: Identity) -> Sequence[Grant]:
        """Open a port that one grant names to the sources of every grant that names a port."""
        found = super().grants_of(source)
        ports = {grant.port for grant in self.grants if grant.port is not None and grant.http is not None}
        return [
            replace(grant, port=port)
            for grant in found
            for port in (sorted(ports) if grant.port in ports else [grant.port])
        ]


DESTINATION_PORTS_MERGED = Fault(
    name="access-destination-ports-merged",
    description="The ports that several targets name for one destination are open to the sources of each.",
    breaks=("TA-45", "TA-47"),
    overrides=(DestinationPortsMerged,),
    versions=OLD,
)

OLDER = (DESTINATION_PORT_IGNORED, OMITTED_PORT_IS_FIRST, DESTINATION_PORTS_MERGED)
