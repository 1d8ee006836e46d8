"""Objects as plain data, and the record of one change to them. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from pytest_smi.reference.kube.status import ResourceKey

Object = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One change. `previous` is the object before it (None for ADDED);
    `encoded` caches wire forms so that fan-out serializes once."""

    type: Literal["ADDED", "MODIFIED", "DELETED"]
    key: ResourceKey
    object: Object
    resource_version: str
    previous: Object | None = None
    encoded: dict[str, bytes] = field(default_factory=dict, compare=False, repr=False)

    @property
    def namespace(self) -> str:
        """The object's namespace, "" for cluster-scoped kinds."""
        return str(self.object["metadata"].get("namespace") or "")

    @property
    def name(self) -> str:
        """The object's name."""
        return str(self.object["metadata"]["name"])


def thaw(value: Any) -> Any:
    """Return a deep copy of JSON-like data, to edit."""
    if isinstance(value, dict):
        return {key: thaw(item) if isinstance(item, dict | list) else item for key, item in value.items()}
    if isinstance(value, list):
        return [thaw(item) if isinstance(item, dict | list) else item for item in value]
    return value


def timestamp(at: float) -> str:
    """Unix seconds as Kubernetes writes times: 2026-01-02T03:04:05Z."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


Callback = Callable[[Event], None]
