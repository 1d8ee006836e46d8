"""The availability checks of aggregated APIs, without a server around them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from pytest_smi.reference.kube.aggregation import Aggregator
from pytest_smi.reference.kube.certificates import Authority
from pytest_smi.reference.kube.status import ResourceKey
from pytest_smi.reference.kube.store import Store

SERVICE = {"metadata": {"name": "a", "namespace": "default"}}


@pytest.mark.parametrize("turns", range(6))
def test_the_checks_end_at_any_moment_after_a_change(turns: int, tmp_path: Path) -> None:
    """`stop` returns also where it meets a change that was just being noticed."""

    async def run() -> None:
        store = Store()
        aggregator = Aggregator(
            store, None, Authority("front-proxy").issue("client", names=[], addresses=[], client=True), tmp_path
        )
        aggregator.start()
        for _ in range(5):  # until it waits for a change
            await asyncio.sleep(0)
        store.create(ResourceKey("", "services"), SERVICE)
        for _ in range(turns):
            await asyncio.sleep(0)
        async with asyncio.timeout(5):
            await aggregator.stop()

    asyncio.run(run())
