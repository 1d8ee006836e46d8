"""Personas are strictly loaded data, and every switch they turn on exists and does something."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from pytest_smi.reference import mesh
from pytest_smi.reference.kube import crds
from pytest_smi.reference.mesh.faults import DEVIATIONS, FAULTS
from pytest_smi.reference.mesh.images import images_of
from pytest_smi.reference.mesh.personas import PersonaError, find_persona, persona_names
from pytest_smi.reference.mesh.personas.install import objects_of
from pytest_smi.reference.mesh.personas.load import parse_persona
from pytest_smi.reference.node import manifests
from pytest_smi.reference.node.images import image_from_spec

FOLDER = Path(mesh.__file__).parent
BASE = [thing for file in sorted((FOLDER / "manifests").glob("*.yaml")) for thing in manifests.load(file)]
MINIMAL: dict[str, Any] = {
    "name": "m",
    "title": "M",
    "description": "d",
    "namespace": "m-system",
    "workloads": [{"name": "c", "image": "m/c:1", "acts": True}],
    "serves": {"trafficsplits": {"versions": ["v1alpha2", "v1alpha1"]}},
}


def test_the_smallest_persona_is_read() -> None:
    """The first version is stored unless the file says otherwise, and nothing deviates."""
    persona = parse_persona(MINIMAL)
    assert persona.serves["trafficsplits"].storage == "v1alpha2"
    assert persona.control_plane.namespace == "m-system"
    assert not persona.deviations


def test_every_bad_field_is_reported_at_once_with_its_path() -> None:
    """One error tells all of them."""
    bad = copy.deepcopy(MINIMAL) | {
        "deviations": {"nonsense": "x"},
        "colour": "red",
        "pace": {"quiet": -1},
        "metrics": "yes",
    }
    bad["serves"]["trafficsplits"]["versions"] = ["v1alpha9"]
    bad["workloads"][0]["kind"] = "Pod"
    with pytest.raises(PersonaError) as told:
        parse_persona(bad, origin="m.yaml")
    for field in (
        "colour",
        "deviations.nonsense",
        "pace.quiet",
        "metrics",
        "serves.trafficsplits.versions[0]",
        "workloads[0].kind",
    ):
        assert f"{field}:" in str(told.value)
    assert "m.yaml has 6 bad field(s)" in str(told.value)


@pytest.mark.parametrize("acting", [0, 2])
def test_exactly_one_workload_acts(acting: int) -> None:
    """Without a control plane there is no mesh, and two would fight."""
    workloads = [{"name": f"c{i}", "image": "m/c:1", "acts": i < acting} for i in range(2)]
    with pytest.raises(PersonaError, match="exactly one"):
        parse_persona(MINIMAL | {"workloads": workloads})


def test_an_unknown_persona_is_refused_with_the_known_ones() -> None:
    """The message says what was meant and what there is."""
    with pytest.raises(PersonaError, match=r"did you mean osm.*traefik-mesh"):
        find_persona("oms")


def test_a_persona_at_the_pace_of_its_mesh() -> None:
    """`NAME@1` differs in pace alone, and the control plane is told so."""
    quick, real = find_persona("osm"), find_persona("osm@1")
    assert real == replace(quick, pace=replace(quick.pace, scale=1.0))
    assert (quick.spelled, real.spelled) == ("osm", "osm@1")
    assert find_persona(real.spelled) == real


@pytest.mark.parametrize("scale", ["", "0", "-1", "x", "nan", "inf", "11"])
def test_a_pace_that_cannot_be_meant_is_refused(scale: str) -> None:
    """With what it may be."""
    with pytest.raises(PersonaError, match="a number above 0 and at most 10"):
        find_persona(f"osm@{scale}")


@pytest.mark.parametrize("name", persona_names())
def test_every_persona_can_be_installed(name: str) -> None:
    """Its definitions are valid, its objects lie in its namespaces, and every image that they name exists."""
    persona = find_persona(name)
    assert persona.name == name
    objects = objects_of(persona, BASE)
    definitions = [thing for thing in objects if thing["kind"] == "CustomResourceDefinition"]
    assert not [fault for thing in definitions for fault in crds.validate(thing)]
    images = images_of(persona)
    for reference, spec in images.items():
        assert image_from_spec(reference, spec).executables
    workloads = [thing for thing in objects if thing["kind"] in ("Deployment", "DaemonSet")]
    assert {thing["metadata"]["name"] for thing in workloads} == {workload.name for workload in persona.workloads}
    for thing in workloads:
        container = thing["spec"]["template"]["spec"]["containers"][0]
        assert set(container["command"]) <= images[container["image"]]["executables"].keys()
    if persona.namespace != "smi-reference":
        assert "namespace: smi-reference\n" not in yaml.safe_dump_all(objects)


@pytest.mark.parametrize("name", persona_names())
def test_a_persona_serves_what_it_says(name: str) -> None:
    """The versions of its definitions are served, stored and listed as the record says,
    and there is no other definition of SMI."""
    persona = find_persona(name)
    found = {
        thing["spec"]["names"]["plural"]: {
            version["name"]: (version["served"], version["storage"]) for version in thing["spec"]["versions"]
        }
        for thing in objects_of(persona, BASE)
        if thing["kind"] == "CustomResourceDefinition" and thing["spec"]["group"].endswith("smi-spec.io")
    }
    assert found == {
        plural: {v: (v in serving.versions, v == serving.storage) for v in (*serving.versions, *serving.listed)}
        for plural, serving in persona.serves.items()
    }
    registered = [thing for thing in objects_of(persona, BASE) if thing["kind"] == "APIService"]
    assert bool(registered) is persona.metrics


def test_every_deviation_is_used_by_a_persona() -> None:
    """There is none that no mesh has."""
    used = {switch for name in persona_names() for switch in find_persona(name).deviations}
    assert DEVIATIONS.keys() <= used


def test_deviations_and_faults_share_no_name() -> None:
    """They travel in one set of switches."""
    assert not DEVIATIONS.keys() & FAULTS.keys()


def test_the_reference_itself_deviates_in_nothing() -> None:
    """Reading every version is no deviation."""
    assert not find_persona("all-versions").deviations
