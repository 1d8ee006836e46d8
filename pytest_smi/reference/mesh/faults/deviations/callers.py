"""The deviation of meshes in which a split has callers of its own: those whom every one of its backends admits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_smi.reference.mesh.faults.fault import Deviation
from pytest_smi.reference.mesh.faults.split.standstill import admitted
from pytest_smi.reference.mesh.proxy.denials import FORBIDDEN
from pytest_smi.reference.mesh.proxy.routing import Routing
from pytest_smi.reference.mesh.smi import Identity
from pytest_smi.reference.mesh.snapshot import Compiler, Parts
from pytest_smi.reference.mesh.splits import Call, Choice, PortKey, Service, Split, SplitTable


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardedSplit(Split):
    """A split that only these callers may go through; None: that is for the backends alone to decide."""

    callers: frozenset[Identity] | None


class WritesCallers(Compiler):
    """Writes the callers into the configuration of a split."""

    def shared_splits(self, parts: Parts) -> Mapping[str, dict[str, Any]]:
        """Add the callers to each split."""
        return {
            key: {**config, "callers": callers(config, parts)} for key, config in super().shared_splits(parts).items()
        }


def callers(config: Mapping[str, Any], parts: Parts) -> list[list[str]]:
    """Return the identities that each backend of a split grants something to."""
    allowed = [admitted((config["namespace"], name), parts) for name, _ in config["backends"]]
    return [list(identity) for identity in sorted(set.intersection(*allowed))] if allowed else []


class ReadsCallers(SplitTable):
    """Reads the callers of a split."""

    def read(self, spec: Mapping[str, Any]) -> Split:
        """Compile a split with its callers."""
        split = super().read(spec)
        listed = spec.get("callers")
        allowed = None if listed is None else frozenset((namespace, account) for namespace, account in listed)
        return GuardedSplit(
            key=split.key, service=split.service, backends=split.backends, routes=split.routes, callers=allowed
        )


class AsksForCaller(Routing):
    """Refuses at the client."""

    def choose_behind(self, root: Service, port: PortKey, call: Call | None) -> Choice:
        """Reach nothing through a split that this pod is no caller of."""
        choice = super().choose_behind(root, port, call)
        own = (self.state.own.get("ns"), self.state.own.get("sa"))
        for split in self.splits_of(root.key):
            if (
                split.key == choice.split
                and isinstance(split, GuardedSplit)
                and split.callers is not None
                and own not in split.callers
            ):
                return Choice(endpoints=(), split=choice.split, backend=None, status=FORBIDDEN)
        return choice


SPLIT_NEEDS_GRANT_ON_EVERY_BACKEND = Deviation(
    name="split-needs-grant-on-every-backend",
    description="A split admits only callers that every one of its backends admits.",
    overrides=(WritesCallers, ReadsCallers, AsksForCaller),
)
