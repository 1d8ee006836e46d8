"""Deviations of enforcement: for whom and for what no grant is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pytest_smi.reference.mesh.cluster_config import Objects
from pytest_smi.reference.mesh.faults.fault import Deviation
from pytest_smi.reference.mesh.policy import ALLOWED, NO_IDENTITY, Decision, HttpRequest, Policy
from pytest_smi.reference.mesh.proxy.admission import Admission
from pytest_smi.reference.mesh.proxy.routing import Destination, Routing
from pytest_smi.reference.mesh.proxy.state import TCP
from pytest_smi.reference.mesh.smi import Identity
from pytest_smi.reference.mesh.snapshot import Compiler
from pytest_smi.reference.mesh.splits import Call, Choice, PortKey, Service, Services, Split, SplitChooser, ordinary


class Unenforced(Policy):
    """Knows no targets."""

    def allow_http(self, request: HttpRequest, source: Identity | None) -> Decision:
        """Allow every request, of callers without identity as well."""
        return ALLOWED

    def allow_tcp(self, port: int, source: Identity | None) -> Decision:
        """Allow every connection."""
        return ALLOWED

    def allow_udp(self, port: int, source: Identity | None) -> Decision:
        """Allow every datagram."""
        return ALLOWED


class PassesPlaintext(Admission):
    """Asks nobody for an identity."""

    def passes_plaintext(self) -> bool:
        """Let plaintext through."""
        return True


ACCESS_UNENFORCED = Deviation(
    name="access-unenforced",
    description="Nothing is denied to anybody: the mesh reads no TrafficTarget.",
    overrides=(Unenforced, PassesPlaintext),
)


class Permissive(Policy):
    """Lets everybody in who has an identity; UDP does not go through such meshes."""

    def allow_http(self, request: HttpRequest, source: Identity | None) -> Decision:
        """Allow every request of the mesh; no grant is looked at."""
        return NO_IDENTITY if source is None else ALLOWED

    def allow_tcp(self, port: int, source: Identity | None) -> Decision:
        """Allow every connection of the mesh."""
        return NO_IDENTITY if source is None else ALLOWED


class ReadsMode(Compiler):
    """Tells sidecars of the permissive mode while a MeshConfig turns it on."""

    def switches(self, cluster: Mapping[str, Objects]) -> frozenset[str]:
        """Leave the mode out unless it is on."""
        modes = (config.get("spec", {}).get("traffic", {}) for config in cluster.get("meshconfigs", {}).values())
        permissive = any(mode.get("enablePermissiveTrafficPolicyMode") is True for mode in modes)
        found = super().switches(cluster)
        return found if permissive else found - {PERMISSIVE_BY_MESH_CONFIG.name}


PERMISSIVE_BY_MESH_CONFIG = Deviation(
    name="permissive-by-mesh-config",
    description="While the MeshConfig says so (enablePermissiveTrafficPolicyMode), nothing is denied to anybody.",
    overrides=(Permissive, ReadsMode),
)


class UdpUngoverned(Policy):
    """Sees no UDP."""

    def allow_udp(self, port: int, source: Identity | None) -> Decision:
        """Allow every datagram."""
        return ALLOWED


class UdpUnsplit(SplitChooser):
    """Sees no UDP."""

    def choose(
        self, root: Service, port: PortKey, call: Call | None, splits: Sequence[Split], services: Services
    ) -> Choice:
        """Leave UDP to the root."""
        return ordinary(root, port) if port[1] == "UDP" else super().choose(root, port, call, splits, services)


UDP_PASSES_BY = Deviation(
    name="udp-passes-by",
    description="UDP does not go through the mesh: it is neither split nor denied.",
    overrides=(UdpUngoverned, UdpUnsplit),
)


class MeshNamesOnly(Routing):
    """Governs calls to names of its own domain."""

    def resolve(self, host: str, port: int, protocol: str) -> Destination:
        """Let other calls pass by the mesh."""
        service = self.state.mesh_names.get(host)
        if service is None:
            return Destination(
                address=(host, port), service=None, port=(port, protocol), hint=TCP, known=True, direct=True
            )
        return self.to_service(host, service, (port, protocol))


ENFORCED_AT_CLIENT = Deviation(
    name="enforced-at-client",
    description="Calls that do not take a name of the mesh's domain pass by the mesh, policy included.",
    overrides=(MeshNamesOnly, PassesPlaintext),
)

ENFORCEMENT = (ACCESS_UNENFORCED, PERMISSIVE_BY_MESH_CONFIG, UDP_PASSES_BY, ENFORCED_AT_CLIENT)
