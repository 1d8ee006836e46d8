"""Webhooks of admission: what they are asked, and what their answers do. Sidecar injection lives on them."""

import base64
import json
import secrets
from typing import Any

import pytest

from tests.support.kube_api import Answer, Api, Object, until, until_answer
from tests.support.tls_server import Asked, Server, tls_server

HOOKS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
CHECKS = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"


def allow(asked: Asked) -> tuple[int, Any]:
    """A hook's answer that lets everything pass as it is."""
    return 200, {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "response": {"uid": asked.body["request"]["uid"], "allowed": True},
    }


class TestWebhooks:
    """MutatingWebhookConfiguration and its validating sister."""

    @pytest.fixture
    def hooked(self, cluster: Any) -> str:
        """A namespace whose label selects it for the hooks of these tests."""
        name: str = cluster.namespace(contract="hooked")
        return name

    def _register(self, cluster: Any, remove: Any, path: str, server: Server | None, hooked: str, **more: Any) -> None:
        name = f"contract-{secrets.token_hex(3)}.example.com"
        client: Object = {"url": f"https://{cluster.host}:{server.port if server else 1}/mutate"}
        if server:
            client["caBundle"] = base64.b64encode(server.bundle).decode()
        hook: Object = {
            "name": name,
            "admissionReviewVersions": ["v1"],
            "sideEffects": "None",
            "timeoutSeconds": 5,
            "clientConfig": client,
            "rules": [
                {
                    "apiGroups": [""],
                    "apiVersions": ["v1"],
                    "operations": ["CREATE", "UPDATE"],
                    "resources": ["configmaps"],
                }
            ],
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": hooked}},
            **more,
        }
        cluster.api.post(path, {"metadata": {"name": name}, "webhooks": [hook]}).ok()
        remove(f"{path}/{name}")

    def _refusal(self, api: Api, hooked: str) -> Answer:
        """Create ConfigMaps until one is refused."""
        path, body = f"/api/v1/namespaces/{hooked}/configmaps", {"metadata": {"generateName": "m-"}}
        return until_answer(lambda: api.post(path, body), lambda got: got.status != 201, "the webhook is asked")

    def _until_asked(self, api: Api, server: Server, hooked: str) -> Object:
        """Create ConfigMaps until the hook is asked about one: registering takes effect after a moment."""

        def made() -> Object | None:
            answer = api.post(
                f"/api/v1/namespaces/{hooked}/configmaps", {"metadata": {"generateName": "m-"}, "data": {"a": "1"}}
            )
            return answer.body if server.asked else None

        return until(made, "the webhook is asked")

    def test_a_patch_changes_the_object(self, cluster: Any, api: Api, hooked: str, remove: Any) -> None:
        """Sidecar injection: the hook's JSON patch is in what is stored."""

        def answer(asked: Asked) -> tuple[int, Any]:
            steps = [
                {"op": "add", "path": "/data/b", "value": "2"},
                {"op": "add", "path": "/metadata/labels", "value": {"seen": "yes"}},
            ]
            patch = base64.b64encode(json.dumps(steps).encode()).decode()
            response = {"uid": asked.body["request"]["uid"], "allowed": True, "patchType": "JSONPatch", "patch": patch}
            return 200, {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}

        with tls_server(cluster.host, ["hook"], answer) as server:
            self._register(cluster, remove, HOOKS, server, hooked)
            made = self._until_asked(api, server, hooked)
        assert (made["data"], made["metadata"]["labels"]) == ({"a": "1", "b": "2"}, {"seen": "yes"})
        asked = server.asked[0]
        assert asked.path.startswith("/mutate?timeout=5s")
        review = asked.body
        assert (review["kind"], review["apiVersion"]) == ("AdmissionReview", "admission.k8s.io/v1")
        request = review["request"]
        assert (request["operation"], request["namespace"], request["dryRun"]) == ("CREATE", hooked, False)
        assert request["kind"] == {"group": "", "version": "v1", "kind": "ConfigMap"}
        assert request["resource"] == {"group": "", "version": "v1", "resource": "configmaps"}
        assert request["object"]["data"] == {"a": "1"}
        assert request["object"]["kind"] == "ConfigMap"
        assert request["oldObject"] is None
        assert request["userInfo"]["username"]
        assert "system:authenticated" in request["userInfo"]["groups"]

    def test_a_refusal_is_told_in_its_words(self, cluster: Any, api: Api, hooked: str, remove: Any) -> None:
        """A mesh's admission control refuses SMI objects so; the suite's reason has the words."""

        def answer(asked: Asked) -> tuple[int, Any]:
            response = {
                "uid": asked.body["request"]["uid"],
                "allowed": False,
                "status": {"message": "not here", "code": 422},
            }
            return 200, {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}

        with tls_server(cluster.host, ["hook"], answer) as server:
            self._register(cluster, remove, CHECKS, server, hooked)
            refused = self._refusal(api, hooked)
        assert refused.status == 422
        assert refused.message.startswith('admission webhook "contract-')
        assert refused.message.endswith(" denied the request: not here")

    def test_a_hook_that_cannot_be_asked_refuses_under_fail(
        self, cluster: Any, api: Api, hooked: str, remove: Any
    ) -> None:
        """failurePolicy Fail: no pod without a sidecar while the injector is down."""
        self._register(cluster, remove, HOOKS, None, hooked, failurePolicy="Fail")
        refused = self._refusal(api, hooked)
        assert (refused.status, refused.reason) == (500, "InternalError")
        assert refused.message.startswith('Internal error occurred: failed calling webhook "contract-')
        assert "failed to call webhook: " in refused.message

    def test_a_hook_that_cannot_be_asked_is_passed_over_under_ignore(
        self, cluster: Any, api: Api, hooked: str, remove: Any
    ) -> None:
        """failurePolicy Ignore: objects go through unchanged."""
        broken = []

        def answer(asked: Asked) -> tuple[int, Any]:
            broken.append(asked)
            return 500, {}

        with tls_server(cluster.host, ["hook"], answer) as server:
            self._register(cluster, remove, HOOKS, server, hooked, failurePolicy="Ignore")
            made = self._until_asked(api, server, hooked)
        assert (made["kind"], made["data"]) == ("ConfigMap", {"a": "1"})

    def test_other_namespaces_and_objects_are_not_asked_about(
        self, cluster: Any, api: Api, hooked: str, remove: Any, namespace: str
    ) -> None:
        """Namespaces out of the mesh get no sidecars: namespaceSelector and objectSelector."""

        with tls_server(cluster.host, ["hook"], allow) as server:
            wanted = {"matchExpressions": [{"key": "skip", "operator": "DoesNotExist"}]}
            self._register(cluster, remove, HOOKS, server, hooked, objectSelector=wanted)
            self._until_asked(api, server, hooked)
            server.asked.clear()
            api.post(f"/api/v1/namespaces/{namespace}/configmaps", {"metadata": {"generateName": "m-"}}).ok()
            api.post(
                f"/api/v1/namespaces/{hooked}/configmaps", {"metadata": {"generateName": "m-", "labels": {"skip": "1"}}}
            ).ok()
            api.post(f"/api/v1/namespaces/{hooked}/serviceaccounts", {"metadata": {"generateName": "a-"}}).ok()
            assert server.asked == []

    def test_a_dry_run_is_told_to_the_hook(self, cluster: Any, api: Api, hooked: str, remove: Any) -> None:
        """Questions about acceptance include the mesh's own admission control."""

        with tls_server(cluster.host, ["hook"], allow) as server:
            self._register(cluster, remove, HOOKS, server, hooked)
            self._until_asked(api, server, hooked)
            server.asked.clear()
            api.post(f"/api/v1/namespaces/{hooked}/configmaps", {"metadata": {"name": "dry"}}, dryRun="All").ok()
            assert server.asked[-1].body["request"]["dryRun"] is True

    def test_defaults_of_a_configuration(self, cluster: Any, api: Api, remove: Any, hooked: str) -> None:
        """Manifests that say little mean Fail, Equivalent, 10 seconds, port 443."""
        name = f"contract-{secrets.token_hex(3)}.example.com"
        hook = {
            "name": name,
            "admissionReviewVersions": ["v1"],
            "sideEffects": "None",
            "clientConfig": {"service": {"namespace": hooked, "name": "none"}},
            "namespaceSelector": {"matchLabels": {"no": "such-namespace"}},
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}],
        }
        made = api.post(HOOKS, {"metadata": {"name": name}, "webhooks": [hook]}).ok()["webhooks"][0]
        remove(f"{HOOKS}/{name}")
        wanted = {
            "failurePolicy": "Fail",
            "matchPolicy": "Equivalent",
            "timeoutSeconds": 10,
            "reinvocationPolicy": "Never",
            "objectSelector": {},
        }
        assert {key: made[key] for key in wanted} == wanted
        assert made["clientConfig"]["service"]["port"] == 443
        assert made["rules"][0]["scope"] == "*"
        refused = api.post(HOOKS, {"metadata": {"name": f"x{name}"}, "webhooks": [{**hook, "sideEffects": "Some"}]})
        assert (refused.status, refused.reason) == (422, "Invalid")
