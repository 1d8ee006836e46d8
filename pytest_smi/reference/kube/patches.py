"""JSON Patch (RFC 6902) and JSON Merge Patch (RFC 7386). Pure: returns a new document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_smi.reference.kube.objects import thaw
from pytest_smi.reference.kube.status import ApiError, BadRequest


class PatchFailed(ApiError):
    """The patch is well formed but does not fit the object (422)."""

    code, reason = 422, "Invalid"


def merge_patch(target: Any, patch: Any) -> Any:
    """Return objects are merged, null removes, everything else replaces."""
    if not isinstance(patch, Mapping):
        return thaw(patch)
    result = thaw(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merge_patch(result.get(name), value)
    return result


def json_patch(target: Any, operations: Any) -> Any:
    """Apply every operation in order; raises PatchFailed or BadRequest, then nothing counts."""
    if not isinstance(operations, list):
        raise BadRequest("error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch")
    document = thaw(target)
    for operation in operations:
        document = _apply(document, operation)
    return document


def _apply(document: Any, operation: Any) -> Any:
    if not isinstance(operation, dict) or not isinstance(operation.get("path"), str):
        raise BadRequest("error decoding patch: every operation needs op and path")
    op, path = operation.get("op"), _pointer(operation["path"])
    if op in ("add", "replace", "test") and "value" not in operation:
        raise BadRequest(f"error decoding patch: {op} needs a value")
    if op == "add":
        return _add(document, path, thaw(operation["value"]))
    if op == "remove":
        return _remove(document, path)[0]
    if op == "replace":
        if not path:
            return thaw(operation["value"])
        document, _ = _remove(document, path)
        return _add(document, path, thaw(operation["value"]))
    if op == "test":
        if _find(document, path) != operation["value"]:
            raise PatchFailed(
                f"the server rejected our request due to an error in our request: testing path {operation['path']} "
                "failed"
            )
        return document
    if op in ("move", "copy") and isinstance(operation.get("from"), str):
        source = _pointer(operation["from"])
        value = thaw(_find(document, source))
        if op == "move":
            document, _ = _remove(document, source)
        return _add(document, path, value)
    raise BadRequest(f"error decoding patch: unknown operation {op!r}")


def _pointer(text: str) -> list[str]:
    if text and not text.startswith("/"):
        raise BadRequest(f"error decoding patch: {text!r} is no JSON pointer")
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]


def _missing(path: list[str]) -> PatchFailed:
    return PatchFailed(
        f"the server rejected our request due to an error in our request: there is nothing at /{'/'.join(path)}"
    )


def _find(document: Any, path: list[str]) -> Any:
    for part in path:
        if isinstance(document, dict) and part in document:
            document = document[part]
        elif isinstance(document, list) and part.isdigit() and int(part) < len(document):
            document = document[int(part)]
        else:
            raise _missing(path)
    return document


def _add(document: Any, path: list[str], value: Any) -> Any:
    if not path:
        return value
    parent, last = _find(document, path[:-1]), path[-1]
    if isinstance(parent, dict):
        parent[last] = value
    elif isinstance(parent, list) and last == "-":
        parent.append(value)
    elif isinstance(parent, list) and last.isdigit() and int(last) <= len(parent):
        parent.insert(int(last), value)
    else:
        raise _missing(path)
    return document


def _remove(document: Any, path: list[str]) -> tuple[Any, Any]:
    if not path:
        raise _missing(path)
    value = _find(document, path)
    parent, last = _find(document, path[:-1]), path[-1]
    if isinstance(parent, dict):
        del parent[last]
    else:
        del parent[int(last)]
    return document, value
