"""Method, path and query to the operation that they ask for.

Pure; decides nothing about whether it exists or is allowed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

_METHOD_VERBS = {"GET": "get", "HEAD": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestInfo:
    """One request as authorization and dispatch see it.

    For a non-resource path only `verb` (lower-case method) and `path` are set.
    """

    verb: str
    path: str
    is_resource: bool = False
    group: str = ""
    version: str = ""
    resource: str = ""
    namespace: str = ""
    name: str = ""
    subresource: str = ""


def is_true(value: str | None) -> bool:
    """Return a query value as Kubernetes reads booleans."""
    return value is not None and value.lower() in ("", "1", "true", "t")


def parse(method: str, path: str, query: Mapping[str, str]) -> RequestInfo:
    """Return the operation that a request asks for."""
    parts = [unquote(part) for part in path.split("/") if part]
    plain = RequestInfo(verb=method.lower(), path=path)
    if len(parts) >= 3 and parts[0] == "api":
        group, version, rest = "", parts[1], parts[2:]
    elif len(parts) >= 4 and parts[0] == "apis":
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return plain
    namespace = ""
    # /namespaces/x/pods is a path inside a namespace; /namespaces/x and its own subresources are the namespace itself.
    if rest[0] == "namespaces" and len(rest) > 1:
        namespace = rest[1]
        if len(rest) > 2 and rest[2] not in ("status", "finalize"):
            rest = rest[2:]
    resource, name, subresource = rest[0], rest[1] if len(rest) > 1 else "", "/".join(rest[2:])
    verb = _METHOD_VERBS.get(method, method.lower())
    if not name and verb == "get":
        verb = "watch" if is_true(query.get("watch")) else "list"
    elif not name and verb == "delete":
        verb = "deletecollection"
    elif verb == "get" and not subresource and is_true(query.get("watch")):
        verb = "watch"
    return RequestInfo(
        verb=verb,
        path=path,
        is_resource=True,
        group=group,
        version=version,
        resource=resource,
        namespace=namespace,
        name=name,
        subresource=subresource,
    )
