"""Every version of every kind: what is written can be read again, and is valid and whole under the definitions
that ship."""

from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_smi.core.terms import VERSIONS
from pytest_smi.smi.crds import RELEASED, definitions, names_of, shipped
from pytest_smi.smi.model import API_OF_KIND, Backend, HTTPRouteGroup, IdentityBinding, SmiObject, TrafficSplit
from pytest_smi.smi.parse import parse
from pytest_smi.smi.render import NotExpressible, render
from pytest_smi.smi.samples import samples
from pytest_smi.smi.specs import HeaderForm
from pytest_smi.smi.structural import dropped, schema_of
from tests.support.smi_records import RECORDS

DEFINITIONS = {definition["spec"]["names"]["kind"]: definition for definition in shipped()}
EVERY = [(api, version) for api in ("access", "specs", "split") for version in VERSIONS[api]]


def rendered(record: SmiObject, number: int, headers: HeaderForm = "list") -> dict[str, Any] | None:
    """The object at v1alpha<number>, or None when it is not expressible there."""
    api, version = API_OF_KIND[type(record)], f"v1alpha{number}"
    try:
        return render(record, {api: version}, headers=headers)
    except NotExpressible as error:
        refusal = str(error)
    assert refusal.startswith(f"not expressible in {api} {version}: ")
    return None


def problems(item: dict[str, Any]) -> list[str]:
    """What the shipped definition has against an object, and what it would drop of it."""
    schema = schema_of(DEFINITIONS[item["kind"]], item["apiVersion"].partition("/")[2])
    assert schema is not None
    return [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(item)] + dropped(
        item, schema
    )


@given(record=RECORDS, number=st.integers(1, 4), headers=st.sampled_from(("list", "map")))
def test_what_is_written_reads_the_same(record: SmiObject, number: int, headers: HeaderForm) -> None:
    """Everything that is expressible in a version comes back from it unchanged, headers in either form."""
    item = rendered(record, number, headers)

    assert item is None or parse(item) == record


@given(record=RECORDS, number=st.integers(1, 4))
def test_what_is_written_is_valid_and_kept_whole(record: SmiObject, number: int) -> None:
    """The definition of that version accepts every rendered object and drops no field of it."""
    item = rendered(record, number)

    assert item is None or problems(item) == []


@pytest.mark.parametrize(("api", "version"), EVERY)
def test_each_version_has_its_kinds(api: str, version: str) -> None:
    """The richest objects of a version cover exactly the kinds that its definitions have."""
    kinds = [item["kind"] for item in samples(api, version)]
    defined = {
        kind
        for kind, item in DEFINITIONS.items()
        if item["spec"]["group"].startswith(f"{api}.") and version in names_of(item)
    }

    assert set(kinds) == defined
    assert len(kinds) == len(defined)


@pytest.mark.parametrize(("api", "version"), EVERY)
def test_older_schemas_drop_what_newer_versions_say(api: str, version: str) -> None:
    """The rich samples see the difference: under the schema of the version before,
    something of them is missing or nothing was added."""
    older = VERSIONS[api][VERSIONS[api].index(version) + 1 :][:1]
    lost = []
    for item in samples(api, version):
        schema = schema_of(DEFINITIONS[item["kind"]], older[0]) if older else None
        lost += dropped(item, schema) if schema is not None else []
    expected = {
        ("access", "v1alpha4"): ["spec.destination.group", "spec.sources[].group"],
        ("access", "v1alpha3"): [],
        ("access", "v1alpha2"): ["spec"],
        ("specs", "v1alpha4"): ["spec.matches"],
        ("specs", "v1alpha3"): ["spec", "spec"],
        ("specs", "v1alpha2"): ["matches[].headers"],
        ("split", "v1alpha4"): [],
        ("split", "v1alpha3"): ["spec.matches"],
        ("split", "v1alpha2"): [],
    }

    assert lost == expected.get((api, version), [])


