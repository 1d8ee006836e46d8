"""The window that a mesh states in its documents. Pure."""

from __future__ import annotations

from pytest_smi.scenario.metrics import quantities
from pytest_smi.scenario.metrics.records import Item


def stated_window(items: list[Item] | None) -> float | None:
    """Return the first window longer than nothing, in seconds; None where none is stated."""
    for item in items or ():
        try:
            seconds = quantities.duration(item.window)
        except ValueError:
            continue
        if seconds > 0:
            return seconds
    return None
