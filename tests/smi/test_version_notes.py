"""What is told of definitions that serve several versions and convert none, and the form of header filters."""

from typing import Any

import pytest

from pytest_smi.smi.conversion_notes import header_form, version_notes
from pytest_smi.smi.crds import definitions, shipped


def specs_of(serve: dict[str, list[str]], storage: dict[str, str] | None = None, **changes: Any) -> dict[str, Any]:
    """Name → spec of definitions that serve these versions."""
    return {item["metadata"]["name"]: {**item["spec"], **changes} for item in definitions(serve, storage=storage)}


def test_single_version_needs_no_note() -> None:
    """What is written is what is read."""
    assert version_notes(specs_of({"split": ["v1alpha2"]}), {"split": "v1alpha2"}) == ()


def test_version_that_is_stored_as_another_is_told() -> None:
    """As one mesh has it: v1alpha1 stored, v1alpha2 served too, and fractions are no matter of v1alpha2."""
    served = specs_of({"split": ["v1alpha1", "v1alpha2"]}, {"split": "v1alpha1"})

    assert version_notes(served, {"split": "v1alpha2"}) == (
        "trafficsplits.split.smi-spec.io stores v1alpha2, the version tested, as v1alpha1 without conversion, "
        "and drops nothing",
    )
    assert version_notes(served, {"split": "v1alpha1"}) == ()


def test_fields_that_the_stored_version_drops_are_named() -> None:
    """A mesh that watches the stored version never sees them."""
    served = specs_of({"split": ["v1alpha2", "v1alpha4"]}, {"split": "v1alpha2"})

    assert version_notes(served, {"split": "v1alpha4"}) == (
        "trafficsplits.split.smi-spec.io stores v1alpha4, the version tested, as v1alpha2 without conversion, "
        "and drops spec.matches",
    )


def test_webhook_converts() -> None:
    """Then nothing is lost for want of conversion."""
    served = specs_of({"split": ["v1alpha2", "v1alpha4"]}, {"split": "v1alpha2"}, conversion={"strategy": "Webhook"})

    assert version_notes(served, {"split": "v1alpha4"}) == ()


def test_schema_that_lacks_a_field_of_its_own_version_is_told() -> None:
    """Meshes have their own copies of the definitions."""
    served = specs_of({"split": ["v1alpha4"]})
    fields = served["trafficsplits.split.smi-spec.io"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"][
        "spec"
    ]["properties"]
    del fields["matches"]

    assert version_notes(served, {"split": "v1alpha4"}) == (
        "trafficsplits.split.smi-spec.io drops spec.matches of v1alpha4, which the specification has",
    )


def test_kind_that_lacks_the_version_of_its_group_is_told() -> None:
    """A group is served in a version as soon as one of its kinds is."""
    served = specs_of({"specs": ["v1alpha4"]})
    served["tcproutes.specs.smi-spec.io"]["versions"][0]["name"] = "v1alpha3"

    assert version_notes(served, {"specs": "v1alpha4"}) == (
        "tcproutes.specs.smi-spec.io does not serve v1alpha4, but v1alpha3: no TCPRoute can be written",
    )


def test_kind_that_the_version_does_not_have_is_no_matter() -> None:
    """There is no UDPRoute before v1alpha4, whatever is served of it."""
    served = specs_of({"specs": ["v1alpha3", "v1alpha4"]}, {"specs": "v1alpha3"})

    assert version_notes(served, {"specs": "v1alpha3"}) == ()


@pytest.mark.parametrize("version", ["v1alpha2", "v1alpha3", "v1alpha4"])
def test_form_of_headers_follows_the_definition(version: str) -> None:
    """The published one takes a list; one made after the later text of the specification takes a map."""
    everything = {item["metadata"]["name"]: item["spec"] for item in shipped()}
    assert header_form(everything, {"specs": version}) == "list"

    found = next(v for v in everything["httproutegroups.specs.smi-spec.io"]["versions"] if v["name"] == version)
    schema = found["schema"]["openAPIV3Schema"]
    matches = (schema["properties"].get("spec") or schema)["properties"]["matches"]
    matches["items"]["properties"]["headers"] = {"type": "object", "additionalProperties": {"type": "string"}}

    assert header_form(everything, {"specs": version}) == "map"


def test_form_of_headers_without_permission_to_read_definitions() -> None:
    """The list is what every published definition takes."""
    assert header_form({}, {"specs": "v1alpha4"}) == "list"
