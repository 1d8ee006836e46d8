"""What other servers add: aggregated APIs and admission webhooks, over real TLS."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest
from aiohttp import web

from pytest_smi.reference.kube.status import ResourceKey

PODS = "/api/v1/namespaces/default/pods"
SERVICES = "/apis/apiregistration.k8s.io/v1/apiservices"
WEBHOOKS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"


def pod(name: str, **labels: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": labels}, "spec": {"containers": [{"name": "main", "image": "x:1"}]}}


def api_service(**spec: Any) -> dict[str, Any]:
    fixed = {"group": "metrics.example.io", "version": "v1alpha1", "groupPriorityMinimum": 100, "versionPriority": 100}
    place = {"name": "metrics", "namespace": "default", "port": 443}
    return {"metadata": {"name": "v1alpha1.metrics.example.io"}, "spec": {**fixed, "service": place, **spec}}


def condition(http: Any, wanted: str) -> dict[str, str]:
    """The Available condition once it has that status (a watch, so that nothing is polled)."""
    params = {"watch": "true", "timeoutSeconds": "8"}
    with http.stream("GET", SERVICES, params=params) as answer:
        for line in answer.iter_lines():
            obj = json.loads(line)["object"]
            found = (obj.get("status") or {}).get("conditions") or []
            if obj["metadata"]["name"] == "v1alpha1.metrics.example.io" and found and found[0]["status"] == wanted:
                return dict(found[0])
    raise AssertionError(f"the APIService never became Available={wanted}")


class TestAggregation:
    """APIServices."""

    def test_requests_pass_with_the_users_identity(self, cluster: Any) -> None:
        """The aggregated server sees who asks, not the token; discovery lists its group."""
        seen: list[dict[str, str]] = []

        async def answer(request: web.Request) -> web.Response:
            seen.append(dict(request.headers))
            return web.json_response({"kind": "APIResourceList", "path": request.raw_path})

        bundle = cluster.serve("metrics", "default", answer)
        with cluster.client() as http:
            http.post(
                "/api/v1/namespaces/default/services",
                json={"metadata": {"name": "metrics"}, "spec": {"ports": [{"port": 443}]}},
            )
            http.post(SERVICES, json=api_service(caBundle=bundle))
            assert condition(http, "True")["reason"] == "Passed"
            found = http.get(
                "/apis/metrics.example.io/v1alpha1/namespaces/t/traffic?x=%20y", headers={"Impersonate-User": "eve"}
            )
            assert found.status_code == 403
            found = http.get("/apis/metrics.example.io/v1alpha1/namespaces/t/traffic?x=%20y")
            assert found.json()["path"] == "/apis/metrics.example.io/v1alpha1/namespaces/t/traffic?x=%20y"
            assert "metrics.example.io" in [group["name"] for group in http.get("/apis").json()["groups"]]
        assert seen[-1]["X-Remote-User"] == "kubernetes-admin"
        assert "Authorization" not in seen[-1]

    def test_unreachable_server_is_503(self, cluster: Any) -> None:
        """Nothing behind the Service: the condition says so and requests get 503."""
        with cluster.client() as http:
            http.post(SERVICES, json=api_service(insecureSkipTLSVerify=True))
            assert condition(http, "False")["reason"] == "ServiceNotFound"
            answer = http.get("/apis/metrics.example.io/v1alpha1")
        assert (answer.status_code, answer.text.strip()) == (503, "service unavailable")

    def test_a_certificate_of_another_authority_is_refused(self, cluster: Any) -> None:
        """A caBundle that did not sign the server's certificate makes it unavailable."""

        async def answer(_: web.Request) -> web.Response:
            return web.json_response({})

        cluster.serve("metrics", "default", answer)
        wrong = base64.b64encode(cluster.server.ca_pem).decode()
        with cluster.client() as http:
            http.post(
                "/api/v1/namespaces/default/services",
                json={"metadata": {"name": "metrics"}, "spec": {"ports": [{"port": 443}]}},
            )
            http.post(SERVICES, json=api_service(caBundle=wrong))
            assert http.get("/apis/metrics.example.io/v1alpha1").status_code == 503
            http.patch(
                f"{SERVICES}/v1alpha1.metrics.example.io",
                json={"spec": {"caBundle": None, "insecureSkipTLSVerify": True}},
                headers={"Content-Type": "application/merge-patch+json"},
            )
            assert http.get("/apis/metrics.example.io/v1alpha1").status_code == 200


