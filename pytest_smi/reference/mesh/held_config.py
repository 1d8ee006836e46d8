"""What proxies go on with while they take no new configuration, for meshes in which one split can stop it for all; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Key = tuple[str, str]
_NOT_CONFIGURATION = ("faults", "traits", "name")
"""Shared keys that stand for what is no proxy's: the mesh's kind and its names."""


def admits_nobody(splits: Iterable[Mapping[str, Any]], services: Mapping[Key, Mapping[str, Any]]) -> bool:
    """Whether a split of an HTTP Service (by the hint of its first port) has `callers`, and none.

    Such a list makes the whole configuration of all proxies unreadable. A split whose root is missing is not written down at all.
    """
    for split in splits:
        ports = services.get((split["namespace"], split["service"]), {}).get("ports")
        if ports and ports[0]["hint"] == "http" and split.get("callers") == []:
            return True
    return False


def held(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """The shared configuration that is in effect: the old one, but for what is no proxy's configuration."""
    return {
        **{key: value for key, value in old.items() if key.partition("/")[0] not in _NOT_CONFIGURATION},
        **{key: value for key, value in new.items() if key.partition("/")[0] in _NOT_CONFIGURATION},
    }


def held_own(new: Mapping[Key, Mapping[str, Any]], grants: Mapping[Key, list[dict[str, Any]]]) -> dict[Key, dict[str, Any]]:
    """Each pod's own configuration with the old `grants` of its account; the pod itself is as it is now."""
    return {key: {**own, "grants": grants.get((key[0], own["self"]["sa"]), [])} for key, own in new.items()}