@pytest.mark.parametrize(
    "item",
    [
        {},
        {
            "apiVersion": "access.smi-spec.io/v1alpha3",
            "kind": "TrafficSplit",
            "metadata": {"name": "a", "namespace": "b"},
        },
        {
            "apiVersion": "split.smi-spec.io/v1beta1",
            "kind": "TrafficSplit",
            "metadata": {"name": "a", "namespace": "b"},
        },
        {"apiVersion": "split.smi-spec.io/v1alpha4", "kind": "TrafficSplit", "metadata": {"name": "a"}},
    ],
)
def test_other_objects_are_refused(item: dict[str, Any]) -> None:
    """What is no SMI object of a known version is a ValueError, not a guess."""
    with pytest.raises(ValueError, match=r"must be|no kind"):
        parse(item)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (
            {"service": "s", "backends": [{"service": "b", "weight": 0.5}]},
            r"spec.backends\[0\].weight must be a whole number",
        ),
        ({"service": "s", "backends": [{"service": 7, "weight": 1}]}, r"spec.backends\[0\].service must be text"),
        ({"service": "s", "backends": "b"}, "spec.backends must be a list"),
    ],
)
def test_bad_field_is_named_by_its_path(spec: dict[str, Any], said: str) -> None:
    """Whoever wrote the object finds the place."""
    meta = {"name": "a", "namespace": "b"}

    with pytest.raises(ValueError, match=said):
        parse({"apiVersion": "split.smi-spec.io/v1alpha4", "kind": "TrafficSplit", "metadata": meta, "spec": spec})


def test_a_binding_is_never_read_wider_than_it_is() -> None:
    """A selector with conditions that are not understood is refused, and not read without them."""
    selector: dict[str, Any] = {
        "matchLabels": {"app": "a"},
        "matchExpressions": [{"key": "tier", "operator": "Exists"}],
    }
    binding = {
        "apiVersion": "access.smi-spec.io/v1alpha4",
        "kind": "IdentityBinding",
        "metadata": {"name": "a", "namespace": "b"},
        "spec": {"schemes": {"podLabelSelector": selector}},
    }
    with pytest.raises(ValueError, match=r"podLabelSelector\.matchExpressions is not understood here"):
        parse(binding)
    del selector["matchExpressions"]
    assert isinstance(parse(binding), IdentityBinding)


def test_any_legal_quantity_is_read() -> None:
    """Other writers of v1alpha1 use every form that Kubernetes takes."""
    backends = [{"service": f"b{i}", "weight": weight} for i, weight in enumerate(("500m", "1", 2, "1e1", "1Ki"))]
    meta = {"name": "a", "namespace": "b"}
    item = {"apiVersion": "split.smi-spec.io/v1alpha1", "kind": "TrafficSplit", "metadata": meta}

    split = parse({**item, "spec": {"service": "s", "backends": backends}})

    assert isinstance(split, TrafficSplit)
    assert [float(backend.weight) for backend in split.backends] == [0.5, 1, 2, 10, 1024]


def test_field_of_another_version_is_left_aside() -> None:
    """A group written with the fields of v1alpha2 has no routes for a reader of v1alpha4,
    as published definitions have it."""
    meta = {"name": "a", "namespace": "b"}
    group = parse(
        {
            "apiVersion": "specs.smi-spec.io/v1alpha4",
            "kind": "HTTPRouteGroup",
            "metadata": meta,
            "matches": [{"name": "m"}],
        }
    )

    assert group == HTTPRouteGroup(name="a", namespace="b", matches=())


def test_weights_beyond_quantities_are_not_expressible() -> None:
    """Nothing is rounded on the way."""
    split = TrafficSplit(name="s", namespace="n", service="r", backends=(Backend(service="b", weight=2**63),))

    with pytest.raises(NotExpressible, match="not expressible in split v1alpha1: a quantity of at most"):
        render(split, {"split": "v1alpha1"})


def test_record_of_an_api_that_is_not_tested() -> None:
    """A mesh without specs has no route groups: the requirement is unsupported, not an error of the suite."""
    with pytest.raises(NotExpressible, match="no version of specs is tested"):
        render(HTTPRouteGroup(name="g", namespace="n", matches=()), {"split": "v1alpha2"})


def test_released_definitions_are_the_default() -> None:
    """Without a choice: the five kinds of the last release, one version each, served and stored."""
    cut = definitions()

    assert [item["spec"]["names"]["kind"] for item in cut] == [
        "HTTPRouteGroup",
        "TCPRoute",
        "TrafficSplit",
        "TrafficTarget",
        "UDPRoute",
    ]
    assert all(
        [v["name"] for v in item["spec"]["versions"]] == list(RELEASED[item["spec"]["group"].split(".")[0]])
        for item in cut
    )
