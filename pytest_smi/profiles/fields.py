"""Reads typed values out of a parsed YAML document and collects one line, with the dotted path, per bad field. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from pytest_smi.profiles.record import Scalar


class Fields:
    """A mapping of the document at a dotted path. Readers return a harmless value for a bad field and note the fault."""

    def __init__(self, faults: list[str], path: str, value: Any, allowed: Sequence[str]) -> None:
        self.faults, self.path = faults, path
        self.values = mapping(faults, path, value)
        for key in sorted(set(self.values) - set(allowed)):
            note(faults, self.at(key), f"is not a field{did_you_mean(key, allowed)}; known are {', '.join(sorted(allowed))}")

    def at(self, key: str) -> str:
        """Return the dotted path of a field."""
        return f"{self.path}.{key}" if self.path else key

    def fault(self, key: str, text: str) -> None:
        """Note what is wrong with a field."""
        note(self.faults, self.at(key), text)

    def within(self, key: str, allowed: Sequence[str]) -> Fields:
        """Return a nested mapping; empty when the field is absent."""
        return Fields(self.faults, self.at(key), self.values.get(key, {}), allowed)

    def items(self, key: str, allowed: Sequence[str]) -> list[Fields]:
        """Return a list of mappings."""
        return [
            Fields(self.faults, f"{self.at(key)}[{i}]", item, allowed)
            for i, item in enumerate(sequence(self.faults, self.at(key), self.values.get(key, [])))
        ]

    def string(self, key: str, default: str | None = None, *, pattern: str = "", meaning: str = "") -> str:
        """Return a string; without a default it must be there and not be empty. `pattern` must match it whole, unless it is empty."""
        if key not in self.values:
            if default is None:
                self.fault(key, "is missing")
            return default or ""
        value = string(self.faults, self.at(key), self.values[key])
        if default is None and isinstance(self.values[key], str) and not value.strip():
            self.fault(key, "must not be empty")
        elif value and pattern and not re.fullmatch(pattern, value):
            self.fault(key, f"must be {meaning}, found {value!r}")
        return value

    def choice(self, key: str, known: Sequence[str], default: str | None = None) -> str:
        """Return one of the known strings."""
        value = self.string(key, default)
        return value if value == default or one_of(self.faults, self.at(key), value, known) else ""

    def strings(self, key: str) -> tuple[str, ...]:
        """Return a list of strings; empty when the field is absent."""
        return strings(self.faults, self.at(key), self.values.get(key, []))

    def choices(self, key: str, known: Sequence[str]) -> tuple[str, ...]:
        """Return a list of known strings."""
        return tuple(v for i, v in enumerate(self.strings(key)) if one_of(self.faults, f"{self.at(key)}[{i}]", v, known))

    def texts(self, key: str) -> dict[str, str]:
        """Return a mapping of strings to strings; empty when the field is absent."""
        path = self.at(key)
        return {k: string(self.faults, f"{path}.{k}", v) for k, v in mapping(self.faults, path, self.values.get(key, {})).items()}

    def truth(self, key: str) -> bool:
        """Return true or false; false when the field is absent."""
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            self.fault(key, f"must be true or false, found {value!r}")
            return False
        return value

    def number(self, key: str) -> float:
        """Return a number of at least 0; 0 when the field is absent."""
        value = self.values.get(key, 0)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
            self.fault(key, f"must be a number of at least 0, found {value!r}")
            return 0.0
        return float(value)

    def numbers(self, key: str) -> dict[str, float]:
        """Return a mapping of names to numbers above 0."""
        numbers = {}
        for name, number in mapping(self.faults, self.at(key), self.values.get(key, {})).items():
            if isinstance(number, bool) or not isinstance(number, int | float) or not 0 < number < float("inf"):
                note(self.faults, f"{self.at(key)}.{name}", f"must be a number above 0, found {number!r}")
            else:
                numbers[name] = number
        return numbers

    def scalar(self, key: str, *, required: bool = False) -> Scalar | None:
        """Return a string, number or truth value, or None when the field is absent."""
        if key not in self.values:
            if required:
                self.fault(key, "is missing")
            return None
        value = self.values[key]
        if not isinstance(value, str | bool | int | float):
            self.fault(key, f"must be a string, a number, true or false, found {value!r}")
            return None
        return value


def note(faults: list[str], path: str, text: str) -> None:
    """Note a fault of the field at `path`."""
    faults.append(f"{path or 'document'}: {text}")


def mapping(faults: list[str], path: str, value: Any) -> dict[str, Any]:
    """Return `value` when it is a mapping with string keys, else an empty one and a fault."""
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return value
    note(faults, path, f"must be a mapping, found {value!r}")
    return {}


def sequence(faults: list[str], path: str, value: Any) -> list[Any]:
    """Return `value` when it is a list, else an empty one and a fault."""
    if isinstance(value, list):
        return value
    note(faults, path, f"must be a list, found {value!r}")
    return []


def string(faults: list[str], path: str, value: Any) -> str:
    """Return `value` when it is a string, else an empty one and a fault."""
    if isinstance(value, str):
        return value
    note(faults, path, f"must be a string, found {value!r}" + (" (put it into quotes)" if isinstance(value, int | float) else ""))
    return ""


def strings(faults: list[str], path: str, value: Any) -> tuple[str, ...]:
    """Return the strings of a list; an item that is none is a fault."""
    return tuple(string(faults, f"{path}[{i}]", item) for i, item in enumerate(sequence(faults, path, value)))


def one_of(faults: list[str], path: str, value: str, known: Sequence[str]) -> bool:
    """Tell whether `value` is known; an unknown one is a fault that lists the known ones."""
    if value not in known and not any(fault.startswith(f"{path}: ") for fault in faults):  # a field is blamed once
        note(faults, path, f"must be one of {', '.join(known)}, found {value!r}{did_you_mean(value, known)}")
    return value in known


def did_you_mean(value: str, known: Sequence[str] | Mapping[str, object]) -> str:
    """Return ` (did you mean 'X'?)` for a near miss, else an empty string."""
    near = get_close_matches(value, list(known), n=1, cutoff=0.7)
    return f" (did you mean {near[0]!r}?)" if near else ""
