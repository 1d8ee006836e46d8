"""One way to write JSON, so that the same facts are always the same bytes, and one strict way to read it back.

Keys sorted, UTF-8, two spaces of indent, a newline at the end; integers stay integers; NaN and infinities do not exist.
Reading refuses what writers and readers understand differently: duplicate keys, NaN, bytes that are not UTF-8.
"""

import hashlib
import json
from typing import Any, NoReturn

__all__ = ["canonical_bytes", "compact_bytes", "parse_json", "sha256_hex"]


def canonical_bytes(value: object) -> bytes:
    """The bytes of a JSON document as files of the report hold it. Raises `TypeError` or `ValueError` for what is not JSON."""
    _refuse_odd_keys(value)
    text = json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8") + b"\n"


def compact_bytes(value: object) -> bytes:
    """The same rules in one line and without the newline: for lines of a `.jsonl` file and for signed payloads."""
    _refuse_odd_keys(value)
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8")


def parse_json(data: bytes) -> Any:
    """Read one JSON value strictly. Raises `ValueError` that says what is wrong."""
    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=_unique_keys, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def sha256_hex(data: bytes) -> str:
    """The sha256 of the bytes, in lower-case hexadecimal: the only digest the report uses."""
    return hashlib.sha256(data).hexdigest()


def _refuse_odd_keys(value: object, path: str = "$") -> None:
    # json.dumps would turn the keys 1, 1.0, True and None into strings silently, and two keys could become one.
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise TypeError(f"the keys of a JSON object are strings; {path} has the key {key!r}")
            _refuse_odd_keys(inner, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            _refuse_odd_keys(inner, f"{path}[{index}]")


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"duplicate key {next(name for name in names if names.count(name) > 1)!r}")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
