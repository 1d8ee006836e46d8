"""Faults of backends and of the root: which Services a split is about."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.proxy.denials import FORBIDDEN
from pytest_smi.reference.mesh.routes import RouteMatcher
from pytest_smi.reference.mesh.splits import (
    Call,
    Candidate,
    Choice,
    PortKey,
    Service,
    ServiceKey,
    Services,
    Split,
    SplitChooser,
    SplitTable,
    ordinary,
)


class FirstTwoOnly(SplitChooser):
    """Knows a stable and a canary."""

    def candidates(self, split: Split, root: Service, port: PortKey, services: Services) -> list[Candidate]:
        """Drop all but the first two backends."""
        return super().candidates(replace(split, backends=split.backends[:2]), root, port, services)


FIRST_TWO_ONLY = Fault(
    name="split-first-two-only",
    description="Only the first two backends are used.",
    breaks=("SP-06",),
    overrides=(FirstTwoOnly,),
)


class NeedsEveryBackend(SplitChooser):
    """Takes a split as a whole or not at all."""

    def weigh(self, split: Split, root: Service, port: PortKey, call: Call | None, services: Services) -> Choice:
        """Stay with the root while a backend is missing."""
        if any((split.key[0], name) not in services for name, _ in split.backends):
            return ordinary(root, port)
        return super().weigh(split, root, port, call, services)


NEEDS_EVERY_BACKEND = Fault(
    name="split-needs-every-backend",
    description="A split is inert until all its backends exist.",
    breaks=("SP-15",),
    overrides=(NeedsEveryBackend,),
)


class RootIsABackend(SplitChooser):
    """Leaves something to the root."""

    def candidates(self, split: Split, root: Service, port: PortKey, services: Services) -> list[Candidate]:
        """Add the root's endpoints that belong to no backend, beside two or more of them,
        with a tenth of the weight."""
        found = super().candidates(split, root, port, services)
        known = [backend for name, _ in split.backends if (backend := services.get((split.key[0], name)))]
        owned = {address for backend in known for endpoints in backend.ports.values() for address, _ in endpoints}
        strays = [endpoint for endpoint in root.ports.get(port, ()) if endpoint[0] not in owned]
        if strays and len(known) > 1:
            found.append(Candidate(root.key[1], max(1, sum(weight for _, weight in split.backends) // 10), strays))
        return found


ROOT_IS_A_BACKEND = Fault(
    name="split-root-is-a-backend",
    description="Endpoints of the root that belong to no backend are one more backend, beside two or more.",
    breaks=("SP-19",),
    overrides=(RootIsABackend,),
)


class BackendNameIsSplit(SplitTable):
    """Governs a backend like a root."""

    def roots(self, split: Split) -> Iterator[ServiceKey]:
        """Yield the backends, too."""
        yield from super().roots(split)
        for name, _ in split.backends:
            yield split.key[0], name


BACKEND_NAME_IS_SPLIT = Fault(
    name="split-backend-name-is-split",
    description="Calls to a backend by its name are split too.",
    breaks=("SP-21", "SP-64"),
    overrides=(BackendNameIsSplit,),
)


class BackendsFirstPortOnly(SplitChooser):
    """Looks for a mark of its own on direct calls to a backend, save on the first port. The table gives a backend the
    splits that lead to it, too."""

    def choose(
        self, root: Service, port: PortKey, call: Call | None, splits: Sequence[Split], services: Services
    ) -> Choice:
        """Refuse calls to a further port of a Service that a split leads to."""
        own = [split for split in splits if split.service == root.key[1]]
        if len(own) < len(splits) and port != next(iter(root.ports), port):
            return Choice(endpoints=(), split=None, backend=None, status=FORBIDDEN)
        return super().choose(root, port, call, own, services)


BACKENDS_FIRST_PORT_ONLY = Fault(
    name="split-backends-first-port-only",
    description="A backend of a split is refused under its own name on every port but its first.",
    breaks=("SP-76",),
    overrides=(BackendNameIsSplit, BackendsFirstPortOnly),
)


class BySelector(SplitTable):
    """Knows a Service by its endpoints."""

    def of(self, root: ServiceKey) -> Sequence[Split]:
        """Give a Service without splits those of the first root with the same endpoints."""
        found = super().of(root)
        own = self.services.get(root)
        if found or own is None:
            return found
        for key, splits in self.by_root.items():
            twin = self.services.get(key)
            if key[0] == root[0] and twin is not None and list(twin.ports.values()) == list(own.ports.values()):
                return splits
        return []


BY_SELECTOR = Fault(
    name="split-by-selector",
    description="Services with the same endpoints as the root are split too.",
    breaks=("SP-21", "SP-22", "SP-63"),
    overrides=(BySelector,),
)


class EndpointsAsFirstSeen(SplitChooser):
    """Resolves a backend once."""

    def __init__(self, rng: random.Random | None = None, matcher: RouteMatcher | None = None) -> None:
        super().__init__(rng, matcher)
        self._known: dict[tuple[ServiceKey, ServiceKey, PortKey], Candidate] = {}

    def candidate(self, split: Split, weight: int, root: Service, port: PortKey, backend: Service) -> Candidate | None:
        """Keep to the endpoints that a backend had when it was first chosen from."""
        found = super().candidate(split, weight, root, port, backend)
        if found is None:
            return None
        first = self._known.setdefault((split.key, backend.key, port), found)
        return replace(found, endpoints=first.endpoints)


ENDPOINTS_AS_FIRST_SEEN = Fault(
    name="split-endpoints-as-first-seen",
    description="A split keeps to the pods that a backend had when it was first called.",
    breaks=("SP-71",),
    overrides=(EndpointsAsFirstSeen,),
)


BACKENDS = (
    FIRST_TWO_ONLY,
    NEEDS_EVERY_BACKEND,
    ROOT_IS_A_BACKEND,
    BACKEND_NAME_IS_SPLIT,
    BACKENDS_FIRST_PORT_ONLY,
    BY_SELECTOR,
    ENDPOINTS_AS_FIRST_SEEN,
)
