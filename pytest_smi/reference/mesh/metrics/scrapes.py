"""One scrape of all sidecars shared by the requests that wait for it.

Law: an answer never lacks what was recorded before its request came,
so a request joins a scrape only if that has not begun yet.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from pytest_smi.reference.mesh.metrics.samples import Cell, merge

Scrape: TypeAlias = Callable[[], Awaitable[list[Any]]]


class SharedScrape:
    """Runs `scrape` (rows of all sidecars, see `samples.Row`) at most once at a time and within `timeout_seconds`."""

    def __init__(self, scrape: Scrape, *, timeout_seconds: float) -> None:
        self._scrape = scrape
        self._timeout_seconds = timeout_seconds
        self._one_at_a_time = asyncio.Lock()
        self._next: asyncio.Task[list[Cell]] | None = None

    async def cells(self) -> list[Cell]:
        """Cells of a scrape that begins after this call. Raises what the scrape raises, TimeoutError, or RowError."""
        if self._next is None:
            self._next = asyncio.create_task(self._run())
        return await asyncio.shield(self._next)

    async def _run(self) -> list[Cell]:
        async with self._one_at_a_time:
            self._next = None
            async with asyncio.timeout(self._timeout_seconds):
                return merge(await self._scrape())
