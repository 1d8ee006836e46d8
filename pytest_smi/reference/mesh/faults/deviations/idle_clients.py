"""The deviation of meshes whose client proxies choose once how they reach a Service, and keep to it while it is used.

Such a proxy decides with the first call to a Service whether a split governs it. While calls keep coming that stays as
it is: a split that is created later is not seen until the Service has been left alone for a while.
Changes of a split that was seen count at once.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence

from pytest_smi.reference.mesh.faults.fault import Deviation
from pytest_smi.reference.mesh.proxy.routing import Routing
from pytest_smi.reference.mesh.proxy.state import MeshState
from pytest_smi.reference.mesh.splits import ServiceKey, Split


class Stacks:
    """One client's memory; `idle` seconds without a call make it forget a Service."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[ServiceKey, tuple[float, bool]] = {}

    def splits(self, root: ServiceKey, current: Sequence[Split], idle: float) -> Sequence[Split]:
        """Return the splits that govern a call to `root` now, of those there are."""
        now = self._clock()
        last, split = self._known.get(root, (now - idle, False))
        if now - last >= idle:
            split = bool(current)
        self._known[root] = (now, split)
        return current if split else ()


class WaitsForIdleClient(Routing):
    """Keeps the way that it chose."""

    def __init__(self, state: MeshState, rng: random.Random) -> None:
        super().__init__(state, rng)
        self._stacks = Stacks()

    def splits_of(self, root: ServiceKey) -> Sequence[Split]:
        """Overlook splits that are newer than that."""
        return self._stacks.splits(root, super().splits_of(root), float(self.state.traits.get("idle", 0)))


SPLIT_WAITS_FOR_IDLE_CLIENT = Deviation(
    name="split-waits-for-idle-client",
    description="A client that keeps calling a Service does not see a split that is newer than its first call.",
    overrides=(WaitsForIdleClient,),
)
