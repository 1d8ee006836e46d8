"""The objects of Traefik Mesh: complete, consistent with each other, and true to what the mesh insists on."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cluster.go_build import pinned
from tests.cluster.layout import GO
from tests.cluster.traefik_mesh import manifests

OBJECTS = manifests.mesh(controller="v1.4.8", proxy="v2.8.8")
CONTAINERS = [
    container
    for each in OBJECTS
    if each["kind"] in ("Deployment", "DaemonSet")
    for container in [
        *each["spec"]["template"]["spec"].get("initContainers", []),
        *each["spec"]["template"]["spec"]["containers"],
    ]
]


def of_kind(kind: str) -> list[dict[str, Any]]:
    return [each for each in OBJECTS if each["kind"] == kind]


def test_smi_kinds_serve_one_version_each() -> None:
    """Each kind is served and stored in exactly the version that the controller looks for."""
    found = {each["spec"]["names"]["plural"]: each["spec"]["versions"] for each in manifests.crds()}
    assert {plural: [version["name"] for version in versions] for plural, versions in found.items()} == {
        plural: [version] for plural, version in manifests.SMI_VERSIONS.items()
    }
    assert all(version["served"] and version["storage"] for versions in found.values() for version in versions)


def test_smi_kinds_are_known_to_be_this_meshs() -> None:
    """`mesh-down` removes by a label: kinds of the same names may be another mesh's."""
    key, value = manifests.LABEL.split("=")
    assert {each["metadata"]["labels"][key] for each in manifests.crds()} == {value}


def test_unknown_version_of_a_kind_is_refused() -> None:
    """A definition that lacks the version is not served in another."""
    definition = manifests.crds()[0]
    with pytest.raises(ValueError, match="must describe v9"):
        manifests.serve_only(definition, "v9")


def test_proxies_open_every_port_that_the_controller_may_hand_out() -> None:
    """The numbers of entry points are the controller's limits, and each has an address of its own."""
    (controller,) = of_kind("Deployment")
    limits = manifests.port_limits(controller["spec"]["template"]["spec"]["containers"][0]["args"])
    (proxy,) = of_kind("DaemonSet")
    addresses = [each for each in proxy["spec"]["template"]["spec"]["containers"][0]["args"] if ".address=" in each]
    assert len(addresses) == len(set(addresses)) == sum(limits.values()) + 2
    assert f"--entryPoints.tcp-{10000 + limits['TCP'] - 1}.address=:{10000 + limits['TCP'] - 1}" in addresses
    assert f"--entryPoints.udp-15000.address=:{15000}/udp" in addresses


def test_missing_limit_is_an_error() -> None:
    """A limit that the controller is not told would be its default, which the proxies do not know of."""
    with pytest.raises(ValueError, match="--limitTCPPort; found 0"):
        manifests.port_limits(["--limitHTTPPort=10", "--limitUDPPort=1"])


def test_access_control_is_on_in_preparation_and_controller() -> None:
    """Both the check of the SMI kinds and the controller run with --acl."""
    mesh = [each for each in CONTAINERS if each["image"].startswith("traefik/mesh:")]
    assert len(mesh) == 2
    assert all("--acl" in each["args"] for each in mesh)


def test_images_have_the_versions_given() -> None:
    """Tags are filled in everywhere; the suite reads the mesh's version from them."""
    assert {each["image"] for each in CONTAINERS} == {"traefik/mesh:v1.4.8", "traefik:v2.8.8"}


def test_pins_are_those_of_the_modules() -> None:
    """The modules pin Traefik Mesh 1.4.8, and the newest Traefik of the line that it was released with."""
    assert pinned(GO / "traefik-mesh", "github.com/traefik/mesh") == "v1.4.8"
    assert pinned(GO / "traefik", "github.com/traefik/traefik/v2").startswith("v2.8.")


def test_no_container_has_more_rights_than_it_needs() -> None:
    """Every container is unprivileged, without capabilities, on a read-only root."""
    for container in CONTAINERS:
        context = container["securityContext"]
        assert context == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def test_roles_are_bound_to_the_controller_alone() -> None:
    """The proxies have no permission at all."""
    bindings = [*of_kind("RoleBinding"), *of_kind("ClusterRoleBinding")]
    assert {subject["name"] for binding in bindings for subject in binding["subjects"]} == {"traefik-mesh-controller"}
