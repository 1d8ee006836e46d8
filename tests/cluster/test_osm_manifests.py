"""The objects of Open Service Mesh: complete, consistent with each other,
and true to what the suite's profile insists on."""

from __future__ import annotations

import json
import re

from pytest_smi.profiles.load import load_profile
from tests.cluster.layout import GO
from tests.cluster.osm import manifests, programs, sidecar

VERSION = "v1.2.4"
FIRST = manifests.first(version=VERSION)
CONTROL = manifests.control_plane(version=VERSION, envoy="envoyproxy/envoy:v1.36.2", init="openservicemesh/init:v1.2.4")
OBJECTS = [*FIRST, *CONTROL]
DEPLOYMENTS = {each["metadata"]["name"]: each for each in OBJECTS if each["kind"] == "Deployment"}
CONTAINERS = {name: each["spec"]["template"]["spec"]["containers"][0] for name, each in DEPLOYMENTS.items()}


def test_access_control_can_be_tested() -> None:
    """Permissive mode and egress, which the chart has on, are off; so is the filter that the module lacks."""
    spec = manifests.config()["spec"]
    assert not spec["traffic"]["enablePermissiveTrafficPolicyMode"]
    assert not spec["traffic"]["enableEgress"]
    assert not spec["featureFlags"]["enableWASMStats"]


def test_preset_is_the_configuration_that_is_applied() -> None:
    """osm-bootstrap makes of the preset what a later `mesh-up` brings back."""
    (preset,) = [each for each in FIRST if each["kind"] == "ConfigMap"]
    assert json.loads(preset["data"]["preset-mesh-config.json"]) == manifests.config()["spec"]


def test_workloads_are_those_that_the_profile_knows() -> None:
    """The suite looks for these deployments, and reads the mesh's version from a label of the controller."""
    assert {f"deployment/{name}" for name in DEPLOYMENTS} == set(load_profile("osm").mesh.workloads)
    assert {each["metadata"]["labels"]["app.kubernetes.io/version"] for each in DEPLOYMENTS.values()} == {VERSION}


def test_nothing_is_left_open() -> None:
    """Every placeholder is filled in, and each program has the image of its own name."""
    assert "$" not in json.dumps(OBJECTS)
    assert {name: each["image"] for name, each in CONTAINERS.items()} == {
        name: f"openservicemesh/{name}:{VERSION}" for name in CONTAINERS
    }


def test_injector_is_told_the_images_that_are_built() -> None:
    """What pods get is the pinned Envoy and the init container of the same release,
    both with a tag that containerd has."""
    told = {each["name"]: each.get("value") for each in CONTAINERS["osm-injector"]["env"]}
    assert told["OSM_DEFAULT_ENVOY_IMAGE"] == "envoyproxy/envoy:v1.36.2" == sidecar.envoy_image()
    assert told["OSM_DEFAULT_INIT_CONTAINER_IMAGE"] == sidecar.init_image(VERSION)


def test_services_lead_to_ports_that_the_programs_have() -> None:
    """The names by which proxies and API server call the control plane select its pods."""
    services = {each["metadata"]["name"]: each["spec"] for each in OBJECTS if each["kind"] == "Service"}
    assert services.keys() == {"osm-controller", "osm-validator", "osm-injector"}
    for name, spec in services.items():
        pods = [
            each
            for each in DEPLOYMENTS.values()
            if each["spec"]["template"]["metadata"]["labels"].items() >= spec["selector"].items()
        ]
        assert len(pods) == 1, name


def test_no_container_has_more_rights_than_it_needs() -> None:
    """Every program is unprivileged, without capabilities, on a read-only root."""
    assert len(CONTAINERS) == 3
    for container in CONTAINERS.values():
        context = container["securityContext"]
        assert context == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def test_what_is_cluster_wide_is_found_by_its_label() -> None:
    """`mesh-down` removes by the label that the mesh's own kinds and webhooks carry,
    so the rights must carry it too."""
    key, value = manifests.LABEL.split("=")
    cluster_wide = [each for each in OBJECTS if each["kind"] in ("ClusterRole", "ClusterRoleBinding")]
    assert len(cluster_wide) == 2
    assert all(each["metadata"]["labels"][key] == value for each in cluster_wide)


def test_pins() -> None:
    """The module is pinned at 1.2.4 without replacements, Envoy by the hash of one file per processor."""
    assert programs.version() == VERSION
    assert "replace" not in (GO / "osm" / "go.mod").read_text().split("require", 1)[1]
    pins = sidecar.PINS.read_text()
    assert sidecar.envoy_version() == "v1.36.2"
    assert len(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", pins)) == 2
