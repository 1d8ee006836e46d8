"""The memory of a client's proxy of how it reaches each Service, for meshes whose proxies choose the way once and keep it while it is used.

Such a proxy decides with the first call to a Service whether a split governs it. While calls keep coming that stays as it is: a split
that is created later is not seen until the Service has been left alone for a while. Changes of a split that was seen count at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from pytest_smi.reference.mesh.splits import ServiceKey, Split


class Stacks:
    """One client's memory; `idle` seconds without a call make it forget a Service."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[ServiceKey, tuple[float, bool]] = {}

    def splits(self, root: ServiceKey, current: list[Split], idle: float) -> list[Split]:
        """The splits that govern a call to `root` now, of those there are."""
        now = self._clock()
        last, split = self._known.get(root, (now - idle, False))
        if now - last >= idle:
            split = bool(current)
        self._known[root] = (now, split)
        return current if split else []
