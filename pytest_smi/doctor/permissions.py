"""What a run is allowed to do and must be: one table, which the cluster is asked about and
which manifests/rbac.yaml agrees with. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from pytest_smi.profiles.load import ObjectField, Profile

PULL_SECRET = "pull secret"  # noqa: S105 - a part of a run
CREATED = ("create", "get", "update", "delete")
"""Verbs for what is applied: create it, or read and replace what has its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """One verb on one resource, as an access review asks for it."""

    verb: str
    group: str
    resource: str
    """`pods` or, with a sub-resource, `pods/exec`."""

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}{'.' + self.group if self.group else ''}"

    def review(self) -> dict[str, Any]:
        """Return the SelfSubjectAccessReview that asks for it in every namespace: those of a run have random names."""
        resource, _, subresource = self.resource.partition("/")
        asked = {"verb": self.verb, "group": self.group, "resource": resource, "subresource": subresource}
        attributes = {key: value for key, value in asked.items() if value}
        return {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {"group": "", **attributes}},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule of the ClusterRole."""

    group: str
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    part: str = ""
    """What needs it: an API's requirements, or PULL_SECRET; empty: every run."""
    essential: bool = True
    """Without it a run cannot do its work; otherwise a check before the run is left out."""

    def permissions(self) -> Iterator[Permission]:
        """Yield every verb on every resource."""
        return (
            Permission(verb=verb, group=self.group, resource=resource)
            for resource, verb in product(self.resources, self.verbs)
        )


RULES = (
    Rule(group="", resources=("namespaces",), verbs=("create", "get", "list", "delete")),
    Rule(group="", resources=("serviceaccounts", "services"), verbs=CREATED),
    Rule(group="apps", resources=("deployments",), verbs=CREATED),
    Rule(group="", resources=("pods",), verbs=("get", "list")),
    Rule(group="", resources=("pods",), verbs=("create", "delete"), essential=False),
    Rule(group="", resources=("pods",), verbs=("patch",), essential=False),
    Rule(group="", resources=("events",), verbs=("list",)),
    Rule(group="", resources=("secrets",), verbs=("create",), part=PULL_SECRET),
    # A WebSocket is opened with GET, which some releases authorize as get and others as create.
    Rule(group="", resources=("pods/exec",), verbs=("get", "create")),
    Rule(group="access.smi-spec.io", resources=("traffictargets", "identitybindings"), verbs=CREATED, part="access"),
    Rule(
        group="specs.smi-spec.io", resources=("httproutegroups", "tcproutes", "udproutes"), verbs=CREATED, part="specs"
    ),
    Rule(group="split.smi-spec.io", resources=("trafficsplits",), verbs=CREATED, part="split"),
    # Every kind of workload has metrics; TM-55 gives the whole of them to an account, which takes having it.
    Rule(group="metrics.smi-spec.io", resources=("*",), verbs=("get", "list"), part="metrics"),
    Rule(group="rbac.authorization.k8s.io", resources=("roles", "rolebindings"), verbs=CREATED, part="metrics"),
    Rule(group="", resources=("serviceaccounts",), verbs=("impersonate",), part="metrics"),
    Rule(group="apiregistration.k8s.io", resources=("apiservices",), verbs=("get",), essential=False),
    Rule(group="apiextensions.k8s.io", resources=("customresourcedefinitions",), verbs=("get",), essential=False),
    Rule(group="apps", resources=("deployments", "daemonsets", "statefulsets"), verbs=("get",), essential=False),
    Rule(group="", resources=("nodes",), verbs=("list",), essential=False),
)


def needed(profile: Profile, parts: Iterable[str]) -> list[Permission]:
    """Return what a run against this mesh cannot do without; `parts`: the APIs that were asked for,
    and PULL_SECRET if one was given."""
    wanted = {part for part in parts if part == PULL_SECRET or not profile.apis or profile.claims(part)}
    if wanted & {"access", "split"}:
        wanted.add("specs")  # TrafficTargets and the matches of a TrafficSplit refer to routes
    rules = [rule for rule in RULES if rule.essential and (not rule.part or rule.part in wanted)]
    return list(dict.fromkeys(permission for rule in rules for permission in rule.permissions()))


def readings(profiles: Iterable[Profile]) -> tuple[Rule, ...]:
    """Return the rules for the objects that preconditions of these profiles look at."""
    found = {
        (precondition.resource.api_version.rpartition("/")[0], precondition.resource.plural)
        for profile in profiles
        for precondition in profile.preconditions
        if isinstance(precondition, ObjectField)
    }
    return tuple(
        Rule(group=group, resources=(plural,), verbs=("get",), essential=False) for group, plural in sorted(found)
    )


def role_rules(profiles: Iterable[Profile]) -> list[dict[str, list[str]]]:
    """Return the rules of a ClusterRole that is enough for runs against these meshes,
    as manifests/rbac.yaml has them."""
    return [
        {"apiGroups": [rule.group], "resources": list(rule.resources), "verbs": list(rule.verbs)}
        for rule in (*RULES, *readings(profiles))
    ]


def granted(rules: Sequence[Mapping[str, Sequence[str]]]) -> set[Permission]:
    """Return every permission that rules of a ClusterRole name."""
    return {
        Permission(verb=verb, group=group, resource=resource)
        for rule in rules
        for group, resource, verb in product(rule["apiGroups"], rule["resources"], rule["verbs"])
    }
