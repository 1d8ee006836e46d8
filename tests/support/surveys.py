"""Answers of a healthy cluster to the doctor's questions, for tests that spoil one of them."""

from collections.abc import Mapping
from typing import Any

from pytest_smi.cluster.connection import Answer
from pytest_smi.core.limits import Limits
from pytest_smi.core.terms import APIS
from pytest_smi.doctor.questions import GROUPS_SERVED, METRICS, NAMESPACES, PODS, VERSION, questions
from pytest_smi.doctor.survey import Survey
from pytest_smi.profiles.load import MeshFacts, Profile, VersionSource
from pytest_smi.smi.versions import GROUPS

ABSENT = Answer(404, {"message": "not found"})
FORBIDDEN = Answer(403, {"message": "forbidden: no"})
VERSIONS = {"access": "v1alpha3", "specs": "v1alpha4", "split": "v1alpha4", "metrics": "v1alpha1"}


def a_profile(**changes: Any) -> Profile:
    """A mesh with a control plane and a sidecar that claims every API."""
    fields: dict[str, Any] = {
        "name": "some",
        "title": "Some Mesh",
        "provider": "cluster",
        "apis": {api: (version,) for api, version in VERSIONS.items()},
        "mesh": MeshFacts(
            namespace="some-system",
            workloads=("deployment/control",),
            version=VersionSource(workload="deployment/control"),
            proxy_container="proxy",
            detect=("deployment/control",),
        ),
        "limits": Limits(),
    }
    return Profile(**{**fields, **changes})


def workload(
    *, available: int = 1, replicas: int = 1, image: str = "some/control:1.2.3", arguments: tuple[str, ...] = ()
) -> dict[str, Any]:
    """A Deployment as the API server shows it."""
    container = {"name": "control", "image": image, "args": list(arguments)}
    return {
        "metadata": {"name": "control", "generation": 2, "labels": {"version": "9.9"}},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "control"}},
            "template": {"spec": {"containers": [container]}},
        },
        "status": {"availableReplicas": available, "observedGeneration": 2},
    }


def groups(served: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """The answer to /apis of a cluster that serves these versions, the first of each preferred."""
    return {
        "groups": [
            {
                "name": GROUPS[api],
                "versions": [{"version": v} for v in versions],
                "preferredVersion": {"version": versions[0]},
            }
            for api, versions in served.items()
        ]
    }


def a_survey(
    profile: Profile | None = None,
    answers: Mapping[str, Answer | dict[str, Any]] | None = None,
    *,
    other_meshes: Mapping[str, Profile] | None = None,
    apis: tuple[str, ...] = APIS,
    **changes: Any,
) -> Survey:
    """What a healthy cluster says of the mesh, but for `answers` (a dict is a good answer with that body)."""
    profile = profile or a_profile()
    other_meshes = other_meshes or {}
    asked = questions(profile, other_meshes.values(), apis)
    healthy: dict[str, Answer] = {}
    for key, question in asked.items():
        body: dict[str, Any] = {"items": []} if key == NAMESPACES or key.startswith(PODS) else workload()
        if question.method == "POST":
            body = {"status": {"allowed": True}}
        elif question.path.startswith("/apis/apiextensions.k8s.io"):
            body = {
                "metadata": {"name": key},
                "spec": {},
                "status": {"conditions": [{"type": "Established", "status": "True"}]},
            }
        healthy[key] = Answer(200, body)
    healthy[VERSION] = Answer(200, {"gitVersion": "v1.32.4"})
    healthy[GROUPS_SERVED] = Answer(200, groups({api: (version,) for api, version in VERSIONS.items()}))
    healthy[METRICS] = Answer(200, {"status": {"conditions": [{"type": "Available", "status": "True"}]}})
    for other in other_meshes.values():
        for text in other.mesh.detect:
            reference = other.mesh.reference(text)
            healthy[f"{reference.namespace}/{reference.kind}/{reference.name}"] = ABSENT
    spoiled = {
        key: value if isinstance(value, Answer) else Answer(200, value) for key, value in (answers or {}).items()
    }
    unknown = set(spoiled) - set(healthy)
    assert not unknown, f"no such questions: {unknown}"
    return Survey(
        host="https://cluster",
        profile=profile,
        apis=apis,
        questions=asked,
        answers=healthy | spoiled,
        other_meshes=other_meshes,
        **changes,
    )
