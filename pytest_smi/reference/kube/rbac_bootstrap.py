"""The roles and bindings that a new cluster has. Pure data."""

from __future__ import annotations

from typing import Any

from pytest_smi.reference.kube.rbac import AUTHENTICATED, GROUP, MASTERS, UNAUTHENTICATED

_READ = ["get", "list", "watch"]
_WRITE = ["create", "delete", "deletecollection", "patch", "update"]
_AGGREGATE = "rbac.authorization.k8s.io/aggregate-to-"
_PATHS = [
    "/api",
    "/api/*",
    "/apis",
    "/apis/*",
    "/healthz",
    "/livez",
    "/openapi",
    "/openapi/*",
    "/readyz",
    "/version",
    "/version/",
]
_CORE = ["configmaps", "endpoints", "pods", "serviceaccounts", "services"]


def _rule(groups: list[str], resources: list[str], verbs: list[str]) -> dict[str, Any]:
    return {"apiGroups": groups, "resources": resources, "verbs": verbs}


_VIEW = [
    _rule([""], [*_CORE, "events", "namespaces", "pods/log", "pods/status", "services/status"], _READ),
    _rule(
        ["apps"],
        [
            "deployments",
            "deployments/scale",
            "deployments/status",
            "replicasets",
            "replicasets/scale",
            "replicasets/status",
        ],
        _READ,
    ),
    _rule(["discovery.k8s.io"], ["endpointslices"], _READ),
]
_EDIT = [
    _rule([""], ["pods/exec", "secrets", "serviceaccounts/token"], ["create", *_READ]),
    _rule([""], [*_CORE, "secrets"], _WRITE),
    _rule(["apps"], ["deployments", "deployments/scale", "replicasets", "replicasets/scale"], _WRITE),
    _rule([""], ["serviceaccounts"], ["impersonate"]),
    _rule(["coordination.k8s.io"], ["leases"], [*_READ, *_WRITE]),
]
_ADMIN = [
    _rule([GROUP], ["rolebindings", "roles"], [*_READ, *_WRITE]),
    _rule(["authorization.k8s.io"], ["localsubjectaccessreviews"], ["create"]),
]
_SELF = [
    _rule(["authorization.k8s.io"], ["selfsubjectaccessreviews", "selfsubjectrulesreviews"], ["create"]),
    _rule(["authentication.k8s.io"], ["selfsubjectreviews"], ["create"]),
]
_DELEGATOR = [
    _rule(["authentication.k8s.io"], ["tokenreviews"], ["create"]),
    _rule(["authorization.k8s.io"], ["subjectaccessreviews"], ["create"]),
]
_ALL = [_rule(["*"], ["*"], ["*"]), {"nonResourceURLs": ["*"], "verbs": ["*"]}]
_PUBLIC = [{"nonResourceURLs": ["/healthz", "/livez", "/readyz", "/version", "/version/"], "verbs": ["get"]}]
_DISCOVERY = [{"nonResourceURLs": _PATHS, "verbs": ["get"]}]


def _role(name: str, rules: list[dict[str, Any]], aggregated_to: str = "") -> dict[str, Any]:
    role: dict[str, Any] = {"apiVersion": f"{GROUP}/v1", "kind": "ClusterRole", "metadata": _meta(name), "rules": rules}
    if aggregated_to:
        role["aggregationRule"] = {"clusterRoleSelectors": [{"matchLabels": {f"{_AGGREGATE}{aggregated_to}": "true"}}]}
    return role


def _meta(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"},
        "annotations": {"rbac.authorization.kubernetes.io/autoupdate": "true"},
    }


def cluster_roles() -> list[dict[str, Any]]:
    """Return the default ClusterRoles, named as in Kubernetes."""
    return [
        _role("cluster-admin", _ALL),
        _role("admin", _VIEW + _EDIT + _ADMIN, "admin"),
        _role("edit", _VIEW + _EDIT, "edit"),
        _role("view", _VIEW, "view"),
        _role("system:basic-user", _SELF),
        _role("system:discovery", _DISCOVERY),
        _role("system:public-info-viewer", _PUBLIC),
        _role("system:auth-delegator", _DELEGATOR),
    ]


def cluster_role_bindings() -> list[dict[str, Any]]:
    """Return the default ClusterRoleBindings."""
    bound = {
        "cluster-admin": (MASTERS,),
        "system:basic-user": (AUTHENTICATED,),
        "system:discovery": (AUTHENTICATED,),
        "system:public-info-viewer": (AUTHENTICATED, UNAUTHENTICATED),
    }
    return [
        {
            "apiVersion": f"{GROUP}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": _meta(name),
            "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": name},
            "subjects": [{"apiGroup": GROUP, "kind": "Group", "name": group} for group in groups],
        }
        for name, groups in bound.items()
    ]
