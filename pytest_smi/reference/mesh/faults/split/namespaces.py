"""Faults of namespaces: whose Services the names in a split are, and whose calls are split."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.proxy.routing import Routing
from pytest_smi.reference.mesh.splits import (
    Candidate,
    PortKey,
    Service,
    ServiceKey,
    Services,
    Split,
    SplitChooser,
    SplitTable,
)


class OwnNamespaceOnly(Routing):
    """Tells clients of the splits beside them."""

    def splits_of(self, root: ServiceKey) -> Sequence[Split]:
        """Know of no split of a root in another namespace."""
        return super().splits_of(root) if root[0] == self.state.own["ns"] else ()


OWN_NAMESPACE_ONLY = Fault(
    name="split-own-namespace-only",
    description="Calls from other namespaces are not split.",
    breaks=("SP-35",),
    overrides=(OwnNamespaceOnly,),
)


class BackendByNameAlone(SplitChooser):
    """Knows a Service by its name."""

    def candidates(self, split: Split, root: Service, port: PortKey, services: Services) -> list[Candidate]:
        """Take the backends of the last namespace that has one of the name."""
        last = {key[1]: services[key] for key in sorted(services)}
        found = {(split.key[0], name): last[name] for name, _ in split.backends if name in last}
        return super().candidates(split, root, port, found)


BACKEND_BY_NAME_ALONE = Fault(
    name="split-backend-by-name-alone",
    description="Backends are found by name in any namespace, the last one first.",
    breaks=("SP-61",),
    overrides=(BackendByNameAlone,),
)


class RootByNameAlone(SplitTable):
    """Knows a root by its name."""

    def of(self, root: ServiceKey) -> Sequence[Split]:
        """Give a Service the splits of its namesakes, too."""
        return [split for key, splits in self.by_root.items() if key[1] == root[1] for split in splits]


ROOT_BY_NAME_ALONE = Fault(
    name="split-root-by-name-alone",
    description="A Service of the root's name is split in every namespace.",
    breaks=("SP-62",),
    overrides=(RootByNameAlone,),
)

NAMESPACES = (OWN_NAMESPACE_ONLY, BACKEND_BY_NAME_ALONE, ROOT_BY_NAME_ALONE)
