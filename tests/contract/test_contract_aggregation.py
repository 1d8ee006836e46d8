"""APIServices: groups that another server serves behind the API server. TrafficMetrics lives on them."""

import base64
import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.conftest import conditions
from tests.support.kube_api import Api, Object, until, until_answer
from tests.support.tls_server import Asked, Server, tls_server

API_SERVICES = "/apis/apiregistration.k8s.io/v1/apiservices"


def _service(cluster: Any, namespace: str, name: str, port: int) -> None:
    """A Service without selector whose endpoint is a server of the test."""
    at = f"/api/v1/namespaces/{namespace}"
    ports = [{"name": "https", "port": 443, "targetPort": port}]
    cluster.api.post(f"{at}/services", {"metadata": {"name": name}, "spec": {"ports": ports}}).ok()
    subsets = [{"addresses": [{"ip": cluster.host}], "ports": [{"name": "https", "port": port}]}]
    cluster.api.post(f"{at}/endpoints", {"metadata": {"name": name}, "subsets": subsets}).ok()


def available(api: Api, name: str) -> Object:
    """The Available condition of an APIService."""
    found = (api.get(f"{API_SERVICES}/{name}").body.get("status") or {}).get("conditions") or []
    return next((c for c in found if c["type"] == "Available"), {})


@pytest.fixture(scope="module")
def group() -> str:
    """A group that a server of the test serves."""
    return f"contract-{secrets.token_hex(3)}.example.com"


@pytest.fixture(scope="module")
def server(cluster: Any, namespace: str, group: str) -> Iterator[Server]:
    """The aggregated server, registered and available."""

    def answer(asked: Asked) -> tuple[int, Any]:
        if asked.path.partition("?")[0] == f"/apis/{group}/v1alpha1":
            thing = {
                "name": "things",
                "singularName": "thing",
                "namespaced": True,
                "kind": "Thing",
                "verbs": ["get", "list"],
            }
            return 200, {
                "kind": "APIResourceList",
                "apiVersion": "v1",
                "groupVersion": f"{group}/v1alpha1",
                "resources": [thing],
            }
        if asked.path.endswith("/teapot"):
            return 418, {"kind": "Status", "code": 418, "message": "short and stout"}
        return 200, {"path": asked.path, "headers": asked.headers, "body": asked.body}

    with tls_server(cluster.host, [f"things.{namespace}.svc"], answer) as server:
        _service(cluster, namespace, "things", server.port)
        spec = {
            "group": group,
            "version": "v1alpha1",
            "groupPriorityMinimum": 100,
            "versionPriority": 10,
            "service": {"name": "things", "namespace": namespace},
            "caBundle": base64.b64encode(server.bundle).decode(),
        }
        name = f"v1alpha1.{group}"
        cluster.api.post(API_SERVICES, {"metadata": {"name": name}, "spec": spec}).ok()
        try:
            until(lambda: available(cluster.api, name).get("status") == "True", "the APIService is available", 60)
            yield server
        finally:
            cluster.api.delete(f"{API_SERVICES}/{name}")


