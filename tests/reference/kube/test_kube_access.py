"""Who may do what: roles, impersonation, tokens, reviews."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_smi.reference.kube.rbac import Attributes, User, rule_allows, subject_is

READER = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"], "resourceNames": ["a"]}


class TestRules:
    """Single rules."""

    @pytest.mark.parametrize(
        ("rule", "asked", "allowed"),
        [
            (READER, Attributes(verb="get", resource="pods", name="a"), True),
            (READER, Attributes(verb="get", resource="pods", name="b"), False),
            (READER, Attributes(verb="list", resource="pods"), False),
            (READER, Attributes(verb="get", resource="pods", subresource="log", name="a"), False),
            (
                {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
                Attributes(verb="x", group="g", resource="r", subresource="s"),
                True,
            ),
            (
                {"apiGroups": [""], "resources": ["*/log"], "verbs": ["get"]},
                Attributes(verb="get", resource="pods", subresource="log"),
                True,
            ),
            (
                {"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["create"]},
                Attributes(verb="create", resource="pods"),
                False,
            ),
            ({"nonResourceURLs": ["/api/*"], "verbs": ["get"]}, Attributes(verb="get", path="/api/v1"), True),
            ({"nonResourceURLs": ["/api"], "verbs": ["get"]}, Attributes(verb="get", path="/apis"), False),
        ],
    )
    def test_rule_covers(self, rule: dict[str, Any], asked: Attributes, allowed: bool) -> None:
        """Verbs, groups, resources, subresources, names and paths all count."""
        assert rule_allows(rule, asked) is allowed

    def test_service_account_subject_takes_the_bindings_namespace(self) -> None:
        """A subject without namespace means the binding's."""
        user = User(name="system:serviceaccount:t1:bob")
        assert subject_is({"kind": "ServiceAccount", "name": "bob"}, user, "t1")
        assert not subject_is({"kind": "ServiceAccount", "name": "bob"}, user, "t2")


ROLES = "/apis/rbac.authorization.k8s.io/v1/namespaces/default"


class TestServer:
    """The same over HTTP."""

    def bind(self, http: Any) -> None:
        role = {
            "metadata": {"name": "r"},
            "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}],
        }
        binding = {
            "metadata": {"name": "r"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"},
            "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": "default"}],
        }
        assert http.post(f"{ROLES}/roles", json=role).status_code == 201
        assert http.post(f"{ROLES}/rolebindings", json=binding).status_code == 201

    def test_service_account_tokens_get_what_is_bound(self, cluster: Any) -> None:
        """A token request's token may do what the role says, at once, and nothing else."""
        with cluster.client() as http:
            path = "/api/v1/namespaces/default/serviceaccounts/default/token"
            token = http.post(path, json={"spec": {}}).json()["status"]["token"]
            with cluster.client(token) as other:
                assert other.get("/api/v1/namespaces/default/pods").status_code == 403
                self.bind(http)
                assert other.get("/api/v1/namespaces/default/pods").status_code == 200
                denied = other.get("/api/v1/namespaces/default/secrets/x").json()
                assert other.get("/apis").status_code == 200
            review = http.post("/apis/authentication.k8s.io/v1/tokenreviews", json={"spec": {"token": token}}).json()
        user = "system:serviceaccount:default:default"
        text = (
            f'secrets "x" is forbidden: User "{user}" cannot get resource "secrets" in API group "" in the '
            'namespace "default"'
        )
        assert denied["message"] == text
        assert review["status"]["user"]["username"] == user

    def test_token_dies_with_its_account(self, cluster: Any) -> None:
        """A deleted service account's token is 401, even when one of the same name follows."""
        with cluster.client() as http:
            http.post("/api/v1/namespaces/default/serviceaccounts", json={"metadata": {"name": "bob"}})
            token = cluster.call(cluster.server.issue_service_account_token, "default", "bob")
            with cluster.client(token) as other:
                assert other.get("/apis").status_code == 200
                http.delete("/api/v1/namespaces/default/serviceaccounts/bob")
                http.post("/api/v1/namespaces/default/serviceaccounts", json={"metadata": {"name": "bob"}})
                assert other.get("/apis").status_code == 401

    def test_impersonation_counts_for_the_one_who_is_meant(self, cluster: Any) -> None:
        """An impersonated user has that user's rights; impersonating needs the verb."""
        with cluster.client() as http:
            self.bind(http)
            as_account = {"Impersonate-User": "system:serviceaccount:default:default"}
            assert http.get("/api/v1/namespaces/default/pods", headers=as_account).status_code == 200
            assert http.get("/api/v1/namespaces/default/secrets", headers=as_account).status_code == 403
            everything = {"Impersonate-User": "eve", "Impersonate-Group": "system:masters"}
            assert http.get("/api/v1/secrets", headers=everything).status_code == 200
            body = {"spec": {"resourceAttributes": {"verb": "list", "resource": "pods", "namespace": "default"}}}
            path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
            assert http.post(path, json=body, headers=as_account).json()["status"]["allowed"] is True
            token = cluster.call(cluster.server.issue_service_account_token, "default", "default")
        with cluster.client(token) as other:
            answer = other.get("/apis", headers={"Impersonate-User": "eve"})
        assert answer.status_code == 403
        assert 'cannot impersonate resource "users"' in answer.json()["message"]
