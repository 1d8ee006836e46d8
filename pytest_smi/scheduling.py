"""Distribution over pytest-xdist workers: one assertion at a time, but modules with a shared scene as a whole."""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

SHARED_SCENES = ("test_traffic_metrics",)
"""Modules whose assertions judge one common scene, which is set up once per worker."""


class SceneScheduling(LoadScopeScheduling):  # type: ignore[misc]  # the library is untyped
    """As `--dist loadscope`, with a scope of its own for every assertion that has its own scene."""

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.split("::", 1)[0]
        return module if any(name in module for name in SHARED_SCENES) else nodeid


def make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Build the scheduler for `pytest_xdist_make_scheduler`."""
    return SceneScheduling(config, log)
