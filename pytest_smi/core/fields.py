"""Strict reading of JSON documents: every bad field is found at once and named by its dotted path.

A `Fields` reader walks one object. Each method takes a field, checks its type, and notes a problem instead of raising, returning a
harmless stand-in; `done()` raises `ReportError` with all problems if there were any. Unknown fields are problems too.
"""

import re
from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

from pytest_smi.errors import ReportError

__all__ = ["DIGEST", "Fields"]

DIGEST = re.compile(r"(?:sha256:)?[0-9a-f]{64}")
"""A sha256 in lower-case hexadecimal; container images carry it with the prefix `sha256:`."""

E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")

_LARGEST_NUMBER = 2.0**53
"""Beyond it not every reader of JSON sees the same number."""


class Fields:
    """The fields of one JSON object at a dotted path; nested readers share one list of problems."""

    def __init__(self, value: Any, path: str = "", problems: list[str] | None = None) -> None:
        self.path = path
        self.problems: list[str] = [] if problems is None else problems
        self._seen: set[str] = set()
        self.value: dict[str, Any] = value if isinstance(value, dict) else {}
        self._object = isinstance(value, dict)
        if not self._object:
            self.note("", f"must be an object, found {_kind(value)}")

    def note(self, name: str, problem: str) -> None:
        """Record a problem of a field (or of the object itself, with an empty name)."""
        where = f"{self.path}.{name}".strip(".") or "the document"
        self.problems.append(f"{where}: {problem}")

    def take(self, name: str, types: type | tuple[type, ...], stand_in: Any, wanted: str, *, optional: bool = False) -> Any:
        """The value of a field if it has one of the types; booleans never pass as numbers."""
        self._seen.add(name)
        if name not in self.value:
            if not optional and self._object:
                self.note(name, "is missing")
            return None if optional else stand_in
        found = self.value[name]
        if optional and found is None:
            return None
        allowed = types if isinstance(types, tuple) else (types,)
        if not isinstance(found, allowed) or (isinstance(found, bool) and bool not in allowed):
            self.note(name, f"must be {wanted}, found {_kind(found)}")
            return stand_in
        return found

    def text(self, name: str, *, empty: bool = True) -> str:
        """A string; with `empty=False` a non-empty one."""
        found = self.take(name, str, "-", "a string")
        if not empty and not found:
            self.note(name, "must not be empty")
        return str(found)

    def optional_text(self, name: str) -> str | None:
        """A string, or None when null or absent."""
        found = self.take(name, str, None, "a string or null", optional=True)
        return None if found is None else str(found)

    def number(self, name: str) -> float:
        """A number that is not negative."""
        found = self.take(name, (int, float), 0.0, "a number")
        # JSON has integers of any size, and 1e999 is read as infinity.
        if not 0 <= found < _LARGEST_NUMBER:
            self.note(name, f"must not be negative, found {found}" if found < 0 else "must be below 2**53")
            return 0.0
        return float(found)

    def flag(self, name: str) -> bool:
        """True or false."""
        return bool(self.take(name, bool, False, "true or false"))

    def choice(self, name: str, kind: type[E]) -> E:
        """A member of an enumeration, by its value."""
        found = self.take(name, str, None, "a string")
        try:
            return next(iter(kind)) if found is None else kind(found)
        except ValueError:
            self.note(name, f"must be one of {', '.join(kind)}; found {found!r}")
            return next(iter(kind))

    def document(self, name: str, *, optional: bool = False) -> dict[str, Any] | None:
        """An object of any content, or None when optional and null or absent."""
        found: dict[str, Any] | None = self.take(name, dict, {}, "an object", optional=optional)
        return found

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of strings."""
        found = self.take(name, list, [], "a list of strings")
        for index, item in enumerate(found):
            if not isinstance(item, str):
                self.note(f"{name}[{index}]", f"must be a string, found {_kind(item)}")
        return tuple(str(item) for item in found)

    def digest(self, name: str, *, optional: bool = False) -> str | None:
        """A sha256 digest in hexadecimal."""
        found = self.take(name, str, "0" * 64, "a sha256 digest", optional=optional)
        if found is not None and not DIGEST.fullmatch(found):
            self.note(name, f"must be a sha256 digest of 64 hexadecimal characters, found {found!r}")
        return None if found is None else str(found)

    def inner(self, name: str) -> "Fields":
        """A reader of a nested object."""
        return Fields(self.take(name, dict, {}, "an object"), f"{self.path}.{name}".strip("."), self.problems)

    def maybe(self, name: str, read: Callable[["Fields"], T]) -> T | None:
        """What `read` makes of a nested object, or None when null or absent."""
        return None if self.take(name, dict, None, "an object or null", optional=True) is None else read(self.inner(name))

    def digests(self, name: str) -> dict[str, str | None]:
        """An object whose values are sha256 digests or null."""
        found = self.take(name, dict, {}, "an object")
        for key, digest in found.items():
            if digest is not None and not (isinstance(digest, str) and DIGEST.fullmatch(digest)):
                self.note(f"{name}.{key}", f"must be a sha256 digest or null, found {digest!r}")
        return dict(found)

    def each(self, name: str, read: Callable[["Fields"], Any]) -> tuple[Any, ...]:
        """What `read` makes of every object of a list."""
        found = self.take(name, list, [], "a list")
        here = f"{self.path}.{name}".strip(".")
        return tuple(read(Fields(item, f"{here}[{index}]", self.problems)) for index, item in enumerate(found))

    def close(self) -> None:
        """Note every field that nobody asked for."""
        for name in sorted(set(self.value) - self._seen):
            self.note(name, "is not a known field")

    def done(self, what: str) -> None:
        """Raise `ReportError` with all problems found so far, if any. `what` names the document for the reader."""
        if self.problems:
            listed = "\n".join(f"  {problem}" for problem in self.problems)
            raise ReportError(f"{what} has {len(self.problems)} bad field(s):\n{listed}", "Write it with the same version of pytest-smi.")


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "a boolean", int: "a number", float: "a number", type(None): "null"}
    return names.get(type(value), type(value).__name__)
