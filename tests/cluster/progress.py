"""Progress for a person who waits: one line per step, with the seconds it took."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def step(what: str) -> Iterator[None]:
    """Print `what` on standard error when it begins and its seconds when it ends (or fails,
    with the exception going on)."""
    print(f"{what} ...", end=" ", file=sys.stderr, flush=True)
    start = time.monotonic()
    outcome = "failed after"
    try:
        yield
        outcome = "done in"
    finally:
        print(f"{outcome} {time.monotonic() - start:.1f} s", file=sys.stderr, flush=True)
