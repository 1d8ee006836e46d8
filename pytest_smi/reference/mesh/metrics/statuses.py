"""Answers of this API, and its refusals as Kubernetes Status bodies."""

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Answer:
    """HTTP status and JSON body."""

    code: int
    body: dict[str, Any]


def failure(code: int, message: str, *, details: dict[str, Any] | None = None) -> Answer:
    """Return a refusal with one of the codes above."""
    status = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": _REASONS[code],
    }
    return Answer(code, {**status, **({"details": details} if details else {}), "code": code})


def object_not_found(query: Query) -> Answer:
    """Refuse a query whose resource exists, but not its object."""
    return failure(404, f'{query.resource}.{GROUP} "{query.name}" not found', details=_details(query))


def resource_not_found() -> Answer:
    """Refuse a path that names no resource of this API."""
    return failure(404, "the server could not find the requested resource")


def method_not_allowed() -> Answer:
    """Refuse all but get and list."""
    return failure(405, "the server does not allow this method on the requested resource")


def forbidden(query: Query, user: str) -> Answer:
    """Refuse what RBAC does not allow the user."""
    resource = f"{query.resource}/{query.subresource}" if query.subresource else query.resource
    place = f'in the namespace "{query.namespace}"' if query.namespace else "at the cluster scope"
    object_name = f' "{query.name}"' if query.name else ""
    message = (
        f'{query.resource}.{GROUP}{object_name} is forbidden: User "{user}" cannot {query.verb} resource "{resource}" '
        f'in API group "{GROUP}" {place}'
    )
    return failure(403, message, details=_details(query))


def _details(query: Query) -> dict[str, Any]:
    return {"name": query.name, "group": GROUP, "kind": query.resource}
