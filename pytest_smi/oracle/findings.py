"""Objects that do not do what their author may think: those that grant nothing or have no effect, and why. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pytest_smi.oracle.patterns import compiled
from pytest_smi.oracle.records import Key, ObjectId, Unreadable, World
from pytest_smi.oracle.rules import HTTP, TCP, UDP
from pytest_smi.oracle.split_findings import of_splits
from pytest_smi.smi.model import IDENTITY_BINDING, HTTPRouteGroup, IdentityBinding, Rule, Subject, TrafficTarget

_KINDS = (HTTP, TCP, UDP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something about an object that its author should know."""

    about: ObjectId
    text: str
    inert: bool = True
    """Whether the object, or a part of it, grants nothing or has no effect; else it is a hint."""


def findings(world: World) -> list[Finding]:
    """Return all of them: unreadable objects, then targets, routes, splits, each in their order."""
    found = [Finding(about=(one.kind, *one.key), text=_of_unreadable(one)) for one in world.unreadable]
    names = _names(world)
    for target in world.targets:
        about = ("TrafficTarget", target.namespace, target.name)
        found += [Finding(about=about, text=text) for text in _of_target(target, world, names)]
    used = _used(world)
    for key, group in world.groups.items():
        about = (HTTP, *key)
        found += [Finding(about=about, text=text) for text in _of_group(group)]
        if (HTTP, *key) not in used:
            found.append(
                Finding(about=about, text="no target or split refers to it; by itself it changes nothing", inert=False)
            )
    for kind, keys in ((TCP, world.tcp_routes), (UDP, world.udp_routes)):
        unused = [key for key in keys if (kind, *key) not in used]
        found += [
            Finding(about=(kind, *key), text="no target refers to it; by itself it grants nothing", inert=False)
            for key in unused
        ]
    for about, written in world.written.items():
        found += [Finding(about=about, text=note) for note in written.notes]
    found += [Finding(about=("TrafficSplit", *key), text=text, inert=inert) for key, text, inert in of_splits(world)]
    return found


def _of_unreadable(one: Unreadable) -> str:
    if one.root:
        return f"cannot be read, and what a mesh makes of such a weight is open (AMB-26): {one.reason}"
    return f"cannot be read, so it {'has no effect' if one.kind == 'TrafficSplit' else 'grants nothing'}: {one.reason}"


def _names(world: World) -> Mapping[tuple[str, str], list[str]]:
    """Return kind and name of routes and bindings → the namespaces that have one."""
    found: dict[tuple[str, str], list[str]] = {}
    kinds: tuple[tuple[str, Iterable[Key]], ...] = (
        (HTTP, world.groups),
        (TCP, world.tcp_routes),
        (UDP, world.udp_routes),
        (IDENTITY_BINDING, world.bindings),
    )
    for kind, keys in kinds:
        for namespace, name in keys:
            found.setdefault((kind, name), []).append(namespace)
    return found


def _used(world: World) -> frozenset[ObjectId]:
    by_targets = {(rule.kind, target.namespace, rule.name) for target in world.targets for rule in target.rules}
    by_splits = {(HTTP, split.namespace, name) for split in world.splits for name in split.matches or ()}
    return frozenset(by_targets | by_splits)


def _of_target(target: TrafficTarget, world: World, names: Mapping[tuple[str, str], list[str]]) -> Iterator[str]:
    if not target.rules:
        yield "has no rules, so it grants nothing"
    if not target.sources:
        yield "has no sources, so it grants nothing to anybody"
    for rule in target.rules:
        yield from _of_rule(rule, target.namespace, world, names)
    for subject in (target.destination, *target.sources):
        yield from _of_subject(subject, target.namespace, world, names)


def _of_rule(rule: Rule, namespace: str, world: World, names: Mapping[tuple[str, str], list[str]]) -> Iterator[str]:
    if rule.kind not in _KINDS:
        yield f"rule {rule.kind} {rule.name} is of no kind that a target can refer to: it grants nothing"
        return
    if namespace not in names.get((rule.kind, rule.name), ()):
        yield f"refers to {rule.kind} {rule.name}, which is not in {namespace}: that rule grants nothing" + _elsewhere(
            names.get((rule.kind, rule.name), ()), "routes are looked up in the target's own namespace"
        )
        return
    if rule.kind == HTTP:
        known = [route.name for route in world.groups[(namespace, rule.name)].matches]
        for name in rule.matches or ():
            if name not in known:
                yield (
                    f"names match {name} of HTTPRouteGroup {rule.name}, "
                    f"which has {', '.join(known) or 'no matches'}: it grants nothing"
                )


def _of_subject(subject: Subject, home: str, world: World, names: Mapping[tuple[str, str], list[str]]) -> Iterator[str]:
    if subject.kind != IDENTITY_BINDING:
        return
    namespace = subject.namespace or home
    binding = world.bindings.get((namespace, subject.name))
    if binding is None:
        where = _elsewhere(names.get((IDENTITY_BINDING, subject.name), ()), "the subject names its namespace")
        yield f"names IdentityBinding {namespace}/{subject.name}, which is missing: it stands for nobody" + where
    elif _is_empty(binding):
        yield f"names IdentityBinding {namespace}/{subject.name}, which has no scheme: it stands for nobody"


def _is_empty(binding: IdentityBinding) -> bool:
    return not binding.service_account and not binding.pod_labels and not binding.spiffe_identities


def _of_group(group: HTTPRouteGroup) -> Iterator[str]:
    if not group.matches:
        yield "has no matches, so it grants nothing"
    for route in group.matches:
        for what, pattern in (
            ("pathRegex", route.path),
            *((f"header {name}", pattern) for name, pattern in route.headers),
        ):
            if pattern is None:
                continue
            found = compiled(pattern)
            if found.common and found.regex is None:
                yield f"match {route.name}: {what} {pattern} is no regular expression, so it matches nothing"
        if (
            route.path is not None
            and route.path
            and not route.path.startswith(("/", "^", ".", "(", "[", "*"))
            and "\\" not in route.path
        ):
            yield (
                f"match {route.name}: pathRegex {route.path} is compared from the start of the path, "
                "which is a slash: it matches nothing"
            )


def _elsewhere(namespaces: Iterable[str], rule: str) -> str:
    found = sorted(namespaces)
    return f" (there is one in {', '.join(found)}, but {rule})" if found else ""
