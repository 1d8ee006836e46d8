"""The JSON Schema of a profile: it says what the reader accepts, and the shipped copy is the generated one."""

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from pytest_smi.errors import ProfileError
from pytest_smi.profiles.load import known_profiles, parse_profile, profile_schema
from tests.support.schemas import descriptions

VALIDATOR = jsonschema.Draft202012Validator(profile_schema())
FULL: dict[str, Any] = yaml.safe_load(known_profiles()["osm"].read_text())


def test_shipped_schema_is_the_generated_one() -> None:
    """After a change: pytest-smi profiles --schema > pytest_smi/profiles/profile.schema.json."""
    shipped = known_profiles()["reference"].parent / "profile.schema.json"

    assert json.loads(shipped.read_text()) == profile_schema()


def test_every_property_is_described() -> None:
    """An editor shows what each field means, in the names that stand in the file."""
    described = dict(descriptions(profile_schema()))

    assert len(described) > 80
    assert {path for path, text in described.items() if not text} == set()


def test_schema_is_one() -> None:
    """It is itself valid."""
    jsonschema.Draft202012Validator.check_schema(profile_schema())


@pytest.mark.parametrize("name", list(known_profiles()))
def test_shipped_profiles_are_valid(name: str) -> None:
    """An editor that uses the schema shows no error in a shipped profile."""
    document = yaml.safe_load(known_profiles()[name].read_text())

    assert [error.message for error in VALIDATOR.iter_errors(document)] == []


STRICTER = ("mesh", "namespace")
"""Workloads that name no namespace are in this one: only the reader sees that it is missing."""


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, item in inner for found in _paths(item, (*path, key)))]


def _put(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    changed = copy.copy(document)
    changed[path[0]] = _put(document[path[0]], path[1:], value)
    return changed


def _accepted(document: Any) -> bool:
    try:
        parse_profile(document)
    except ProfileError:
        return False
    return True


@pytest.mark.parametrize("value", [None, 7, -1, True, "", "x", "v1alpha1", [], ["x"], {}, {"x": "y"}])
def test_schema_and_reader_agree_on_every_field(value: object) -> None:
    """Whatever is put in the place of any value: reader and schema say yes or no together."""
    differing = []
    for path in _paths(FULL):
        document = _put(FULL, path, value)
        if _accepted(document) != VALIDATOR.is_valid(document) and (path != STRICTER or _accepted(document)):
            differing.append((path, _accepted(document)))

    assert differing == []


STORING: dict[str, Any] = {
    "name": "x",
    "provider": "cluster",
    "apis": {"access": ["v1alpha1"]},
    "stored": {"specs": ["v1alpha1"]},
}


@pytest.mark.parametrize("stored", [{}, {"specs": []}, {"specs": ["v1alpha1"]}, {"access": ["v1alpha1"]}, [], "specs"])
@pytest.mark.parametrize(
    "claimed", [(), ("access",), ("split", "specs"), ("specs",), ("metrics",), ("access", "split")]
)
def test_schema_and_reader_agree_on_what_is_stored(claimed: tuple[str, ...], stored: object) -> None:
    """Something claimed must refer to it, and it must not be claimed itself."""
    document = {**STORING, "apis": {api: ["v1alpha1"] for api in claimed}, "stored": stored}

    assert _accepted(document) == VALIDATOR.is_valid(document)


@pytest.mark.parametrize("path", [path for path in _paths(FULL) if path and isinstance(path[-1], str)])
def test_schema_and_reader_agree_on_what_is_required(path: tuple[Any, ...]) -> None:
    """Whichever field is left out: reader and schema say yes or no together."""
    document = copy.deepcopy(FULL)
    holder = document
    for key in path[:-1]:
        holder = holder[key]
    del holder[path[-1]]

    assert _accepted(document) == (VALIDATOR.is_valid(document) and path != STRICTER)


def test_every_field_is_documented() -> None:
    """docs/profiles.md names every field that a profile may have."""
    page = (Path(__file__).parents[2] / "docs" / "profiles.md").read_text()
    schema = profile_schema()
    records = [record for name, record in schema["$defs"].items() if name != "Limits"]
    names = {name for record in (schema, *records) for name in record["properties"]}

    assert {name for name in names if f"`{name}`" not in page} == set()
