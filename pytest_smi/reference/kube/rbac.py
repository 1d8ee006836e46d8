"""Who may do what, by roles and bindings.

Pure: reads roles and bindings through the store's interface, decides, changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_smi.reference.kube.status import ResourceKey
from pytest_smi.reference.kube.store import Store

GROUP = "rbac.authorization.k8s.io"
ROLES, CLUSTER_ROLES = ResourceKey(GROUP, "roles"), ResourceKey(GROUP, "clusterroles")
ROLE_BINDINGS, CLUSTER_ROLE_BINDINGS = ResourceKey(GROUP, "rolebindings"), ResourceKey(GROUP, "clusterrolebindings")
MASTERS, AUTHENTICATED, UNAUTHENTICATED = "system:masters", "system:authenticated", "system:unauthenticated"
SERVICE_ACCOUNT = "system:serviceaccount:"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Someone who asks."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)

    def to_info(self) -> dict[str, Any]:
        """As UserInfo, for reviews and webhooks."""
        info: dict[str, Any] = {"username": self.name, "groups": list(self.groups)}
        if self.uid:
            info["uid"] = self.uid
        if self.extra:
            info["extra"] = {name: list(values) for name, values in self.extra.items()}
        return info


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes:
    """What is asked: a resource (group, resource, …) or a path."""

    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""
    """Set for a non-resource request only."""

    def denial(self, user: User) -> str:
        """Return why not, as Kubernetes says it."""
        if self.path:
            return f'User "{user.name}" cannot {self.verb} path "{self.path}"'
        full = f"{self.resource}/{self.subresource}" if self.subresource else self.resource
        where = f'in the namespace "{self.namespace}"' if self.namespace else "at the cluster scope"
        return f'User "{user.name}" cannot {self.verb} resource "{full}" in API group "{self.group}" {where}'


ANONYMOUS = User(name="system:anonymous", groups=(UNAUTHENTICATED,))
"""Whoever shows no credentials."""


def service_account_user(
    namespace: str, name: str, uid: str = "", extra: Mapping[str, tuple[str, ...]] | None = None
) -> User:
    """Return a service account as user."""
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", AUTHENTICATED)
    return User(name=f"{SERVICE_ACCOUNT}{namespace}:{name}", groups=groups, uid=uid, extra=extra or {})


def rule_allows(rule: Mapping[str, Any], asked: Attributes) -> bool:
    """Return whether one PolicyRule covers what is asked."""
    verbs = rule.get("verbs") or ()
    if "*" not in verbs and asked.verb not in verbs:
        return False
    if asked.path:
        return any(_path_matches(pattern, asked.path) for pattern in rule.get("nonResourceURLs") or ())
    groups = rule.get("apiGroups") or ()
    if "*" not in groups and asked.group not in groups:
        return False
    full = f"{asked.resource}/{asked.subresource}" if asked.subresource else asked.resource
    resources = rule.get("resources") or ()
    covered = "*" in resources or full in resources or bool(asked.subresource and f"*/{asked.subresource}" in resources)
    names = rule.get("resourceNames") or ()
    return covered and (not names or asked.name in names)


def _path_matches(pattern: str, path: str) -> bool:
    return pattern in ("*", path) or (pattern.endswith("*") and path.startswith(pattern[:-1]))


def subject_is(subject: Mapping[str, Any], user: User, binding_namespace: str) -> bool:
    """Return whether a binding's subject means that user."""
    kind, name = subject.get("kind"), subject.get("name")
    if kind == "User":
        return name == user.name
    if kind == "Group":
        return name in user.groups
    namespace = subject.get("namespace") or binding_namespace
    return kind == "ServiceAccount" and user.name == f"{SERVICE_ACCOUNT}{namespace}:{name}"


class Authorizer:
    """Decides from the roles and bindings in a store; rules per user are kept until a role or binding changes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rules: dict[tuple[User, str], list[tuple[Mapping[str, Any], str]]] = {}
        for key in (ROLES, CLUSTER_ROLES, ROLE_BINDINGS, CLUSTER_ROLE_BINDINGS):
            store.subscribe(key, lambda _: self._rules.clear())

    def allows(self, user: User, asked: Attributes) -> bool:
        """Return whether the user may; members of system:masters always may."""
        return MASTERS in user.groups or self.reason(user, asked) is not None

    def reason(self, user: User, asked: Attributes) -> str | None:
        """Which binding lets the user, in Kubernetes' words; None when none does."""
        for namespace in ("", asked.namespace) if asked.namespace else ("",):
            for rule, why in self._bound_rules(user, namespace):
                if rule_allows(rule, asked):
                    return f"RBAC: allowed by {why}"
        return None

    def rules(self, user: User, namespace: str) -> list[Mapping[str, Any]]:
        """Return the rules bound to the user cluster-wide (namespace "") or in one namespace."""
        return [rule for rule, _ in self._bound_rules(user, namespace)]

    def rules_of(self, ref: Mapping[str, Any], namespace: str) -> list[Mapping[str, Any]]:
        """Return the rules of the role that a binding in that namespace refers to; none when it is not there."""
        own = ref.get("kind") == "Role"
        return list(
            self._role_rules(
                self._store.find(ROLES if own else CLUSTER_ROLES, namespace if own else None, str(ref.get("name")))
            )
        )

    def _bound_rules(self, user: User, namespace: str) -> list[tuple[Mapping[str, Any], str]]:
        found = self._rules.get((user, namespace))
        if found is None:
            if len(self._rules) > 10_000:
                self._rules.clear()
            bindings, _ = (
                self._store.list(ROLE_BINDINGS, namespace) if namespace else self._store.list(CLUSTER_ROLE_BINDINGS)
            )
            found = self._rules[(user, namespace)] = list(self._bound(user, bindings, namespace))
        return found

    def _bound(
        self, user: User, bindings: Iterable[Mapping[str, Any]], namespace: str
    ) -> Iterator[tuple[Mapping[str, Any], str]]:
        for binding in bindings:
            for subject in binding.get("subjects") or ():
                if not subject_is(subject, user, namespace):
                    continue
                ref, name = binding["roleRef"], binding["metadata"]["name"]
                place, kind = (f"{name}/{namespace}", "RoleBinding") if namespace else (name, "ClusterRoleBinding")
                own = (
                    f"{subject['name']}/{subject.get('namespace') or namespace}"
                    if subject["kind"] == "ServiceAccount"
                    else subject["name"]
                )
                why = f'{kind} "{place}" of {ref["kind"]} "{ref["name"]}" to {subject["kind"]} "{own}"'
                yield from ((rule, why) for rule in self.rules_of(ref, namespace))
                break

    def _role_rules(self, role: Mapping[str, Any] | None) -> Iterator[Mapping[str, Any]]:
        if role is None:
            return
        yield from role.get("rules") or ()
        selectors = (role.get("aggregationRule") or {}).get("clusterRoleSelectors") or ()
        if selectors:
            from pytest_smi.reference.kube.selectors import labels_of, structured_selector

            tests = [structured_selector(selector) for selector in selectors]
            for other in self._store.list(CLUSTER_ROLES)[0]:
                if other is not role and any(test(labels_of(other)) for test in tests):
                    yield from other.get("rules") or ()
