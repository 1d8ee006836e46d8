"""Service account tokens: TokenRequest, TokenReview, where they end, and how a pod finds its own."""

import base64
import json
import time
from datetime import datetime
from typing import Any

from tests.support.kube_api import Api, Object, until


def claims(token: str) -> Object:
    """What a token says."""
    part = token.split(".")[1]
    parsed: Object = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return parsed


class TestTokens:
    """TokenRequest and TokenReview."""

    def test_a_token_names_its_account_and_end(self, namespace: str, account: str, token_of: Any) -> None:
        """`kubectl create token runner --duration=2h` for a run."""
        answer = token_of(account, expirationSeconds=600)
        status = answer["status"]
        found = claims(status["token"])
        assert found["sub"] == f"system:serviceaccount:{namespace}:{account}"
        assert found["kubernetes.io"]["namespace"] == namespace
        assert found["kubernetes.io"]["serviceaccount"]["name"] == account
        assert 590 <= found["exp"] - time.time() <= 610
        assert abs(datetime.fromisoformat(status["expirationTimestamp"]).timestamp() - found["exp"]) <= 1
        assert answer["spec"]["expirationSeconds"] == 600
        assert (answer["kind"], answer["apiVersion"]) == ("TokenRequest", "authentication.k8s.io/v1")

    def test_too_short_a_life_is_refused(self, api: Api, namespace: str, account: str) -> None:
        """Ten minutes is the least."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
        refused = api.post(path, {"spec": {"expirationSeconds": 5}})
        assert (refused.status, refused.reason) == (422, "Invalid")
        assert refused.causes == [
            (
                "spec.expirationSeconds",
                "FieldValueInvalid",
                "Invalid value: 5: may not specify a duration less than 10 minutes",
            )
        ]

    def test_a_missing_account_is_404(self, api: Api, namespace: str) -> None:
        """A run against the wrong namespace."""
        refused = api.post(f"/api/v1/namespaces/{namespace}/serviceaccounts/no-such-account/token", {"spec": {}})
        assert (refused.status, refused.message) == (404, 'serviceaccounts "no-such-account" not found')

    def test_a_token_ends_with_its_account(self, api: Api, namespace: str, token_of: Any) -> None:
        """What a mesh was told by a token is void once the account is deleted."""
        at = f"/api/v1/namespaces/{namespace}/serviceaccounts"
        api.post(at, {"metadata": {"name": "brief"}}).ok()
        bearer = api.as_token(token_of("brief")["status"]["token"])
        assert bearer.get("/version").status == 200
        assert bearer.get("/apis").status == 200
        api.delete(f"{at}/brief").ok()
        until(lambda: bearer.get("/apis").status == 401, "the token is void")

    def test_a_token_review_knows_the_account(self, api: Api, namespace: str, account: str, token_of: Any) -> None:
        """The reference mesh's control plane authenticates its sidecars by TokenReview."""
        token = token_of(account)["status"]["token"]
        answer = api.post("/apis/authentication.k8s.io/v1/tokenreviews", {"spec": {"token": token}})
        assert answer.status == 201
        status = answer.body["status"]
        assert (status["authenticated"], status["user"]["username"]) == (
            True,
            f"system:serviceaccount:{namespace}:{account}",
        )
        bad = api.post("/apis/authentication.k8s.io/v1/tokenreviews", {"spec": {"token": "x.y.z"}}).ok()["status"]
        assert not bad.get("authenticated")
        assert bad["error"]

    def test_a_token_for_another_audience_is_no_credential_here(self, api: Api, account: str, token_of: Any) -> None:
        """A token for a mesh must not open the API server."""
        token = token_of(account, audiences=["mesh.example.org"])["status"]["token"]
        assert claims(token)["aud"] == ["mesh.example.org"]
        assert api.as_token(token).get("/apis").status == 401
        review = {"spec": {"token": token, "audiences": ["mesh.example.org", "other"]}}
        status = api.post("/apis/authentication.k8s.io/v1/tokenreviews", review).ok()["status"]
        assert (status["authenticated"], status["audiences"]) == (True, ["mesh.example.org"])

    def test_a_token_bound_to_a_pod_names_it(self, cluster: Any, api: Api, namespace: str, token_of: Any) -> None:
        """The identity of a sidecar is its pod: the review tells which."""
        pod = cluster.run(namespace, cluster.pod("bound", "import time; time.sleep(3600)"))
        ref = {"kind": "Pod", "apiVersion": "v1", "name": "bound", "uid": pod["metadata"]["uid"]}
        token = token_of("default", boundObjectRef=ref)["status"]["token"]
        assert claims(token)["kubernetes.io"]["pod"] == {"name": "bound", "uid": pod["metadata"]["uid"]}
        user = api.post("/apis/authentication.k8s.io/v1/tokenreviews", {"spec": {"token": token}}).ok()["status"][
            "user"
        ]
        assert user["extra"]["authentication.kubernetes.io/pod-name"] == ["bound"]
        api.delete(f"/api/v1/namespaces/{namespace}/pods/bound", {"gracePeriodSeconds": 0}).ok()
        until(lambda: api.as_token(token).get("/apis").status == 401, "the token ended with its pod")


def test_a_pod_finds_its_token_and_the_api_server(cluster: Any, namespace: str) -> None:
    """The reference mesh's control plane speaks to the API server from a pod, as its service account."""
    script = """
import json, os, ssl, urllib.request
folder = os.environ.get("SERVICEACCOUNT_DIR", "/var/run/secrets/kubernetes.io/serviceaccount")
token = open(folder + "/token").read()
context = ssl.create_default_context(cafile=folder + "/ca.crt")
url = f"https://{os.environ['KUBERNETES_SERVICE_HOST']}:{os.environ['KUBERNETES_SERVICE_PORT']}"
request = urllib.request.Request(
    url + "/apis/authentication.k8s.io/v1/selfsubjectreviews",
    data=b'{"kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1"}',
    headers={"Authorization": "Bearer " + token, "Content-Type": "application/json"},
)
review = json.load(urllib.request.urlopen(request, context=context))
print(review["status"]["userInfo"]["username"], open(folder + "/namespace").read())
"""
    cluster.run(namespace, cluster.pod("caller", "import time; time.sleep(3600)"))
    done = cluster.api.exec(namespace, "caller", ["python3", "-c", script])
    assert done.stdout.split() == [f"system:serviceaccount:{namespace}:default", namespace], done.output.get(2)
