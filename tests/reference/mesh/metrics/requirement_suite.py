"""A small suite of its own for the metrics API: one check for each requirement that a fault can break,
over the real server."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import httpx

from tests.reference.mesh.metrics.world import ROOT, World, counts, edge_counts


class Suite:
    """One server under one set of faults, with a fresh world for each check."""

    def __init__(self, client: httpx.AsyncClient, faults: frozenset[str]) -> None:
        self.client = client
        self.faults = faults
        self.world = World()

    def reset(self) -> World:
        """Deployments a, b, c, d in t1 and a in t2, without traffic."""
        self.world = world = World()
        for name in "abcd":
            world.deployment("t1", name, labels={"app": name})
        world.deployment("t2", "a", labels={"app": "a"})
        for namespace in ("t1", "t2"):
            world.add("traffictargets", namespace, "all", spec={"destination": {"name": None}})
        return world

    async def get(self, path: str, **parameters: str) -> httpx.Response:
        """A GET below the group's version."""
        return await self.client.get(ROOT + path, params=parameters)

    async def body(self, path: str, **parameters: str) -> dict[str, Any]:
        """The body of a GET."""
        found: dict[str, Any] = (await self.get(path, **parameters)).json()
        return found

    async def counts(self, path: str) -> tuple[int, int]:
        """Counts of a single object."""
        return counts(await self.body(path))

    async def edges(self, path: str) -> dict[tuple[str, str, str], tuple[int, int]]:
        """Counts by direction and peer."""
        return edge_counts(await self.body(path + "/edges"))


Check: TypeAlias = Callable[[Suite], Awaitable[bool]]
CHECKS: dict[str, Check] = {}


def row(number: str) -> Callable[[Check], Check]:
    """Registers the check of one requirement."""

    def register(check: Check) -> Check:
        CHECKS[f"TM-{number}"] = check
        return check

    return register
