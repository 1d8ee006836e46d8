"""The judgement of edges: kinds, namespaces and both ends of them. Pure.

Each function returns, or raises RequirementFailed with what was expected and found.
"""

from __future__ import annotations

from collections.abc import Iterable

from pytest_smi.scenario.metrics.recording import Document
from pytest_smi.scenario.metrics.records import Item, Ref
from pytest_smi.scenario.verdict import RequirementFailed, require


def of_one_kind(document: Document, kind: str) -> None:
    """The edges of an object lead to objects of its own kind."""
    items = [item for item in document.items() if item.peer != Ref()]
    require(bool(items), f"GET {document.path}: no edges, although the object exchanged traffic")
    found = {item.peer.kind for item in items}
    require(found == {kind}, f"GET {document.path}: the peers of a {kind} are of kind {_named(found)}")


def homonyms(document: Document, subject: Ref, other: Ref) -> None:
    """Two objects of one name in two namespaces are told apart: no edge leads from one of them to itself."""
    named = {item.peer for item in document.items() if item.peer.name == subject.name}
    require(
        named == {other},
        f"GET {document.path}: edges of {subject} with {_named(map(str, named))}, expected {other} alone of that name",
    )


def both_ends(callers: Document, caller: Ref, called_ones: Document, called: Ref, share: float) -> None:
    """What the caller's edge counts equals what the called one's does; traffic went one way."""
    sent, received = _with(callers, called), _with(called_ones, caller)
    least, most = sorted((sent.requests, received.requests))
    require(most > 0, f"neither {sent} nor {received} shows a request")
    require(
        most - least <= share * most,
        f"{sent} has {sent.requests:g} requests, and {received} has {received.requests:g}: expected the same "
        f"within {share:.0%}",
    )


def _with(document: Document, peer: Ref) -> Item:
    found = [item for item in document.items() if item.peer == peer]
    if len(found) != 1:
        raise RequirementFailed(f"GET {document.path}: {len(found)} items with {peer}, expected one")
    return found[0]


def _named(values: Iterable[str]) -> str:
    return ", ".join(sorted(value or "''" for value in values)) or "nothing"
