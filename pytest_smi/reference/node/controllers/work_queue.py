"""Level-triggered reconciling: a marked key is reconciled soon, once, and never twice at a time;
errors are tried again with backoff.

Law: marking costs nothing and never blocks, so that it may be done in a store's callback.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

Key = tuple[str, str]
"""(namespace, name)."""
_BACKOFFS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_log = logging.getLogger(__name__)


class WorkQueue:
    """Calls `reconcile(key)` for marked keys. What it raises is logged and tried again."""

    def __init__(self, name: str, reconcile: Callable[[Key], Awaitable[None]]) -> None:
        self._name = name
        self._reconcile = reconcile
        self._dirty: set[Key] = set()
        self._tasks: dict[Key, asyncio.Task[None]] = {}
        self._stopped = False

    def mark(self, key: Key) -> None:
        """Have a key reconciled."""
        if self._stopped:
            return
        self._dirty.add(key)
        if key not in self._tasks:
            self._tasks[key] = asyncio.get_running_loop().create_task(self._work(key))

    async def _work(self, key: Key) -> None:
        failures = 0
        try:
            while key in self._dirty:
                self._dirty.discard(key)
                try:
                    await self._reconcile(key)
                    failures = 0
                except Exception as error:
                    delay = _BACKOFFS[min(failures, len(_BACKOFFS) - 1)]
                    failures += 1
                    _log.info("%s %s/%s: %s; tried again in %g s", self._name, *key, error, delay)
                    self._dirty.add(key)
                    await asyncio.sleep(delay)
        finally:
            del self._tasks[key]

    async def stop(self) -> None:
        """Forget what is marked and end what runs."""
        self._stopped = True
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
