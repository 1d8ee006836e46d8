"""The table of kinds that the API server serves: one record per resource, built in or from a CRD. Pure data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pytest_smi.reference.kube.status import ResourceKey

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
REVIEW_VERBS = ("create",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One resource in one version.

    `subresources` are (name, kind, verbs); `schema` (CRDs) is the OpenAPI schema of the version, `stored_schema` that
    of the version which is stored, when it is another.
    """

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool
    singular: str = ""
    list_kind: str = ""
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS
    subresources: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    storage_version: str = ""
    custom: bool = False
    schema: dict[str, Any] | None = field(default=None, hash=False, compare=False)
    columns: tuple[dict[str, Any], ...] = field(default=(), hash=False, compare=False)
    scale: dict[str, Any] | None = field(default=None, hash=False, compare=False)
    stored_schema: dict[str, Any] | None = field(default=None, hash=False, compare=False)

    @property
    def key(self) -> ResourceKey:
        """What the store files it under."""
        return ResourceKey(self.group, self.plural)

    @property
    def api_version(self) -> str:
        """The apiVersion of its objects in this version."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def stored_api_version(self) -> str:
        """The apiVersion its objects are stored with."""
        return f"{self.group}/{self.storage_version or self.version}" if self.group else self.version

    @property
    def list_name(self) -> str:
        """The kind of a list of them."""
        return self.list_kind or f"{self.kind}List"

    def has_subresource(self, name: str) -> bool:
        """Return whether it serves that subresource."""
        return any(sub == name for sub, _, _ in self.subresources)


_CHANGE = ("get", "patch", "update")
_STATUS = "status"


def _row(
    group: str, plural: str, kind: str, namespaced: bool, short: str = "", subs: str = "", **more: Any
) -> Resource:
    known = {
        "status": ("status", kind, _CHANGE),
        "scale": ("scale", "Scale", _CHANGE),
        "exec": ("exec", "PodExecOptions", ("create", "get")),
        "log": ("log", "Pod", ("get",)),
        "token": ("token", "TokenRequest", ("create",)),
        "finalize": ("finalize", "Namespace", ("update",)),
    }
    return Resource(
        group=group,
        version="v1",
        plural=plural,
        kind=kind,
        namespaced=namespaced,
        singular=kind.lower(),
        short_names=tuple(short.split()),
        subresources=tuple(known[sub] for sub in subs.split()),
        **more,
    )


_ALL: dict[str, Any] = {"categories": ("all",)}
_REVIEW: dict[str, Any] = {"verbs": REVIEW_VERBS}
_RBAC = "rbac.authorization.k8s.io"
_AUTHZ = "authorization.k8s.io"
_AUTHN = "authentication.k8s.io"
_ADMISSION = "admissionregistration.k8s.io"
_EXTENSIONS: dict[str, Any] = {"categories": ("api-extensions",)}

BUILTIN: tuple[Resource, ...] = (
    _row("", "configmaps", "ConfigMap", True, "cm"),
    _row("", "endpoints", "Endpoints", True, "ep"),
    _row("", "events", "Event", True, "ev"),
    _row("", "namespaces", "Namespace", False, "ns", "finalize status"),
    _row("", "nodes", "Node", False, "no", "status"),
    _row("", "pods", "Pod", True, "po", "exec log status", **_ALL),
    _row("", "secrets", "Secret", True),
    _row("", "serviceaccounts", "ServiceAccount", True, "sa", "token"),
    _row("", "services", "Service", True, "svc", "status", **_ALL),
    _row(_ADMISSION, "mutatingwebhookconfigurations", "MutatingWebhookConfiguration", False, **_EXTENSIONS),
    _row(_ADMISSION, "validatingwebhookconfigurations", "ValidatingWebhookConfiguration", False, **_EXTENSIONS),
    _row(
        "apiextensions.k8s.io",
        "customresourcedefinitions",
        "CustomResourceDefinition",
        False,
        "crd crds",
        "status",
        **_EXTENSIONS,
    ),
    _row("apiregistration.k8s.io", "apiservices", "APIService", False, "", "status", **_EXTENSIONS),
    _row("apps", "daemonsets", "DaemonSet", True, "ds", "status", **_ALL),
    _row("apps", "deployments", "Deployment", True, "deploy", "scale status", **_ALL),
    _row("apps", "replicasets", "ReplicaSet", True, "rs", "scale status", **_ALL),
    _row("apps", "statefulsets", "StatefulSet", True, "sts", "scale status", **_ALL),
    _row(_AUTHN, "tokenreviews", "TokenReview", False, **_REVIEW),
    _row(_AUTHN, "selfsubjectreviews", "SelfSubjectReview", False, **_REVIEW),
    _row(_AUTHZ, "localsubjectaccessreviews", "LocalSubjectAccessReview", True, **_REVIEW),
    _row(_AUTHZ, "selfsubjectaccessreviews", "SelfSubjectAccessReview", False, **_REVIEW),
    _row(_AUTHZ, "selfsubjectrulesreviews", "SelfSubjectRulesReview", False, **_REVIEW),
    _row(_AUTHZ, "subjectaccessreviews", "SubjectAccessReview", False, **_REVIEW),
    _row("coordination.k8s.io", "leases", "Lease", True),
    _row("discovery.k8s.io", "endpointslices", "EndpointSlice", True),
    _row(_RBAC, "clusterrolebindings", "ClusterRoleBinding", False),
    _row(_RBAC, "clusterroles", "ClusterRole", False),
    _row(_RBAC, "rolebindings", "RoleBinding", True),
    _row(_RBAC, "roles", "Role", True),
)

BUILTIN_GROUPS = frozenset(resource.group for resource in BUILTIN)
"""API groups of the server itself; "" is the core group."""

NO_STATUS_ON_WRITE = frozenset(r.key for r in BUILTIN if r.has_subresource("status"))
"""Kinds whose main resource ignores what a client writes to status."""

RETURNED_WHEN_DELETED = frozenset(ResourceKey("", plural) for plural in ("pods", "services", "serviceaccounts"))
"""Kinds whose deletion answers with the object and not with a Status."""
