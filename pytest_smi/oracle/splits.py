"""Where the calls to a Service go: its ordinary endpoints, or the weighted backends of a TrafficSplit (SP-01 … SP-72).
Pure.

An answer is a list of distributions, one for each reading that differs; one of them is a decision, several are open,
and none means that the specification does not bound it.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from pytest_smi.oracle.backends import PLAIN, Share, distributions
from pytest_smi.oracle.records import Call, Key, PortKey, World
from pytest_smi.oracle.routes import selects
from pytest_smi.oracle.truth import NO, YES, Truth, among
from pytest_smi.smi.model import TrafficSplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """How the calls to a root are shared out."""

    possible: tuple[Share, ...]
    """Each reading's (backend, share) pairs; what they lack to 1 is lost,
    and the backend ROOT stands for the root's own endpoints."""
    questions: frozenset[str] = frozenset()
    """Ids of what the specification leaves open there; empty exactly when there is one reading."""
    splits: tuple[TrafficSplit, ...] = ()
    """The splits that select the call, or may."""

    @property
    def decided(self) -> Share | None:
        """The one distribution, or None where it is open."""
        return self.possible[0] if len(self.possible) == 1 and not self.questions else None

    def bounds(self, backend: str) -> tuple[Fraction, Fraction]:
        """Return the least and the largest share of a backend in any reading, as far as there are some;
        0 and 1 where none is known."""
        found = [dict(one).get(backend, Fraction(0)) for one in self.possible]
        return (min(found), max(found)) if found and PLAIN not in self.possible else (Fraction(0), Fraction(1))


def shares(world: World, root: Key, port: PortKey, call: Call, *, member: bool = True, host: str = "") -> Shares:
    """Say how calls to a port of the root are shared out, over fresh connections.

    `member`: whether the caller is in the mesh; others see the ordinary Service (SP-36). `host`: the name by which it
    is called, where that is not the FQDN.
    """
    service = world.services.get(root)
    if service is not None and port not in service.ports:
        return Shares(possible=((),))
    if member and any((one.key[0], one.root) == root for one in world.unreadable):
        return Shares(possible=(), questions=frozenset({"AMB-26"}))
    selected = [(split, applies(split, world, call)) for split in world.by_root.get(root, ())]
    selected = [(split, one) for split, one in selected if one.value is not False]
    if not member or not selected:
        return Shares(possible=(PLAIN,))
    splits = tuple(split for split, _ in selected)
    if len(world.by_root[root]) > 1:
        return Shares(possible=(), questions=frozenset({"AMB-34"}), splits=splits)
    (split, applied), questions = selected[0], frozenset[str]()
    found = shares_of(world, split, root, port)
    questions |= found.questions
    possible = list(found.possible)
    doubts = set(applied.questions) | _doubts(call, host)
    if doubts:
        questions |= doubts
        possible = possible and [*possible, PLAIN]
    distinct = tuple(dict.fromkeys(possible))
    settled = len(distinct) == 1
    return Shares(possible=distinct, questions=frozenset() if settled else questions, splits=splits)


def applies(split: TrafficSplit, world: World, call: Call) -> Truth:
    """Return whether the split is about this call: without `matches` about every one (SP-46),
    else about what its groups select (SP-37, SP-38)."""
    if split.matches is None:
        return YES
    if not split.matches:
        return among("AMB-17", YES, NO)
    groups = [world.groups.get((split.namespace, name)) for name in split.matches]
    found = selects([route for group in groups if group is not None for route in group.matches], call)
    if None not in groups:
        return found
    # A missing group may make the split inactive, or one for every call.
    return Truth(None, frozenset({"AMB-31"}) | found.questions)


def shares_of(world: World, split: TrafficSplit, root: Key, port: PortKey) -> Shares:
    """Return how the calls that a split applies to are shared out at one port of its root,
    as if it were the root's only split."""
    followed = [backend for backend in split.backends if backend.weight and (split.namespace, backend.service) != root]
    if any((split.namespace, backend.service) in world.by_root for backend in followed):
        return Shares(possible=(), questions=frozenset({"AMB-32"}), splits=(split,))
    found = distributions(split, world.services, root, port)
    return Shares(possible=found.possible, questions=found.questions, splits=(split,))


def _doubts(call: Call, host: str) -> set[str]:
    """Return why a call may see the root as it is although a split selects it."""
    found = {"AMB-36"} if call.protocol != "HTTP" else set()
    if host:
        found.add("AMB-41" if _is_address(host) else "AMB-29")
    return found


def _is_address(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()