class TestAggregation:
    """APIService."""

    def test_it_becomes_available(self, api: Api, group: str, server: Server) -> None:
        """Preflight and the doctor read the condition Available of v1alpha1.metrics.smi-spec.io."""
        found = available(api, f"v1alpha1.{group}")
        assert (found["status"], found["reason"], found["message"]) == ("True", "Passed", "all checks passed")
        assert found["lastTransitionTime"]
        spec = api.get(f"{API_SERVICES}/v1alpha1.{group}").ok()["spec"]
        assert spec["service"]["port"] == 443

    def test_its_group_is_discovered(self, api: Api, group: str, server: Server) -> None:
        """Negotiation finds TrafficMetrics in /apis."""

        def listed() -> Object | None:
            return next((g for g in api.get("/apis").ok()["groups"] if g["name"] == group), None)

        found = until(listed, "the group is listed")
        assert found["preferredVersion"] == {"groupVersion": f"{group}/v1alpha1", "version": "v1alpha1"}
        (thing,) = api.get(f"/apis/{group}/v1alpha1").ok()["resources"]
        assert thing["name"] == "things"

    def test_requests_are_passed_on_with_path_query_and_identity(self, api: Api, group: str, server: Server) -> None:
        """TM-55: a metrics server decides by X-Remote-User and X-Remote-Group, and never sees the caller's token."""
        path = f"/apis/{group}/v1alpha1/namespaces/default/things/one"
        answer = api.request("GET", f"{path}?labelSelector=a%3Db", headers={"X-Own": "kept", "X-Remote-User": "forged"})
        assert answer.status == 200
        assert answer.body["path"] == f"{path}?labelSelector=a%3Db"
        assert answer.headers["x-served-by"] == "the-test"
        headers = {name.lower(): value for name, value in answer.body["headers"]}
        assert headers["x-own"] == "kept"
        assert headers["x-remote-user"] != "forged"
        groups = [value for name, value in answer.body["headers"] if name.lower() == "x-remote-group"]
        assert "system:authenticated" in groups
        assert "authorization" not in headers

    def test_an_impersonated_caller_is_who_the_server_sees(
        self, api: Api, group: str, server: Server, namespace: str
    ) -> None:
        """The suite asks for metrics as a service account by impersonation; cluster-admin grants it the path here."""
        binding = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/rolebindings"
        ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
        subject = {"kind": "ServiceAccount", "name": "default", "namespace": namespace}
        api.post(binding, {"metadata": {"name": "things"}, "roleRef": ref, "subjects": [subject]}).ok()
        who = f"system:serviceaccount:{namespace}:default"
        path = f"/apis/{group}/v1alpha1/namespaces/{namespace}/things"

        def ask() -> Object | None:
            answer = api.request("GET", path, headers={"Impersonate-User": who})
            return answer.body if answer.status == 200 else None

        headers = until(ask, "the binding is known")["headers"]
        seen = {name.lower(): value for name, value in headers}
        assert seen["x-remote-user"] == who
        assert "impersonate-user" not in seen
        refused = api.request(
            "GET", f"/apis/{group}/v1alpha1/namespaces/default/things", headers={"Impersonate-User": who}
        )
        assert refused.status == 403, "the API server itself refuses what RBAC does not grant"

    def test_any_status_comes_back_as_it_is(self, api: Api, group: str, server: Server) -> None:
        """A refusal of the metrics server is its own."""
        answer = api.get(f"/apis/{group}/v1alpha1/namespaces/default/things/teapot")
        assert (answer.status, answer.message) == (418, "short and stout")

    def test_a_missing_service_is_503_and_told(self, api: Api, namespace: str, remove: Any, unique: Any) -> None:
        """Preflight tells a metrics API that is registered but not there: 503 and Available=False."""
        group = f"{unique('absent')}.example.com"
        name = f"v1.{group}"
        spec = {
            "group": group,
            "version": "v1",
            "groupPriorityMinimum": 100,
            "versionPriority": 10,
            "service": {"name": "no-such-service", "namespace": namespace},
            "insecureSkipTLSVerify": True,
        }
        api.post(API_SERVICES, {"metadata": {"name": name}, "spec": spec}).ok()
        remove(f"{API_SERVICES}/{name}")
        found = until(lambda: available(api, name), "its condition is told")
        assert (found["status"], found["reason"]) == ("False", "ServiceNotFound")
        assert found["message"] == f'service/no-such-service in "{namespace}" is not present'
        answer = until_answer(
            lambda: api.get(f"/apis/{group}/v1/things"), lambda got: got.status == 503, "its path is taken"
        )
        assert str(answer.body).strip() == "service unavailable"

    def test_a_service_without_endpoints_is_told(self, api: Api, namespace: str, remove: Any, unique: Any) -> None:
        """A metrics server whose pods are not ready."""
        group, service = f"{unique('empty')}.example.com", unique("empty")
        name = f"v1.{group}"
        ports = [{"name": "https", "port": 443}]
        body = {"metadata": {"name": service}, "spec": {"ports": ports, "selector": {"no": "such-pod"}}}
        api.post(f"/api/v1/namespaces/{namespace}/services", body).ok()
        spec = {
            "group": group,
            "version": "v1",
            "groupPriorityMinimum": 100,
            "versionPriority": 10,
            "insecureSkipTLSVerify": True,
        }
        api.post(
            API_SERVICES,
            {"metadata": {"name": name}, "spec": {**spec, "service": {"name": service, "namespace": namespace}}},
        ).ok()
        remove(f"{API_SERVICES}/{name}")
        found = until(
            lambda: (c := available(api, name)).get("reason") == "MissingEndpoints" and c, "its condition is told"
        )
        assert found["status"] == "False"
        # Older releases look at Endpoints, newer ones at EndpointSlices.
        assert found["message"].removeprefix("endpointslices").removeprefix("endpoints") == (
            f' for service/{service} in "{namespace}" have no addresses with port name "https"'
        )

    def test_groups_of_the_server_itself_are_local(self, api: Api) -> None:
        """APIServices without a service are always available."""
        found = api.get(f"{API_SERVICES}/v1.apps").ok()
        assert ("Available", "True") in conditions(found)
        assert found["status"]["conditions"][0]["reason"] == "Local"
        assert found["spec"].get("service") is None
