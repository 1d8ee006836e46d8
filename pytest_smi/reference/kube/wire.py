"""Bodies: JSON, YAML and protobuf in, JSON out. Pure."""

from __future__ import annotations

import json
from typing import Any

import yaml

from pytest_smi.reference.kube import protobuf
from pytest_smi.reference.kube.status import ApiError, BadRequest

YAML_TYPES = ("application/yaml", "application/x-yaml", "text/yaml")


class _JsonLikeLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Safe YAML without dates: what looks like one stays a string, as in JSON."""


_JsonLikeLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in _JsonLikeLoader.yaml_implicit_resolvers.items()
}


def _refuse_constant(name: str) -> None:
    raise ValueError(f"invalid character '{name[0]}' looking for beginning of value")


def decode(body: bytes, content_type: str) -> Any:
    """Return a body as data; raises BadRequest, or 415 for types that are neither JSON nor YAML."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == protobuf.TYPE:
        return protobuf.decode(body)
    try:
        if kind in YAML_TYPES:
            return yaml.load(body, Loader=_JsonLikeLoader)  # noqa: S506 - it is a safe loader
        if kind in ("", "application/json") or kind.endswith("+json"):
            return json.loads(body, parse_constant=_refuse_constant) if body else None
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise BadRequest(f"the object provided is unrecognized (must be of type Object): {error}") from None
    raise unsupported_media_type(("application/json", "application/yaml"))


def unsupported_media_type(accepted: tuple[str, ...]) -> ApiError:
    """Return the 415 answer for a body of a type that the kind does not take."""
    message = f"the body of the request was in an unknown format - accepted media types include: {', '.join(accepted)}"
    return ApiError(message, code=415, reason="UnsupportedMediaType")


def unsupported_patch() -> ApiError:
    """Return the 415 answer for something that is no type of patch at all."""
    return ApiError("415: Unsupported Media Type", code=415, reason="UnsupportedMediaType", details={})


def decode_object(body: bytes, content_type: str) -> dict[str, Any]:
    """Return a body that must be one API object."""
    data = decode(body, content_type)
    if not isinstance(data, dict):
        raise BadRequest("the object provided is unrecognized (must be of type Object): it is no JSON object")
    return data


def encode(data: Any) -> bytes:
    """Data as compact JSON."""
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")
