"""Server-side apply: who applied which fields, what a new apply takes away, and where two appliers disagree.
Pure but for its memory.

Only what was applied is remembered, not what was created or updated otherwise: such fields belong to nobody here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pytest_smi.reference.kube.objects import Object, thaw
from pytest_smi.reference.kube.status import ApiError

Path = tuple[str, ...]
KEPT = 10_000
"""Applied objects remembered at once; the oldest are forgotten first, and then belong to nobody."""


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every field that holds no object: its path and value. Lists count as one value."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from leaves(inner, (*path, name))
    else:
        yield path, value


def _own(applied: Object) -> dict[Path, Any]:
    """The fields that an apply owns: all but the object's identity."""
    identity = {("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace")}
    return {path: value for path, value in leaves(applied) if path not in identity}


def _remove(obj: Any, path: Path) -> None:
    for name in path[:-1]:
        obj = obj.get(name) if isinstance(obj, dict) else None
    if isinstance(obj, dict):
        obj.pop(path[-1], None)


class Appliers:
    """What each manager applied last to each object (by uid)."""

    def __init__(self) -> None:
        self._applied: dict[tuple[str, str], dict[Path, Any]] = {}

    def prepare(self, live: Object, applied: Object, manager: str, *, force: bool) -> Object:
        """The live object without the fields that the manager no longer applies;
        raises the 409 of a disagreement unless forced."""
        uid, new = live["metadata"]["uid"], _own(applied)
        others = {name: fields for (owner, name), fields in self._applied.items() if owner == uid and name != manager}
        found = [
            (name, path)
            for name, fields in others.items()
            for path in fields
            if path in new and new[path] != fields[path]
        ]
        if found and not force:
            raise _conflict(found)
        result: Object = thaw(live)
        for path in self._applied.get((uid, manager), {}):
            if path not in new and not any(path in fields for fields in others.values()):
                _remove(result, path)
        return result

    def note(self, uid: str, applied: Object, manager: str) -> None:
        """Remember what a manager applied; it takes what it forced from the others."""
        new = _own(applied)
        for (owner, name), fields in self._applied.items():
            if owner == uid and name != manager:
                for path in [path for path in fields if path in new and new[path] != fields[path]]:
                    del fields[path]
        self._applied.pop((uid, manager), None)
        self._applied[(uid, manager)] = new
        while len(self._applied) > KEPT:
            del self._applied[next(iter(self._applied))]


def _conflict(found: list[tuple[str, Path]]) -> ApiError:
    causes = [
        {"reason": "FieldManagerConflict", "message": f'conflict with "{name}"', "field": "." + ".".join(path)}
        for name, path in found
    ]
    listed = ", ".join(f"{cause['message']}: {cause['field']}" for cause in causes)
    text = f"Apply failed with {len(found)} conflict{'s' if len(found) > 1 else ''}: {listed}"
    return ApiError(text, code=409, reason="Conflict", details={"causes": causes})
