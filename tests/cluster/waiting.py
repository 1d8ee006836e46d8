"""Wait for a state that only shows by looking, never longer than said."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tests.cluster.problem import ClusterProblem


def until(look: Callable[[], Any], *, seconds: float, what: str, pause: float = 0.1) -> None:
    """Return once `look()` is true, looking every `pause` seconds.

    Raises ClusterProblem after `seconds` with `what`, which completes the sentence "waited 60 s for …".
    What `look` raises goes through.
    """
    deadline = time.monotonic() + seconds
    while not look():
        if time.monotonic() > deadline:
            raise ClusterProblem(f"waited {seconds:.0f} s for {what}")
        time.sleep(pause)
