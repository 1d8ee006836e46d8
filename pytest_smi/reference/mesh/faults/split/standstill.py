"""Faults of meshes whose configuration stands still as a whole for the sake of one split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pytest_smi.reference.mesh.cluster_config import Objects
from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.smi import Identity
from pytest_smi.reference.mesh.snapshot import EMPTY, Compiler, Key, Parts, Snapshot

_NOT_CONFIGURATION = ("faults", "traits", "name")
"""Shared keys that stand for what is no proxy's: the mesh's kind and its names."""


def frozen(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Return the shared configuration that is in effect: the old one, but for what is no proxy's configuration."""
    return {
        **{key: value for key, value in old.items() if key.partition("/")[0] not in _NOT_CONFIGURATION},
        **{key: value for key, value in new.items() if key.partition("/")[0] in _NOT_CONFIGURATION},
    }


def frozen_own(
    new: Mapping[Key, Mapping[str, Any]], grants: Mapping[Key, list[dict[str, Any]]]
) -> dict[Key, dict[str, Any]]:
    """Each pod's own configuration with the old `grants` of its account; the pod itself is as it is now."""
    return {key: {**own, "grants": grants.get((key[0], own["self"]["sa"]), [])} for key, own in new.items()}


class Standstill(Compiler):
    """Goes on with the configuration that proxies have while one split stops it; which one does is for subclasses to
    say, and a mesh may have several reasons."""

    _in_effect = EMPTY
    _stopped = False

    def _stops(self, split: Mapping[str, Any], parts: Parts) -> bool:
        """Return whether this split stops everything."""
        return False

    def shared_splits(self, parts: Parts) -> Mapping[str, dict[str, Any]]:
        """Look whether there is one that does."""
        found = super().shared_splits(parts)
        self._stopped = any(self._stops(split, parts) for split in found.values())
        return found

    def _is_stuck(self, found: Snapshot) -> bool:
        """Return whether what was found keeps all proxies from taking it."""
        return self._stopped

    def compile(self, cluster: Mapping[str, Objects]) -> Snapshot:
        """Keep the configuration while it is stuck."""
        found, old = super().compile(cluster), self._in_effect
        if self._is_stuck(found):
            found = replace(
                found, shared=frozen(old.shared, found.shared), own=frozen_own(found.own, old.grants), grants=old.grants
            )
        self._in_effect = found
        return found


def admitted(backend: Key, parts: Parts) -> set[Identity]:
    """Return the identities that a backend grants something to by one of its pods; one without ready pods grants
    nothing."""
    ports = parts.services.get(backend, {}).get("ports", [])
    pods = [parts.pods[address] for port in ports for address, _ in port["endpoints"] if address in parts.pods]
    given = (grant for account in {(pod["ns"], pod["sa"]) for pod in pods} for grant in parts.grants.get(account, []))
    return {(source[0], source[1]) for grant in given for source in grant["sources"]}


def nothing_in_common(split: Mapping[str, Any], parts: Parts) -> bool:
    """Return whether the backends of a split all admit somebody, and nobody in common."""
    admitting = [admitted((split["namespace"], name), parts) for name, _ in split["backends"]]
    return bool(admitting) and all(admitting) and not set.intersection(*admitting)


class NothingInCommon(Standstill):
    """Writes down who may pass through a split, and chokes on an empty list."""

    def _stops(self, split: Mapping[str, Any], parts: Parts) -> bool:
        return nothing_in_common(split, parts) or super()._stops(split, parts)


NOTHING_IN_COMMON = Fault(
    name="split-for-nobody-stops-all",
    description="While a split has backends that admit nobody in common, nothing that is changed has any effect.",
    breaks=("SP-77",),
    overrides=(NothingInCommon,),
)


def weightless(split: Mapping[str, Any], services: Mapping[Key, Mapping[str, Any]]) -> bool:
    """Return whether a split of some weight leaves a port of its root to backends of weight 0 alone."""

    def ports(name: str) -> set[int]:
        return {port["port"] for port in services.get((split["namespace"], name), {}).get("ports", [])}

    backends = {name: (weight, ports(name)) for name, weight in split["backends"]}
    having = ([weight for weight, offered in backends.values() if port in offered] for port in ports(split["service"]))
    return any(weight for weight, _ in backends.values()) and any(weights and not any(weights) for weights in having)


class WeightlessPort(Standstill):
    """Writes down the shares of every port, and chokes on some that are all 0."""

    def _stops(self, split: Mapping[str, Any], parts: Parts) -> bool:
        return weightless(split, parts.services) or super()._stops(split, parts)


WEIGHTLESS_PORT = Fault(
    name="split-weightless-port-stops-all",
    description="While a split leaves a port to backends of weight 0 alone, nothing that is changed has any effect.",
    breaks=("SP-78",),
    overrides=(WeightlessPort,),
)

STANDSTILL = (NOTHING_IN_COMMON, WEIGHTLESS_PORT)
