"""What the API server is asked before a run: a request per fact, each under the key by
which judgements find its answer. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from pytest_smi.cluster.objects import collection
from pytest_smi.doctor.permissions import Permission, needed
from pytest_smi.profiles.load import ContainerArgument, ObjectField, ObjectReference, Profile, WorkloadReference
from pytest_smi.smi.versions import GROUPS
from pytest_smi.testbed.manifests import MANAGED_BY, OWNER, RUN_LABEL

PLURALS = {"deployment": "deployments", "daemonset": "daemonsets", "statefulset": "statefulsets"}
DEFINED = {
    "traffictargets": "access",
    "httproutegroups": "specs",
    "tcproutes": "specs",
    "udproutes": "specs",
    "trafficsplits": "split",
}
"""Plural of each SMI resource → its API."""
METRICS_SERVICE = "v1alpha1.metrics.smi-spec.io"

VERSION = "version"
GROUPS_SERVED = "groups"
NAMESPACES = "namespaces of earlier runs"
PODS = "pods of the mesh"
METRICS = "metrics service"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One request."""

    path: str
    method: str = "GET"
    body: Any = None
    reads: str = ""
    """What permission it takes, in words: `get deployments in NAMESPACE`."""


def workload_key(reference: WorkloadReference) -> str:
    """Return the key of a workload's answer."""
    return f"{reference.namespace}/{reference.kind}/{reference.name}"


def pods_key(profile: Profile, namespace: str) -> str:
    """Return the key of the answer with the pods of a namespace."""
    return PODS if namespace == profile.mesh.namespace else f"{PODS} in {namespace}"


def object_key(reference: ObjectReference) -> str:
    """Return the key of the answer about any other object."""
    return f"{reference.api_version}/{reference.plural}/{reference.namespace}/{reference.name}"


def permission_key(permission: Permission) -> str:
    """Return the key of an access review's answer."""
    return f"may {permission}"


def definition_key(plural: str, api: str) -> str:
    """Return the key of a resource definition's answer: its name."""
    return f"{plural}.{GROUPS[api]}"


def questions(profile: Profile, other_meshes: Iterable[Profile], parts: Iterable[str]) -> dict[str, Question]:
    """Return every question but that for the version, which is asked first; `other_meshes`: other meshes to look for;
    `parts`: APIs asked for and other parts of the run that take permissions.
    """
    asked = {
        GROUPS_SERVED: Question(path="/apis", reads="get /apis"),
        NAMESPACES: Question(
            path="/api/v1/namespaces?" + urlencode({"labelSelector": f"{MANAGED_BY}={OWNER},{RUN_LABEL}"}),
            reads="list namespaces",
        ),
        METRICS: _named("apiregistration.k8s.io/v1", "apiservices", METRICS_SERVICE),
    }
    asked |= {definition_key(plural, api): _definition(plural, api) for plural, api in DEFINED.items()}
    elsewhere = {reference.namespace for reference in own_workloads(profile)}
    for namespace in sorted({profile.mesh.namespace, *elsewhere} - {""}):
        asked[pods_key(profile, namespace)] = Question(
            path=collection("v1", "pods", namespace), reads=f"list pods in {namespace}"
        )
    for reference in (
        *own_workloads(profile),
        *(found for other in other_meshes for found in detecting_workloads(other)),
    ):
        asked[workload_key(reference)] = _named("apps/v1", PLURALS[reference.kind], reference.name, reference.namespace)
    for precondition in profile.preconditions:
        if isinstance(precondition, ObjectField):
            resource = precondition.resource
            asked[object_key(resource)] = _named(
                resource.api_version, resource.plural, resource.name, resource.namespace
            )
    reviews = collection("authorization.k8s.io/v1", "selfsubjectaccessreviews")
    for permission in needed(profile, parts):
        asked[permission_key(permission)] = Question(
            path=reviews, method="POST", body=permission.review(), reads="create selfsubjectaccessreviews"
        )
    return asked


def own_workloads(profile: Profile) -> list[WorkloadReference]:
    """Return the workloads of the mesh that the profile names anywhere, each once."""
    mesh = profile.mesh
    named = [
        *mesh.workloads,
        mesh.version.workload,
        *(one.workload for one in profile.preconditions if isinstance(one, ContainerArgument)),
    ]
    return list(dict.fromkeys(mesh.reference(text) for text in named if text))


def detecting_workloads(profile: Profile) -> list[WorkloadReference]:
    """Return the workloads by any of which the mesh is known to be installed."""
    return [profile.mesh.reference(text) for text in profile.mesh.detect]


def versions_served(groups: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the served versions per API, from the answer to /apis."""
    return {
        api: [
            version["version"]
            for group in groups.get("groups", ())
            if group["name"] == name
            for version in group["versions"]
        ]
        for api, name in GROUPS.items()
    }


def _named(api_version: str, plural: str, name: str, namespace: str = "") -> Question:
    where = f" in {namespace}" if namespace else ""
    return Question(path=f"{collection(api_version, plural, namespace or None)}/{name}", reads=f"get {plural}{where}")


def _definition(plural: str, api: str) -> Question:
    return _named("apiextensions.k8s.io/v1", "customresourcedefinitions", definition_key(plural, api))
