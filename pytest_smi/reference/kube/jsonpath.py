"""The part of JSONPath that printer columns use: .a.b, ['a.b'], [0], [*], [?(@.type=="Ready")]. Pure."""

from __future__ import annotations

import re
from typing import Any

_STEP = re.compile(
    r"""\.(?P<field>[\w-]+(?:\\\.[\w-]+)*)|\[(?P<index>-?\d+)\]|\[(?P<all>\*)\]|\.(?P<star>\*)
    |\[['"](?P<quoted>[^'"]+)['"]\]|\[\?\(@\.(?P<test>[\w.]+)\s*==\s*['"](?P<value>[^'"]*)['"]\)\]""",
    re.VERBOSE,
)


def read(obj: Any, path: str) -> list[Any]:
    """Return every value at the path, in order; an unreadable path finds nothing."""
    found, at = [obj], 0
    text = path.strip().removeprefix("{").removesuffix("}").removeprefix("$")
    while at < len(text):
        match = _STEP.match(text, at)
        if match is None:
            return []
        at = match.end()
        found = [value for item in found for value in _step(item, match)]
    return found


def _step(item: Any, match: re.Match[str]) -> list[Any]:
    field = match["field"] or match["quoted"]
    if field is not None:
        name = field.replace("\\.", ".")
        return [item[name]] if isinstance(item, dict) and item.get(name) is not None else []
    if match["index"] is not None:
        number = int(match["index"])
        return [item[number]] if isinstance(item, list) and -len(item) <= number < len(item) else []
    if match["all"] or match["star"]:
        return list(item) if isinstance(item, list) else list(item.values()) if isinstance(item, dict) else []
    wanted = match["test"].split(".")
    return [entry for entry in item if _at(entry, wanted) == match["value"]] if isinstance(item, list) else []


def _at(item: Any, names: list[str]) -> Any:
    for name in names:
        item = item.get(name) if isinstance(item, dict) else None
    return item
