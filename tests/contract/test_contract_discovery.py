"""Discovery: what a cluster says that it serves."""

import re

import pytest

from tests.support.kube_api import Api

CORE = {
    "namespaces": (False, "Namespace"),
    "pods": (True, "Pod"),
    "services": (True, "Service"),
    "endpoints": (True, "Endpoints"),
    "serviceaccounts": (True, "ServiceAccount"),
    "secrets": (True, "Secret"),
    "configmaps": (True, "ConfigMap"),
    "events": (True, "Event"),
    "nodes": (False, "Node"),
}


def test_version_names_major_minor_and_git_version(api: Api) -> None:
    """The matrix records gitVersion; the doctor compares major and minor."""
    found = api.get("/version").ok()
    assert re.fullmatch(r"v1\.\d+\.\d+.*", found["gitVersion"])
    assert (found["major"], found["minor"].rstrip("+")) == tuple(found["gitVersion"][1:].split(".")[:2])
    assert found["platform"].startswith("linux/")


def test_version_is_told_to_everybody(api: Api) -> None:
    """`kubectl version` and probes of the API server ask without credentials."""
    assert api.as_token("").get("/version").status == 200
    assert api.as_token("").get("/livez").body == "ok"


def test_group_list_has_versions_and_the_preferred_one(api: Api) -> None:
    """Negotiation reads groups, versions and their order from /apis."""
    listed = api.get("/apis").ok()
    assert (listed["kind"], listed["apiVersion"]) == ("APIGroupList", "v1")
    groups = {group["name"]: group for group in listed["groups"]}
    for name in (
        "apps",
        "rbac.authorization.k8s.io",
        "apiextensions.k8s.io",
        "apiregistration.k8s.io",
        "discovery.k8s.io",
    ):
        assert {"groupVersion": f"{name}/v1", "version": "v1"} in groups[name]["versions"]
        assert groups[name]["preferredVersion"] == groups[name]["versions"][0]
    assert "" not in groups, "the core group is under /api"


def test_core_group_is_under_api(api: Api) -> None:
    """Clients find v1 under /api."""
    found = api.get("/api").ok()
    assert (found["kind"], found["versions"]) == ("APIVersions", ["v1"])


def test_one_group_is_the_element_of_the_list(api: Api) -> None:
    """kubectl and the doctor ask for one group."""
    listed = next(group for group in api.get("/apis").ok()["groups"] if group["name"] == "apps")
    own = api.get("/apis/apps").ok()
    assert (own["kind"], own["versions"], own["preferredVersion"]) == (
        "APIGroup",
        listed["versions"],
        listed["preferredVersion"],
    )


def test_core_resources_have_their_scope_kind_and_verbs(api: Api) -> None:
    """The suite builds paths from plural names; kubectl finds kinds by this list."""
    listed = api.get("/api/v1").ok()
    assert (listed["kind"], listed["groupVersion"]) == ("APIResourceList", "v1")
    found = {resource["name"]: resource for resource in listed["resources"]}
    for name, (namespaced, kind) in CORE.items():
        assert (found[name]["namespaced"], found[name]["kind"]) == (namespaced, kind)
        assert {"create", "delete", "get", "list", "patch", "update", "watch"} <= set(found[name]["verbs"])
    assert found["pods"]["shortNames"] == ["po"]
    assert found["pods"]["singularName"] == "pod"
    assert found["pods/exec"] == {
        **found["pods/exec"],
        "kind": "PodExecOptions",
        "namespaced": True,
        "singularName": "",
    }
    assert {"create", "get"} <= set(found["pods/exec"]["verbs"])
    assert found["serviceaccounts/token"]["kind"] == "TokenRequest"
    assert found["namespaces/finalize"]["verbs"] == ["update"]


def test_apps_group_has_deployments_with_scale(api: Api) -> None:
    """The suite deploys with apps/v1; kubectl scale uses the sub-resource."""
    found = {resource["name"]: resource for resource in api.get("/apis/apps/v1").ok()["resources"]}
    assert found["deployments"]["shortNames"] == ["deploy"]
    scale = found["deployments/scale"]
    assert (scale["kind"], scale["group"], scale["version"]) == ("Scale", "autoscaling", "v1")
    assert {"daemonsets", "replicasets", "statefulsets"} <= set(found)


def test_reviews_can_only_be_created(api: Api) -> None:
    """The doctor asks by SelfSubjectAccessReview what it may do."""
    found = {resource["name"]: resource for resource in api.get("/apis/authorization.k8s.io/v1").ok()["resources"]}
    assert found["selfsubjectaccessreviews"]["verbs"] == ["create"]


@pytest.mark.parametrize(
    "path",
    [
        "/apis/no-such-group.example.org",
        "/apis/access.smi-spec.io/v99",
        "/apis/no-such.example.org/v1/things",
        "/no-such-path",
    ],
)
def test_what_is_not_served_is_404_in_plain_text(api: Api, path: str) -> None:
    """Preflight and TM-01 tell 'not served' from 'served and failing' by 404."""
    answer = api.get(path)
    assert (answer.status, str(answer.body).strip()) == (404, "404 page not found")


def test_unknown_resource_of_a_known_version_is_404(api: Api) -> None:
    """Inside of built-in groups the answer is a Status; clients must take both."""
    for path in (
        "/api/v1/namespaces/default/nopes",
        "/apis/apps/v1/nopes",
        "/apis/apps/v1/namespaces/default/nopes/x",
        "/apis/apps/v9",
    ):
        answer = api.get(path)
        assert (answer.status, answer.reason, answer.message) == (
            404,
            "NotFound",
            "the server could not find the requested resource",
        )
