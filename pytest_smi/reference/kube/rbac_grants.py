"""Nobody grants more than they have: what a role or binding that somebody writes gives away,
held against what the writer may do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any

from pytest_smi.reference.kube.objects import Object
from pytest_smi.reference.kube.rbac import GROUP, MASTERS, Attributes, Authorizer, User, rule_allows
from pytest_smi.reference.kube.resources import Resource
from pytest_smi.reference.kube.status import Forbidden

Rule = Mapping[str, Any]


def _single(rule: Rule) -> Iterator[Attributes]:
    """Yield a rule as single questions; "*" asks for the right to everything."""
    for verb, path in product(rule.get("verbs") or (), rule.get("nonResourceURLs") or ()):
        yield Attributes(verb=verb, path=path)
    parts = (
        rule.get("verbs") or (),
        rule.get("apiGroups") or (),
        rule.get("resources") or (),
        rule.get("resourceNames") or ("",),
    )
    for verb, group, full, name in product(*parts):
        resource, _, subresource = str(full).partition("/")
        yield Attributes(verb=verb, group=group, resource=resource, subresource=subresource, name=name)


def missing(held: Iterable[Rule], wanted: Iterable[Rule]) -> list[Attributes]:
    """Return what of `wanted` the rules `held` do not cover. Pure."""
    rules = list(held)
    return [asked for rule in wanted for asked in _single(rule) if not any(rule_allows(one, asked) for one in rules)]


def check_grant(authorizer: Authorizer | None, resource: Resource, obj: Object, user: User) -> None:
    """Raise Forbidden when the role or binding that `user` writes grants more than they hold
    and they have not escalate or bind."""
    if authorizer is None or resource.group != GROUP or MASTERS in user.groups:
        return
    namespace, name = obj["metadata"].get("namespace") or "", obj["metadata"].get("name") or ""
    if resource.plural in ("roles", "clusterroles"):
        verb, asked, wanted = "escalate", resource.plural, obj.get("rules") or ()
    else:
        ref = obj.get("roleRef") or {}
        verb, asked, wanted = "bind", f"{str(ref.get('kind')).lower()}s", authorizer.rules_of(ref, namespace)
        name = str(ref.get("name") or "")
    if authorizer.allows(user, Attributes(verb=verb, group=GROUP, resource=asked, namespace=namespace, name=name)):
        return
    held = [*authorizer.rules(user, ""), *(authorizer.rules(user, namespace) if namespace else ())]
    if lacking := missing(held, wanted):
        shown = "\n".join(sorted({_shown(one) for one in lacking}))
        groups = " ".join(f'"{group}"' for group in user.groups)
        why = (
            f'user "{user.name}" (groups=[{groups}]) is attempting to grant RBAC permissions not currently '
            f"held:\n{shown}"
        )
        raise Forbidden(resource.key, obj["metadata"].get("name") or "", why)


def _shown(asked: Attributes) -> str:
    if asked.path:
        return f'{{NonResourceURLs:["{asked.path}"], Verbs:["{asked.verb}"]}}'
    full = f"{asked.resource}/{asked.subresource}" if asked.subresource else asked.resource
    names = f', ResourceNames:["{asked.name}"]' if asked.name else ""
    return f'{{APIGroups:["{asked.group}"], Resources:["{full}"]{names}, Verbs:["{asked.verb}"]}}'