def webhook(bundle: str, **more: Any) -> dict[str, Any]:
    rule = {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
    config = {"service": {"name": "hook", "namespace": "default", "path": "/mutate"}, "caBundle": bundle}
    fixed = {
        "name": "hook.example.io",
        "clientConfig": config,
        "rules": [rule],
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
    }
    return {"metadata": {"name": "hook"}, "webhooks": [{**fixed, **more}]}


def answer_to(review: dict[str, Any], patch: list[dict[str, Any]] | None = None, **rest: Any) -> web.Response:
    answer: dict[str, Any] = {"uid": review["request"]["uid"], "allowed": True, **rest}
    if patch is not None:
        answer |= {"patchType": "JSONPatch", "patch": base64.b64encode(json.dumps(patch).encode()).decode()}
    return web.json_response({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": answer})


class TestWebhooks:
    """MutatingWebhookConfigurations."""

    def test_patch_is_applied_and_defaulted(self, cluster: Any) -> None:
        """A container that the webhook adds is stored, with defaults; selectors decide who is asked."""

        async def add(request: web.Request) -> web.Response:
            review = await request.json()
            assert request.path == "/mutate"
            return answer_to(
                review, [{"op": "add", "path": "/spec/containers/-", "value": {"name": "proxy", "image": "p:1"}}]
            )

        bundle = cluster.serve("hook", "default", add)
        with cluster.client() as http:
            http.post(WEBHOOKS, json=webhook(bundle, objectSelector={"matchLabels": {"join": "yes"}}))
            joined, plain = http.post(PODS, json=pod("a", join="yes")).json(), http.post(PODS, json=pod("b")).json()
            inside = pod("c", join="yes")
            inside["metadata"]["namespace"] = "default"
            made = cluster.run(cluster.server.create(ResourceKey("", "pods"), inside))
        assert [c["name"] for c in joined["spec"]["containers"]] == ["main", "proxy"]
        assert joined["spec"]["containers"][1]["imagePullPolicy"] == "IfNotPresent"
        assert len(plain["spec"]["containers"]) == 1
        assert len(made["spec"]["containers"]) == 2

    def test_refusal_reaches_the_client(self, cluster: Any) -> None:
        """allowed: false is 403 with the webhook's words."""

        async def refuse(request: web.Request) -> web.Response:
            return answer_to(await request.json(), allowed=False, status={"message": "not today"})

        bundle = cluster.serve("hook", "default", refuse)
        with cluster.client() as http:
            http.post(WEBHOOKS, json=webhook(bundle))
            answer = http.post(PODS, json=pod("a"))
        assert answer.status_code == 403
        assert answer.json()["message"] == 'admission webhook "hook.example.io" denied the request: not today'

    @pytest.mark.parametrize(("policy", "status"), [("Fail", 500), ("Ignore", 201)])
    def test_failure_policy(self, cluster: Any, policy: str, status: int) -> None:
        """A webhook that cannot be reached fails the request, or is passed over."""
        with cluster.client() as http:
            http.post(WEBHOOKS, json=webhook("", failurePolicy=policy))
            answer = http.post(PODS, json=pod("a"))
        assert answer.status_code == status


class TestLatency:
    """Answers come fast."""

    def test_simple_requests_take_milliseconds(self, cluster: Any) -> None:
        """The best of simple reads stays far below what would slow a suite (the best: the machine is shared)."""
        with cluster.client() as http:
            http.post(PODS, json=pod("a"))
            times = []
            for _ in range(50):
                begin = time.perf_counter()
                http.get(f"{PODS}/a")
                times.append(time.perf_counter() - begin)
        assert min(times) < 0.02
