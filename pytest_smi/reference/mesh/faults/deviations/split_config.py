"""Deviations of what a TrafficSplit says: splits, backends, weights and groups as the control planes
of meshes read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pytest_smi.reference.mesh.faults.fault import Deviation
from pytest_smi.reference.mesh.smi import RouteGroup, TrafficSplit
from pytest_smi.reference.mesh.split_config import Backends, Key, ServiceConfigs, SplitCompiler
from pytest_smi.reference.mesh.splits import ServiceKey, Split, SplitTable


class AllZeroIsNoSplit(SplitCompiler):
    """Drops splits without weight."""

    def counts(self, split: TrafficSplit) -> bool:
        """Leave the calls to the root."""
        return any(weight for _, weight in split.backends) and super().counts(split)


SPLIT_ALL_ZERO_IS_NO_SPLIT = Deviation(
    name="split-all-zero-is-no-split",
    description="A split whose weights are all zero is no split: calls go to the root.",
    overrides=(AllZeroIsNoSplit,),
)


class OwnRootDropped(SplitCompiler):
    """Drops splits with a circle."""

    def counts(self, split: TrafficSplit) -> bool:
        """Leave the calls to the root where it is one of its own backends."""
        return split.service not in [name for name, _ in split.backends] and super().counts(split)


SPLIT_OF_OWN_ROOT_DROPPED = Deviation(
    name="split-of-own-root-dropped",
    description="A split that names its root among its backends is dropped.",
    overrides=(OwnRootDropped,),
)


class LastTakesRounding(SplitCompiler):
    """Calculates in whole per cents."""

    def backends(self, split: TrafficSplit, services: ServiceConfigs) -> Backends:
        """Give the last backend what is missing to a hundred."""
        backends = super().backends(split, services)
        total = sum(weight for _, weight in backends)
        if not total:
            return backends
        shares = [weight * 100 // total for _, weight in backends[:-1]]
        return tuple((name, share) for (name, _), share in zip(backends, [*shares, 100 - sum(shares)], strict=True))


SPLIT_LAST_TAKES_ROUNDING = Deviation(
    name="split-last-takes-rounding",
    description="Weights become whole per cents; the last backend takes what rounding leaves.",
    overrides=(LastTakesRounding,),
)


class NeedsEveryPort(SplitCompiler):
    """Judges a backend for all ports at once."""

    def backends(self, split: TrafficSplit, services: ServiceConfigs) -> Backends:
        """Leave out the backends that are missing or lack a port of the root, by number and protocol."""
        return tuple(
            backend for backend in super().backends(split, services) if _has_every_port(backend[0], split, services)
        )


def _has_every_port(backend: str, split: TrafficSplit, services: ServiceConfigs) -> bool:
    root, found = (
        {(port["port"], port["protocol"]) for port in services.get((split.namespace, name), {}).get("ports", ())}
        for name in (split.service, backend)
    )
    return (split.namespace, backend) in services and root <= found


SPLIT_BACKEND_NEEDS_EVERY_PORT = Deviation(
    name="split-backend-needs-every-port",
    description="A backend that lacks a port of the root is left out of the split on every port.",
    overrides=(NeedsEveryPort,),
)


class GroupsByName(SplitCompiler):
    """Knows a group by its name."""

    def groups(self, split: TrafficSplit, names: tuple[str, ...], groups: Mapping[Key, RouteGroup]) -> list[RouteGroup]:
        """Find groups of that name in whatever namespace they lie."""
        return super().groups(split, names, {(split.namespace, name): group for (_, name), group in groups.items()})


SPLIT_GROUPS_BY_NAME_ALONE = Deviation(
    name="split-groups-by-name-alone",
    description="The route groups of a split are found by name in any namespace.",
    overrides=(GroupsByName,),
)


class NewestWins(SplitTable):
    """Keeps one split per root."""

    def of(self, root: ServiceKey) -> Sequence[Split]:
        """Drop all but the newest."""
        return super().of(root)[-1:]


SPLIT_NEWEST_WINS = Deviation(
    name="split-newest-wins",
    description="Of several splits of one root only the newest is used.",
    overrides=(NewestWins,),
)

SPLIT_CONFIG = (
    SPLIT_ALL_ZERO_IS_NO_SPLIT,
    SPLIT_NEWEST_WINS,
    SPLIT_OF_OWN_ROOT_DROPPED,
    SPLIT_LAST_TAKES_ROUNDING,
    SPLIT_BACKEND_NEEDS_EVERY_PORT,
    SPLIT_GROUPS_BY_NAME_ALONE,
)
