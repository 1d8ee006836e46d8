"""The form of a profile: reads a parsed document into a Profile, strictly, writes it back,
and gives its JSON Schema."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

from pytest_smi.core.catalogue import load
from pytest_smi.core.document import Fault, Form, Schema, told
from pytest_smi.core.uris import PROFILE_SCHEMA
from pytest_smi.errors import ProfileError
from pytest_smi.profiles.record import Profile
from pytest_smi.profiles.rules import contradictions, unknown_requirements
from pytest_smi.profiles.terms import MEANINGS
from pytest_smi.smi.versions import REFERRED

_DEEPEST = 20
_MOST_VALUES = 10_000
_LARGEST = 10**100
_FORM = Form(Profile, MEANINGS)


def parse_profile(document: Any, *, origin: str = "profile") -> Profile:
    """Turn a parsed YAML document into a Profile. Raises ProfileError naming every bad field, one per line."""
    found: list[Fault] = []
    document = _plain(document, "", found, [0])
    profile, faults = _FORM.read(document)
    found += faults
    found += contradictions(document)
    found += unknown_requirements(document, _requirements)
    by_path: dict[str, str] = {}
    for path, text in found:  # a field is blamed once
        by_path.setdefault(path, text)
    if profile is None or by_path:
        listed = "\n  ".join(told(by_path.items()))
        raise ProfileError(f"{origin} has {len(by_path)} bad field(s):\n  {listed}", hint="correct them and run again")
    return profile


def profile_document(profile: Profile) -> dict[str, Any]:
    """Return a document of built-in types that `parse_profile` reads as an equal profile, every field of it."""
    return _FORM.write(profile)


def profile_schema() -> Schema:
    """Return the JSON Schema (2020-12) of a profile document.

    The reader is stricter in what a schema cannot say: see `rules`.
    """
    schema = _FORM.schema
    for limit in schema["$defs"]["Limits"]["properties"].values():
        limit["exclusiveMinimum"] = 0
    for remarks in ("sources", "unverified"):
        schema["properties"][remarks]["propertyNames"] = {"pattern": f"^({'|'.join(schema['properties'])})([.\\[]|$)"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": PROFILE_SCHEMA,
        "title": "Profile of a service mesh, for pytest-smi",
        **schema,
        "oneOf": [
            {
                "required": ["apis"],
                "properties": {"apis": {"minProperties": 1}, "claimsNothing": {"pattern": r"^\s*$"}},
            },
            {
                "required": ["claimsNothing"],
                "properties": {"apis": {"maxProperties": 0}, "claimsNothing": {"pattern": r"\S"}},
            },
        ],
        "allOf": [
            {
                "if": {"required": ["stored"], "properties": {"stored": {"required": [api]}}},
                "then": {
                    "required": ["apis"],
                    "properties": {
                        "apis": {"not": {"required": [api]}, "anyOf": [{"required": [other]} for other in referring]}
                    },
                },
            }
            for api, referring in REFERRED.items()
        ],
    }


@cache
def _requirements() -> tuple[str, ...]:
    return tuple(record.requirement for record in load())


def _plain(value: Any, path: str, faults: list[Fault], seen: list[int]) -> Any:
    """Return the value as JSON could hold it: YAML and Python have dates, sets, aliases of aliases and keys of any
    type."""
    seen[0] += 1
    if seen[0] > _MOST_VALUES or path.count(".") + path.count("[") > _DEEPEST:
        raise ProfileError(
            f"a profile is a small document; this one is nested too deeply or has more than {_MOST_VALUES} values"
        )
    if isinstance(value, dict):
        odd = {
            key: why
            for key in value
            if (why := _odd(key) if isinstance(key, str) else f"found {key!r} (put it into quotes)")
        }
        faults += [(path, f"must have names that are strings, {why}") for why in odd.values()]
        return {
            key: _plain(inner, f"{path}.{key}".lstrip("."), faults, seen)
            for key, inner in value.items()
            if key not in odd
        }
    if isinstance(value, list | tuple):
        return [_plain(inner, f"{path}[{index}]", faults, seen) for index, inner in enumerate(value)]
    if why := _odd(value):
        faults.append((path, f"must be a string, a number, true or false, {why}"))
        return ""
    return value


def _odd(value: object) -> str:
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return "found half of a surrogate pair"
    elif isinstance(value, float):
        return "" if math.isfinite(value) else f"found {value}"
    elif isinstance(value, int):
        return "" if abs(value) < _LARGEST else "found a number of hundreds of digits"
    elif value is not None:
        return f"found {str(value)[:60]} (put it into quotes)"
    return ""
