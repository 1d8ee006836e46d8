"""The API's errors and the `Status` bodies that carry them, worded as Kubernetes words them. Pure.

Law: every error that a client can see is an `ApiError`; its `body()` is the whole answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, order=True)
class ResourceKey:
    """Names a kind of object by API group ("" is core) and plural ("pods")."""

    group: str
    plural: str

    def __str__(self) -> str:
        return f"{self.plural}.{self.group}" if self.group else self.plural


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One faulty field: `field` a dotted path, `reason` such as FieldValueRequired, `message` what is wrong."""

    field: str
    reason: str
    message: str


class ApiError(Exception):
    """An answer other than success: HTTP `code`, Kubernetes `reason`, `message` for people, `details` for programs."""

    code = 500
    reason = "InternalError"

    def __init__(
        self,
        message: str,
        *,
        code: int | None = None,
        reason: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = self.code if code is None else code
        self.reason = self.reason if reason is None else reason
        self.details = dict(details) if details is not None else None

    def body(self) -> dict[str, Any]:
        """Return the `Status` object for this error."""
        status: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            status["reason"] = self.reason
        if self.details is not None:
            status["details"] = self.details
        status["code"] = self.code
        return status


def _details(key: ResourceKey, name: str) -> dict[str, Any]:
    details = {"name": name, "group": key.group, "kind": key.plural}
    return {field: value for field, value in details.items() if value}


class NotFound(ApiError):
    """No object of that name (404)."""

    code, reason = 404, "NotFound"

    def __init__(self, key: ResourceKey, name: str) -> None:
        super().__init__(f'{key} "{name}" not found', details=_details(key, name))


class AlreadyExists(ApiError):
    """Create of a name that is taken (409)."""

    code, reason = 409, "AlreadyExists"

    def __init__(self, key: ResourceKey, name: str) -> None:
        super().__init__(f'{key} "{name}" already exists', details=_details(key, name))


class Conflict(ApiError):
    """The write was based on an old state, or a precondition does not hold (409)."""

    code, reason = 409, "Conflict"

    def __init__(self, key: ResourceKey, name: str, why: str | None = None) -> None:
        why = why or "the object has been modified; please apply your changes to the latest version and try again"
        super().__init__(f'Operation cannot be fulfilled on {key} "{name}": {why}', details=_details(key, name))


class Gone(ApiError):
    """A watch or a continue token starts at a resourceVersion that is no longer kept (410)."""

    code, reason = 410, "Expired"

    def __init__(self, message: str) -> None:
        super().__init__(message)


class Invalid(ApiError):
    """The object breaks its schema or rules (422); `causes` name every faulty field."""

    code, reason = 422, "Invalid"

    def __init__(self, kind: str, group: str, name: str, causes: Sequence[Cause]) -> None:
        self.causes = tuple(causes)
        found = [f"{cause.field}: {cause.message}" for cause in causes]
        text = found[0] if len(found) == 1 else f"[{', '.join(found)}]"
        qualified = f"{kind}.{group}" if group else kind
        details: dict[str, Any] = {
            key: value for key, value in (("name", name), ("group", group), ("kind", kind)) if value
        }
        details["causes"] = [{"reason": c.reason, "message": c.message, "field": c.field} for c in causes]
        super().__init__(f'{qualified} "{name}" is invalid: {text}', details=details)


class BadRequest(ApiError):
    """The request cannot be read (400)."""

    code, reason = 400, "BadRequest"


class Unauthorized(ApiError):
    """No or unknown credentials (401)."""

    code, reason = 401, "Unauthorized"

    def __init__(self) -> None:
        super().__init__("Unauthorized")


class Forbidden(ApiError):
    """Known who, not allowed (403)."""

    code, reason = 403, "Forbidden"

    def __init__(self, key: ResourceKey, name: str, why: str, *, causes: Sequence[Mapping[str, str]] = ()) -> None:
        details = _details(key, name)
        if causes:
            details["causes"] = [dict(cause) for cause in causes]
        named = f'{key} "{name}"' if name else str(key)
        super().__init__(f"{named} is forbidden: {why}", details=details)


def success(key: ResourceKey, name: str, uid: str = "") -> dict[str, Any]:
    """Return the `Status` of a finished deletion."""
    details = _details(key, name)
    if uid:
        details["uid"] = uid
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}


def required(field: str, what: str = "") -> Cause:
    """Return a field that must be there."""
    return Cause(
        field=field, reason="FieldValueRequired", message=f"Required value: {what}" if what else "Required value"
    )


def invalid(field: str, value: object, why: str) -> Cause:
    """Return a field with a value outside its rules."""
    return Cause(field=field, reason="FieldValueInvalid", message=f"Invalid value: {quote(value)}: {why}")


def unsupported(field: str, value: object, allowed: Sequence[object]) -> Cause:
    """Return a field whose value is not one of an enumeration."""
    names = ", ".join(quote(item) for item in allowed)
    return Cause(
        field=field,
        reason="FieldValueNotSupported",
        message=f"Unsupported value: {quote(value)}: supported values: {names}",
    )


def duplicate(field: str, value: object) -> Cause:
    """Two entries of a list with the same key."""
    return Cause(field=field, reason="FieldValueDuplicate", message=f"Duplicate value: {quote(value)}")


def forbidden_field(field: str, why: str) -> Cause:
    """Return a field that may not be set or changed here."""
    return Cause(field=field, reason="FieldValueForbidden", message=f"Forbidden: {why}")


def quote(value: object) -> str:
    """Return a value as Kubernetes prints it in messages: strings in double quotes, null, lower-case booleans."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, Mapping):
        return '"object"'
    if isinstance(value, list | tuple):
        return '"array"'
    return f'"{value}"'
