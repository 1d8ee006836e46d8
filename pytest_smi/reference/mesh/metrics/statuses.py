"""Kubernetes Status bodies of this API's refusals."""

from typing import Any

from pytest_smi.reference.mesh.metrics.routes import GROUP, Query

_REASONS = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    500: "InternalError",
    503: "ServiceUnavailable",
    504: "Timeout",
}


def failure(code: int, message: str, *, details: dict[str, Any] | None = None) -> dict[str, Any]:
    """A Status of one of the codes above."""
    status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message, "reason": _REASONS[code]}
    return {**status, **({"details": details} if details else {}), "code": code}


def object_not_found(query: Query) -> dict[str, Any]:
    """The resource exists, the object does not."""
    details = {"name": query.name, "group": GROUP, "kind": query.resource}
    return failure(404, f'{query.resource}.{GROUP} "{query.name}" not found', details=details)


def resource_not_found() -> dict[str, Any]:
    """The path names no resource of this API."""
    return failure(404, "the server could not find the requested resource")


def method_not_allowed() -> dict[str, Any]:
    """The API has get and list alone."""
    return failure(405, "the server does not allow this method on the requested resource")


def forbidden(query: Query, user: str) -> dict[str, Any]:
    """RBAC says no."""
    resource = f"{query.resource}/{query.subresource}" if query.subresource else query.resource
    place = f'in the namespace "{query.namespace}"' if query.namespace else "at the cluster scope"
    object_name = f' "{query.name}"' if query.name else ""
    message = (
        f'{query.resource}.{GROUP}{object_name} is forbidden: User "{user}" cannot {query.verb} resource "{resource}" '
        f'in API group "{GROUP}" {place}'
    )
    return failure(403, message, details={"name": query.name, "group": GROUP, "kind": query.resource})
