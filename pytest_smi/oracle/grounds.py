"""Why a request is allowed, denied or open: the objects that decide it, a sentence each. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pytest_smi.oracle.access import Decision, Judgement, in_order
from pytest_smi.oracle.records import ObjectId, Request, World
from pytest_smi.oracle.rules import HTTP, TCP, UDP, RuleTruth, chosen
from pytest_smi.oracle.truth import Verdict
from pytest_smi.oracle.words import port_words, route_words
from pytest_smi.smi.model import TrafficTarget


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """One reason, and the objects behind it, the target first."""

    objects: tuple[ObjectId, ...]
    text: str
    questions: tuple[str, ...] = ()


def grounds(decision: Decision, request: Request, world: World) -> list[Ground]:
    """Return the reasons of a decision: what grants it, what may grant it, or why each target of the destination does
    not."""
    if not decision.judgements:
        destination = f"{request.destination.namespace}/{request.destination.account}"
        return [
            Ground(
                objects=(),
                text=f"no TrafficTarget has {destination} as its destination, and what is not granted is denied",
            )
        ]
    deciding = decision.deciding
    if decision.verdict is Verdict.DENIED:
        deciding = tuple(one for one in deciding if one.listed.value is not False)
        if not deciding:
            return [_unlisted(decision, request)]
    return [_ground(one, decision.verdict, request, world) for one in deciding]


def _unlisted(decision: Decision, request: Request) -> Ground:
    """Return the one reason of a caller whom no target of the destination lists."""
    objects = tuple(("TrafficTarget", one.target.namespace, one.target.name) for one in decision.judgements)
    source = f"{request.source.namespace}/{request.source.account}"
    text = f"does not list {source} as a source" + (
        f", nor does any of {len(objects) - 1} more targets" if len(objects) > 1 else ""
    )
    return Ground(objects=objects, text=text)


def _ground(judgement: Judgement, verdict: Verdict, request: Request, world: World) -> Ground:
    target = judgement.target
    about = ("TrafficTarget", target.namespace, target.name)
    if verdict is Verdict.DENIED:
        return Ground(
            objects=(about, *_routes(judgement.rules, target)), text="; ".join(_refusals(judgement, request, world))
        )
    met = [rule for rule in judgement.rules if rule.holds.value is not False]
    texts = [_met(rule, target, world) for rule in met]
    listed = "lists the caller" if judgement.listed.value else "may list the caller"
    return Ground(
        objects=(about, *_routes(met, target)),
        text="; ".join([listed, *texts]),
        questions=in_order(judgement.holds.questions),
    )


def _routes(rules: list[RuleTruth] | tuple[RuleTruth, ...], target: TrafficTarget) -> Iterator[ObjectId]:
    return iter(dict.fromkeys((one.rule.kind, target.namespace, one.rule.name) for one in rules))


def _met(rule: RuleTruth, target: TrafficTarget, world: World) -> str:
    """Return how a rule meets the request, or may."""
    meets = "meets" if rule.holds.value else "may meet"
    if rule.rule.kind == HTTP:
        return f"match {', '.join(rule.routes)} of HTTPRouteGroup {rule.rule.name} {meets} the request"
    return f"{rule.rule.kind} {rule.rule.name} ({_ports(rule, target, world)}) {meets} it"


def _ports(rule: RuleTruth, target: TrafficTarget, world: World) -> str:
    key = (target.namespace, rule.rule.name)
    route = world.tcp_routes.get(key) if rule.rule.kind == TCP else None
    ports = (
        route.ports
        if route is not None
        else world.udp_routes[key].ports
        if rule.rule.kind == UDP and key in world.udp_routes
        else ()
    )
    return port_words(rule.rule.kind[:3], ports)


def _refusals(judgement: Judgement, request: Request, world: World) -> Iterator[str]:
    """Yield why a target does not grant the request: what is missing, in the order in which an author would look."""
    target = judgement.target
    if judgement.port.value is False:
        yield f"is for port {target.port} alone"
    if not target.rules:
        yield "has no rules"
    for rule in judgement.rules:
        if rule.holds.value is False:
            yield _unmet(rule, target, request, world)


def _unmet(rule: RuleTruth, target: TrafficTarget, request: Request, world: World) -> str:
    kind, key = rule.rule.kind, (target.namespace, rule.rule.name)
    if kind == HTTP:
        group = world.groups.get(key)
        if group is None:
            return f"HTTPRouteGroup {rule.rule.name} is missing"
        if request.call.protocol != "HTTP":
            return f"HTTPRouteGroup {rule.rule.name} grants HTTP alone"
        routes = chosen(rule.rule, group)[0]
        meant = " or ".join(route_words(route) for route in routes[:4]) + (" or others" if len(routes) > 4 else "")
        return (
            f"HTTPRouteGroup {rule.rule.name} means {meant}"
            if routes
            else f"HTTPRouteGroup {rule.rule.name} has no such match"
        )
    known = key in (world.tcp_routes if kind == TCP else world.udp_routes if kind == UDP else ())
    return (
        f"{kind} {rule.rule.name} is {_ports(rule, target, world)}" if known else f"{kind} {rule.rule.name} is missing"
    )
