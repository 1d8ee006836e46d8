"""Faults of pods: which of them a grant covers, and from when on."""

from __future__ import annotations

from typing import Any

from pytest_smi.reference.mesh.cluster_config import Objects, pod_account, pod_address
from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.proxy.admission import Admission
from pytest_smi.reference.mesh.proxy.exchange import Request
from pytest_smi.reference.mesh.proxy.state import MeshState
from pytest_smi.reference.mesh.smi import Identity
from pytest_smi.reference.mesh.snapshot import Compiler, Key, Parts


class PerService(Compiler):
    """Opens Services, not accounts."""

    def grants_of(self, key: Key, pods: Objects, parts: Parts) -> list[dict[str, Any]]:
        """Add the grants of every account that has a pod behind one of the pod's Services."""
        found, own = super().grants_of(key, pods, parts), pod_address(pods[key])
        accounts = set()
        for service in parts.services.values():
            addresses = {address for port in service["ports"] for address, _ in port["endpoints"]}
            if own in addresses:
                accounts |= {(parts.pods[at]["ns"], parts.pods[at]["sa"]) for at in addresses if at in parts.pods}
        others = sorted(accounts - {(key[0], pod_account(pods[key]))})
        return [*found, *(grant for account in others for grant in parts.grants.get(account, ()))]


PER_SERVICE = Fault(
    name="access-per-service",
    description="A grant opens every pod behind a Service that has a pod of the destination.",
    breaks=("TA-31",),
    overrides=(PerService,),
)


class LateCallersUnknown(Admission):
    """Keeps a list of pods."""

    def __init__(self, state: MeshState) -> None:
        super().__init__(state)
        self._known: frozenset[Key] = frozenset()

    def allows(self, request: Request, port: int, source: Identity | None, peer: str, split: bool) -> bool:
        """Refuse callers that were not there when a grant was first used."""
        if not super().allows(request, port, source, peer, split):
            return False
        pods = self.state.pods
        self._known = self._known or frozenset((pod.namespace, pod.name) for pod in pods.values())
        return peer in pods and (pods[peer].namespace, pods[peer].name) in self._known


LATE_CALLERS_UNKNOWN = Fault(
    name="access-late-callers-unknown",
    description="Pods that start after a destination was first called are not recognized as sources.",
    breaks=("TA-32",),
    overrides=(LateCallersUnknown,),
)


class EarlyDestinationsOnly(Compiler):
    """Lists the pods of an account once."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._opened: dict[Key, frozenset[str]] = {}

    def grants_of(self, key: Key, pods: Objects, parts: Parts) -> list[dict[str, Any]]:
        """Give no grant to pods that came after the first ones that had one."""
        found = super().grants_of(key, pods, parts)
        account = key[0], pod_account(pods[key])
        if found and account not in self._opened:
            same = [name for (space, name), pod in pods.items() if (space, pod_account(pod)) == account]
            self._opened[account] = frozenset(same)
        return found if key[1] in self._opened.get(account, ()) else []


EARLY_DESTINATIONS_ONLY = Fault(
    name="access-early-destinations-only",
    description="A grant opens the pods that its destination had when it was made, and none that start later.",
    breaks=("TA-32",),
    overrides=(EarlyDestinationsOnly,),
)


class BarePodsUnknown(Admission):
    """Knows workloads, not pods."""

    def allows(self, request: Request, port: int, source: Identity | None, peer: str, split: bool) -> bool:
        """Refuse callers that belong to no workload."""
        caller = self.state.pods.get(peer)
        return (caller is None or caller.owned) and super().allows(request, port, source, peer, split)


BARE_PODS_UNKNOWN = Fault(
    name="access-bare-pods-unknown",
    description="A pod that no workload owns is not recognized as a source.",
    breaks=("TA-34",),
    overrides=(BarePodsUnknown,),
)


class FirstAtAddress(Admission):
    """Keeps a list of addresses that is never cleaned."""

    def __init__(self, state: MeshState) -> None:
        super().__init__(state)
        self._first: dict[str, Identity] = {}

    def allows(self, request: Request, port: int, source: Identity | None, peer: str, split: bool) -> bool:
        """Take a caller for whoever was let in from its address first, if anybody was."""
        taken_for = self._first.get(peer, source)
        allowed = super().allows(request, port, taken_for, peer, split)
        if allowed and taken_for is not None:
            self._first[peer] = taken_for
        return allowed


IDENTITY_BY_FIRST_ADDRESS = Fault(
    name="access-identity-by-first-address",
    description="A caller is taken for whoever was let in from its pod's address first.",
    breaks=("TA-33",),
    overrides=(FirstAtAddress,),
)

PODS = (PER_SERVICE, LATE_CALLERS_UNKNOWN, EARLY_DESTINATIONS_ONLY, BARE_PODS_UNKNOWN, IDENTITY_BY_FIRST_ADDRESS)
