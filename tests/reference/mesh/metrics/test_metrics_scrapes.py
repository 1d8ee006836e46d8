"""Sharing scrapes."""

import asyncio
from typing import Any

import pytest

from pytest_smi.reference.mesh.metrics.scrapes import SharedScrape


def test_those_who_wait_share_one_fresh_scrape() -> None:
    """Requests during a scrape do not get it, they share the next one."""
    begun: list[int] = []

    async def run() -> None:
        gate, started = asyncio.Event(), asyncio.Event()

        async def scrape() -> list[Any]:
            begun.append(len(begun))
            started.set()
            await gate.wait()
            return []

        shared = SharedScrape(scrape, timeout_seconds=5)
        first = asyncio.create_task(shared.cells())
        await started.wait()
        later = [asyncio.create_task(shared.cells()) for _ in range(5)]
        await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(first, *later)

    asyncio.run(asyncio.wait_for(run(), 5))

    assert len(begun) == 2


def test_a_scrape_that_hangs_times_out() -> None:
    """Nobody waits for ever for a sidecar."""

    async def hang() -> list[Any]:
        await asyncio.Event().wait()
        return []

    async def run() -> None:
        await SharedScrape(hang, timeout_seconds=0.05).cells()

    with pytest.raises(TimeoutError):
        asyncio.run(asyncio.wait_for(run(), 5))
