"""The decision about one request from the access objects: denied unless a TrafficTarget grants it (TA-01 … TA-67).
Pure.

Targets add up (TA-09) and none lends its sources or routes to another (TA-10): each is judged by itself,
and one that holds is enough.
A TrafficSplit is never a grant (TA-68).
"""

from __future__ import annotations

from dataclasses import dataclass

from pytest_smi.oracle.records import Request, World
from pytest_smi.oracle.rules import RuleTruth, granted, rule_truths
from pytest_smi.oracle.subjects import stands_for
from pytest_smi.oracle.truth import NO, YES, Truth, Verdict, all_of, among, any_of, over
from pytest_smi.smi.model import TrafficTarget


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What one target says of a request, and of which parts that is made."""

    target: TrafficTarget
    holds: Truth
    listed: Truth
    """Whether the caller is one of its sources."""
    port: Truth
    """Whether the port of its destination, which versions before v1alpha3 may name, is the one called."""
    rules: tuple[RuleTruth, ...]
    """What each of its rules says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The answer to a request, and the judgement of each target of its destination."""

    truth: Truth
    judgements: tuple[Judgement, ...]

    @property
    def verdict(self) -> Verdict:
        """Allowed, denied or open."""
        return self.truth.verdict

    @property
    def questions(self) -> tuple[str, ...]:
        """The open questions that decide it, in order of their numbers."""
        return in_order(self.truth.questions)

    @property
    def deciding(self) -> tuple[Judgement, ...]:
        """The targets that grant it or may grant it; of a denial all that are there for the destination."""
        if self.verdict is Verdict.DENIED:
            return self.judgements
        return tuple(one for one in self.judgements if one.holds.value is (True if self.truth.value else None))


def decide(world: World, request: Request) -> Decision:
    """Say whether the request arrives.

    The destination's pod is taken to be in the mesh, which enforces at the server (TA-22).
    """
    judgements = tuple(
        one for target in world.aimed_at(request.destination) if (one := _judged(target, world, request)) is not None
    )
    return Decision(truth=any_of(one.holds for one in judgements), judgements=judgements)


def in_order(questions: frozenset[str]) -> tuple[str, ...]:
    """Return ids of open questions in order of their numbers."""
    return tuple(sorted(questions, key=lambda one: int(one.partition("-")[2])))


def _judged(target: TrafficTarget, world: World, request: Request) -> Judgement | None:
    """Return what the target says; None when it is not about this destination."""
    aimed = stands_for(target.destination, target.namespace, request.destination, world.bindings)
    if aimed.value is False:
        return None
    listed = any_of(stands_for(source, target.namespace, request.source, world.bindings) for source in target.sources)
    port = _port(target, request)
    rules = rule_truths(target, world, request)
    holds = all_of(aimed, _authenticated(listed, request), port, granted(rules, request.call))
    if any(rule.has_stray_name for rule in rules):
        holds = among("AMB-18", holds, NO)
    if target.namespace != request.destination.namespace:
        holds = among("AMB-21", holds, NO)
    return Judgement(target=target, holds=holds, listed=listed, port=port, rules=rules)


def _authenticated(listed: Truth, request: Request) -> Truth:
    """Outside of the mesh a caller has its ServiceAccount but may have no way to prove it (AMB-16)."""
    return listed if request.source.member else among("AMB-16", listed, NO)


def _port(target: TrafficTarget, request: Request) -> Truth:
    """Return whether the port is the one that limits all of the grant (TA-45); none is every port (TA-46)."""
    if target.port is None or request.port is None:
        return YES
    numbers = dict.fromkeys((request.port, request.service_port or request.port))
    return over([("AMB-19", tuple(numbers))], lambda number: number == target.port)
