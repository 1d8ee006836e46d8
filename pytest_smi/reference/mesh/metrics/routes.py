"""From a request path to what is asked, read as the Kubernetes API server reads it,
so that RBAC sees the same names on both sides.

Law: `/namespaces/N/edges` is the resource `edges` in namespace N, not a subresource of namespaces;
roles must name `edges` for it.
"""

from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

GROUP = "metrics.smi-spec.io"
VERSION = "v1alpha1"
GROUP_VERSION = f"{GROUP}/{VERSION}"
EDGES = "edges"

_ROOT = ("apis", GROUP, VERSION)
_HEALTH = ("healthz", "readyz", "livez")


@dataclass(frozen=True, slots=True)
class Fixed:
    """A path that needs no permission: health, or discovery at one of three depths. `slash`: the path ended in one."""

    name: Literal["health", "groups", "group", "resources"]
    slash: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A resource path, by Kubernetes' names; "" where a part is absent.

    Nothing is said on whether the resource exists.
    """

    resource: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    slash: bool = field(default=False, compare=False)
    """Whether the path ended in a slash, which asks for the same."""

    @property
    def verb(self) -> str:
        """The RBAC verb of a GET."""
        return "get" if self.name else "list"


Route: TypeAlias = Fixed | Query | None


def parse(path: str) -> Route:
    """Return what a path asks for; None when it can be nothing of this API. One trailing slash is the same as none."""
    slash = path.endswith("/") and path != "/"
    parts = tuple(path.removesuffix("/").split("/")[1:])
    if len(parts) == 1 and parts[0] in _HEALTH:
        return Fixed("health", slash)
    if parts == _ROOT[:1]:
        return Fixed("groups", slash)
    if parts == _ROOT[:2]:
        return Fixed("group", slash)
    if parts == _ROOT:
        return Fixed("resources", slash)
    if parts[:3] != _ROOT or not all(parts):
        return None
    query = _query(parts[3:])
    return replace(query, slash=slash) if query is not None else None


def _query(parts: tuple[str, ...]) -> Query | None:
    namespace = ""
    if parts[0] == "namespaces" and len(parts) > 1:
        namespace = parts[1]
        parts = parts if len(parts) == 2 else parts[2:]
    match parts:
        case (resource,):
            return Query(resource=resource, namespace=namespace)
        case (resource, name):
            return Query(resource=resource, namespace=namespace, name=name)
        case (resource, name, subresource):
            return Query(resource=resource, namespace=namespace, name=name, subresource=subresource)
    return None
