"""One way to write JSON, so that the same facts are always the same bytes, and one strict way to read it back.

Keys sorted, UTF-8, two spaces of indent, a newline at the end; integers stay integers; NaN and infinities do not exist.
Reading refuses what writers and readers understand differently: duplicate keys, NaN and numbers beyond
any float, bytes and escapes that are not Unicode, and absurd nesting.
"""

import hashlib
import json
import math
import re
from collections.abc import Iterator
from itertools import chain
from typing import Any, NoReturn

__all__ = ["DEEPEST", "canonical_bytes", "compact_bytes", "indented", "parse_json", "sha256_hex"]

DEEPEST = 64
"""Levels of nesting that a document may have; the report needs fewer than twenty."""
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def canonical_bytes(value: object) -> bytes:
    """Return the bytes of a JSON document as files of the report hold it.

    Raises `TypeError` or `ValueError` for what is not JSON.
    """
    return _utf8(indented(value)) + b"\n"


def indented(value: object, margin: str = "") -> str:
    """Return a JSON value in the canonical form, as it stands inside a document at this margin;
    the first line has no margin."""
    _refuse_odd_keys(value)
    text = json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False)
    # Newlines within strings are escaped, so that those here are all of the form.
    return text.replace("\n", f"\n{margin}") if margin else text


def compact_bytes(value: object) -> bytes:
    """Return the same rules in one line and without the newline: for lines of a `.jsonl` file and for signed
    payloads."""
    _refuse_odd_keys(value)
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return _utf8(text)


def parse_json(data: bytes) -> Any:
    """Read one JSON value strictly. Raises `ValueError` that says what is wrong."""
    try:
        value = json.loads(
            data.decode("utf-8"), object_pairs_hook=_unique_keys, parse_constant=_refuse_constant, parse_float=_finite
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None
    _refuse_depth(value)
    if _SURROGATE.search(data):
        _refuse_halves(value)
    return value


def sha256_hex(data: bytes) -> str:
    """Return the sha256 of the bytes, in lower-case hexadecimal: the only digest the report uses."""
    return hashlib.sha256(data).hexdigest()


def _utf8(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        # Half of a surrogate pair, out of bytes that were no text: it must not cost the whole report.
        return re.sub("[\ud800-\udfff]", "\ufffd", text).encode("utf-8")


def _refuse_odd_keys(value: object) -> None:
    # json.dumps would turn the keys 1, 1.0, True and None into strings silently, and two keys could become one.
    if isinstance(value, dict):
        for key, inner in value.items():
            if type(key) is not str and not isinstance(key, str):
                raise TypeError(
                    f"the keys of a JSON object are strings; found the key {key!r} beside {list(value)[:5]}"
                )
            if isinstance(inner, dict | list | tuple):
                _refuse_odd_keys(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            if isinstance(inner, dict | list | tuple):
                _refuse_odd_keys(inner)


def _refuse_depth(value: object) -> None:
    # Level by level and without recursion: everything that walks a document later may then recurse.
    level: list[Any] = [value]
    for _ in range(DEEPEST + 1):
        level = list(chain.from_iterable(map(_children, level)))
        if not level:
            return
    raise ValueError("nested too deeply")


def _children(value: object) -> Iterator[Any]:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return (item for item in inside if isinstance(item, dict | list))


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"duplicate key {next(name for name in names if names.count(name) > 1)!r}")
    return found


def _refuse_halves(value: object) -> None:
    # An escaped half of a surrogate pair is a string in Python and no text anywhere else: it could not be written
    # again.
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as problem:
        raise ValueError(f"the text {problem.object[problem.start]!r} is half of a surrogate pair") from None


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"the number {text[:20]} is too large")
    return number


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
