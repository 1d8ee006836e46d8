"""Before anything is deployed: reach the cluster, read versions, negotiate the APIs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_smi.canonical import canonical_bytes, sha256_hex
from pytest_smi.cluster.connection import Connection
from pytest_smi.cluster.objects import Objects, collection
from pytest_smi.cluster.pods import container_images
from pytest_smi.errors import ClusterError
from pytest_smi.profile import Profile
from pytest_smi.smi.render import GROUPS, RENDERED


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What the cluster and the mesh are."""

    kubernetes: str
    mesh_version: str
    images: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)
    crds: Mapping[str, str] = field(default_factory=dict)
    """Name of each SMI resource definition → sha256 of its spec in canonical JSON; empty when they may not be read."""


def negotiate(claimed: Mapping[str, Sequence[str]], served: Mapping[str, Sequence[str]]) -> tuple[dict[str, str], dict[str, str]]:
    """Choose a version per API: claimed by the profile, served by the cluster and known here; newest first. Pure.

    Returns the chosen versions, and for every other API the reason why it is not tested.
    """
    chosen: dict[str, str] = {}
    absent: dict[str, str] = {}
    for api in GROUPS:
        ours, theirs = claimed.get(api, ()), served.get(api, ())
        common = [version for version in ours if version in theirs and version in RENDERED[api]]
        if common:
            chosen[api] = common[0]
        elif not ours:
            absent[api] = "the mesh's profile does not claim it"
        elif not theirs:
            absent[api] = f"the cluster does not serve {GROUPS[api]}"
        else:
            absent[api] = f"claimed {', '.join(ours)}, served {', '.join(theirs)}, known here {', '.join(RENDERED[api])}: none in common"
    return chosen, absent


def inspect(connection: Connection, profile: Profile) -> Findings:
    """Ask the cluster; raises ClusterError when it cannot be reached or the mesh's control plane is not ready."""
    version = connection.request("GET", "/version")
    if not version.ok:
        raise ClusterError(f"the cluster does not tell its version: {version.message}")
    groups = connection.request("GET", "/apis")
    if not groups.ok:
        raise ClusterError(f"the cluster does not list its APIs: {groups.message}")
    served = {
        api: [v["version"] for group in groups.body["groups"] if group["name"] == name for v in group["versions"]]
        for api, name in GROUPS.items()
    }
    versions, absent = negotiate(profile.apis, served)
    mesh_version, images = _mesh(Objects(connection), profile)
    return Findings(
        kubernetes=version.body.get("gitVersion", ""),
        mesh_version=mesh_version,
        images=images,
        versions=versions,
        absent=absent,
        crds=_definitions(connection),
    )


_DEFINED = {"traffictargets": "access", "httproutegroups": "specs", "tcproutes": "specs", "udproutes": "specs", "trafficsplits": "split"}


def _definitions(connection: Connection) -> dict[str, str]:
    # By name: least privilege lets definitions be read, not listed. One that is absent or may not be read is left out.
    base = collection("apiextensions.k8s.io/v1", "customresourcedefinitions")
    answers = [connection.request("GET", f"{base}/{plural}.{GROUPS[api]}") for plural, api in _DEFINED.items()]
    return served_definitions([answer.body for answer in answers if answer.ok])


def served_definitions(listed: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Name of each SMI resource definition among these → sha256 of its spec in canonical JSON. Pure."""
    own = [item for item in listed if item["spec"].get("group") in GROUPS.values()]
    return {item["metadata"]["name"]: sha256_hex(canonical_bytes(item["spec"])) for item in own}


def _mesh(objects: Objects, profile: Profile) -> tuple[str, dict[str, str]]:
    """Read version and image digests of the mesh's own pods; a mesh that is not there has neither."""
    if not profile.mesh.namespace:
        return "", {}
    images: dict[str, str] = {}
    for pod in objects.list("v1", "pods", profile.mesh.namespace):
        images |= container_images(pod)
    version = ""
    kind, _, name = profile.mesh.version_workload.partition("/")
    if kind == "deployment":
        answer = objects.connection.request("GET", f"{collection('apps/v1', 'deployments', profile.mesh.namespace)}/{name}")
        if answer.ok:
            image = answer.body["spec"]["template"]["spec"]["containers"][0]["image"]
            version = image.rpartition(":")[2]
    return version, images
