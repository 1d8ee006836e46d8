"""The judgement of a split's numbers: what went through its apex, and what did not. Pure.

Backends are compared by name as they are in the split. Each function returns, or raises RequirementFailed with what was
expected and found, or Inconclusive.
"""

from __future__ import annotations

from collections.abc import Mapping

from pytest_smi.core.limits import Limits
from pytest_smi.scenario.metrics import numbers
from pytest_smi.scenario.metrics.recording import Document, SplitFacts
from pytest_smi.scenario.metrics.records import Item, Ref
from pytest_smi.scenario.verdict import Inconclusive, RequirementFailed, require


def counted(document: Document, split: SplitFacts, sent: Mapping[str, int], limits: Limits) -> None:
    """Each backend has the requests that were sent to the apex and went to it; `sent`: how many those were."""
    if not sum(sent.values()):
        raise Inconclusive("no request that was sent to the apex arrived")
    for name, expected in sent.items():
        found = _backend(document, split, name).requests
        require(
            numbers.near(found, expected, limits),
            f"GET {document.path}: backend {name} has {found:g} requests; {expected} of those to the apex went to it",
        )


def without_straight(
    document: Document, split: SplitFacts, name: str, through: int, straight: int, limits: Limits
) -> None:
    """A backend does not have the `straight` requests, which were sent to it by its own name."""
    if straight < limits.metrics_fewest or not through:
        raise Inconclusive(f"only {straight} requests were sent to the backend itself, and {through} through the apex")
    found = _backend(document, split, name).requests
    require(
        found < through + straight / 2,
        f"GET {document.path}: backend {name} has {found:g} requests; {through} came through the apex, "
        f"{straight} were sent to the backend itself",
    )


def edges(document: Document, split: SplitFacts) -> None:
    """Each item of the split has direction from, side client, and no peer."""
    items = [item for item in document.items() if item.resource == split.resource]
    require(bool(items), f"GET {document.path} has no item of {split.resource}, although it had traffic")
    for item in items:
        found = (item.direction, item.side, item.peer)
        require(
            found == ("from", "client", Ref()),
            f"GET {document.path}: the edge of {item} has direction {item.direction!r}, side {item.side!r} and "
            f"resource {item.peer if item.peer != Ref() else 'empty'}, expected 'from', 'client' and empty",
        )


def _backend(document: Document, split: SplitFacts, name: str) -> Item:
    found = [
        item
        for item in document.items()
        if item.resource == split.resource and item.backend is not None and item.backend.name == name
    ]
    if len(found) != 1:
        raise RequirementFailed(f"GET {document.path}: {len(found)} items of {split.resource} for {name}, expected one")
    return found[0]
