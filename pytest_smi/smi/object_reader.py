"""Read a Kubernetes object's fields by type; what is not as it must be is a ValueError with the dotted path. Pure."""

from __future__ import annotations

from typing import Any


class Reader:
    """One mapping of an object, at a path such as `spec.destination`."""

    def __init__(self, value: Any, path: str = "") -> None:
        if not isinstance(value, dict):
            raise ValueError(f"{path or 'the object'} must be a mapping, found {value!r}")
        self.value: dict[str, Any] = value
        self.path = path

    def has(self, name: str) -> bool:
        """Return whether the field is there and not null."""
        return self.value.get(name) is not None

    def inner(self, name: str) -> Reader:
        """Return the mapping under a name; one that is left out is empty."""
        value = self.value.get(name)
        return Reader({} if value is None else value, self._at(name))

    def text(self, name: str) -> str:
        """Return a text that must be there."""
        text: str = self._typed(name, self.value.get(name), str, "text")
        return text

    def optional_text(self, name: str) -> str | None:
        """Return a text, or None when it is left out."""
        return self.text(name) if self.has(name) else None

    def optional_number(self, name: str) -> int | None:
        """Return a whole number, or None when it is left out."""
        return whole_number(self.value[name], self._at(name)) if self.has(name) else None

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of texts; one that is left out is empty."""
        return tuple(self._typed(f"{name}[{i}]", item, str, "text") for i, item in enumerate(self.items(name)))

    def numbers(self, name: str) -> tuple[int, ...]:
        """Return a list of whole numbers; one that is left out is empty."""
        return tuple(whole_number(item, self._at(f"{name}[{i}]")) for i, item in enumerate(self.items(name)))

    def each(self, name: str) -> list[Reader]:
        """Return a list of mappings; one that is left out is empty."""
        return [Reader(item, self._at(f"{name}[{i}]")) for i, item in enumerate(self.items(name))]

    def items(self, name: str) -> list[Any]:
        """Return a list of anything; one that is left out is empty."""
        items: list[Any] = self._typed(name, self.value.get(name) if self.has(name) else [], list, "a list")
        return items

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Return all fields of this mapping, each of which must be text."""
        return tuple((name, self.text(name)) for name in self.value)

    def _typed(self, name: str, value: Any, kind: type, words: str) -> Any:
        if not isinstance(value, kind):
            raise ValueError(f"{self._at(name)} must be {words}, found {value!r}")
        return value

    def _at(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name


def whole_number(value: Any, path: str) -> int:
    """Return a JSON number that is whole; 80.0 is, as Kubernetes reads it."""
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or (isinstance(value, float) and not value.is_integer())
    ):
        raise ValueError(f"{path} must be a whole number, found {value!r}")
    return int(value)
