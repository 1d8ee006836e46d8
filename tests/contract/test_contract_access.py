"""Who may do what: RBAC and its words, access reviews, impersonation."""

from typing import Any

import pytest

from tests.support.kube_api import Api, Object, until

RBAC = "rbac.authorization.k8s.io"
REVIEWS = "/apis/authorization.k8s.io/v1"


@pytest.fixture(scope="module")
def reader(cluster: Any, namespace: str, token_of: Any) -> Api:
    """A service account that may read ConfigMaps of its namespace, and its token."""
    api: Api = cluster.api
    api.post(f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": "reader"}}).ok()
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}]
    rules.append({"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["mine"], "verbs": ["get"]})
    at = f"/apis/{RBAC}/v1/namespaces/{namespace}"
    api.post(f"{at}/roles", {"metadata": {"name": "reader"}, "rules": rules}).ok()
    body = {
        "metadata": {"name": "reader"},
        "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": "reader"},
        "subjects": [{"kind": "ServiceAccount", "name": "reader", "namespace": namespace}],
    }
    api.post(f"{at}/rolebindings", body).ok()
    bearer = api.as_token(token_of("reader")["status"]["token"])
    until(lambda: bearer.get(f"/api/v1/namespaces/{namespace}/configmaps").status == 200, "the role is known")
    return bearer


class TestForbidden:
    """403 and 401."""

    def test_an_account_without_role_is_forbidden_in_words(
        self, cluster: Any, namespace: str, account: str, token_of: Any
    ) -> None:
        """TM-55 and preflight read the words: who, which verb, which resource, where."""
        bearer = cluster.api.as_token(token_of(account)["status"]["token"])
        who = f"system:serviceaccount:{namespace}:{account}"
        refused = bearer.get(f"/api/v1/namespaces/{namespace}/pods")
        assert (refused.status, refused.reason) == (403, "Forbidden")
        assert (
            refused.message
            == f'pods is forbidden: User "{who}" cannot list resource "pods" in API group "" in the namespace '
            f'"{namespace}"'
        )
        assert refused.body["details"] == {"kind": "pods"}
        refused = bearer.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/web")
        text = f'User "{who}" cannot get resource "deployments" in API group "apps" in the namespace "{namespace}"'
        assert refused.message == f'deployments.apps "web" is forbidden: {text}'
        assert refused.body["details"] == {"name": "web", "group": "apps", "kind": "deployments"}
        refused = bearer.get("/api/v1/nodes")
        assert (
            refused.message
            == f'nodes is forbidden: User "{who}" cannot list resource "nodes" in API group "" at the cluster scope'
        )
        refused = bearer.get("/metrics")
        assert (refused.status, refused.message) == (403, f'forbidden: User "{who}" cannot get path "/metrics"')

    def test_exec_needs_its_own_permission(self, cluster: Any, namespace: str, account: str, token_of: Any) -> None:
        """A run without pods/exec is told by the doctor."""
        bearer = cluster.api.as_token(token_of(account)["status"]["token"])
        refused = bearer.get(f"/api/v1/namespaces/{namespace}/pods/p/exec", command="true", stdout="true")
        assert refused.status == 403
        assert 'cannot get resource "pods/exec" in API group ""' in refused.message

    def test_every_account_may_discover(self, cluster: Any, account: str, token_of: Any) -> None:
        """Preflight reads /version and /apis with the runner's token."""
        bearer = cluster.api.as_token(token_of(account)["status"]["token"])
        for path in ("/version", "/apis", "/api/v1", "/apis/apps/v1", "/openapi/v3"):
            assert bearer.get(path).status == 200

    def test_an_unknown_token_is_401(self, api: Api) -> None:
        """A run whose token has expired stops with a clear error."""
        refused = api.as_token("no.such.token").get("/api/v1/namespaces")
        assert refused.status == 401
        wanted = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": "Unauthorized"}
        assert refused.body == {**wanted, "reason": "Unauthorized", "code": 401}

    def test_nobody_is_anonymous(self, api: Api) -> None:
        """Without credentials a client is system:anonymous, who may do next to nothing."""
        refused = api.as_token("").get("/api/v1/namespaces")
        assert (refused.status, refused.reason) == (403, "Forbidden")
        text = 'User "system:anonymous" cannot list resource "namespaces" in API group "" at the cluster scope'
        assert refused.message == f"namespaces is forbidden: {text}"
        refused = api.as_token("").get("/apis")
        assert refused.message == 'forbidden: User "system:anonymous" cannot get path "/apis"'


class TestRoles:
    """Roles and bindings."""

    def test_a_role_grants_its_verbs_and_no_others(self, reader: Api, namespace: str) -> None:
        """Least privilege: manifests/rbac.yaml is all that a run needs."""
        at = f"/api/v1/namespaces/{namespace}/configmaps"
        assert reader.get(at).status == 200
        assert reader.get(f"{at}/no-such-map").status == 404
        assert reader.post(at, {"metadata": {"name": "m"}}).status == 403
        assert reader.get(at, watch="true").status == 403
        assert reader.get("/api/v1/namespaces/default/configmaps").status == 403

    def test_a_name_in_a_rule_narrows_it(self, reader: Api, namespace: str) -> None:
        """resourceNames: others' objects stay out of reach."""
        at = f"/api/v1/namespaces/{namespace}/secrets"
        assert reader.get(f"{at}/mine").status == 404
        assert reader.get(f"{at}/others").status == 403
        assert reader.get(at).status == 403

    def test_nobody_grants_more_than_they_have(self, cluster: Any, namespace: str, token_of: Any) -> None:
        """The runner may create roles only of what it may do itself: TM-55 needs that."""
        api: Api = cluster.api
        api.post(f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": "granter"}}).ok()
        at = f"/apis/{RBAC}/v1/namespaces/{namespace}"
        own = [
            {"apiGroups": [RBAC], "resources": ["roles", "rolebindings"], "verbs": ["create"]},
            {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]},
        ]
        api.post(f"{at}/roles", {"metadata": {"name": "granter"}, "rules": own}).ok()
        ref = {"apiGroup": RBAC, "kind": "Role", "name": "granter"}
        subject = {"kind": "ServiceAccount", "name": "granter", "namespace": namespace}
        api.post(f"{at}/rolebindings", {"metadata": {"name": "granter"}, "roleRef": ref, "subjects": [subject]}).ok()
        bearer = api.as_token(token_of("granter")["status"]["token"])
        rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}
        until(
            lambda: (
                bearer.post(f"{at}/roles", {"metadata": {"name": "same"}, "rules": [rule]}, dryRun="All").status == 201
            ),
            "it may grant",
        )
        refused = bearer.post(
            f"{at}/roles", {"metadata": {"name": "more"}, "rules": [{**rule, "resources": ["secrets"]}]}
        )
        assert (refused.status, refused.reason) == (403, "Forbidden")
        assert f'user "system:serviceaccount:{namespace}:granter"' in refused.message
        assert "is attempting to grant RBAC permissions not currently held" in refused.message
        wide = {"apiGroup": RBAC, "kind": "ClusterRole", "name": "cluster-admin"}
        refused = bearer.post(
            f"{at}/rolebindings", {"metadata": {"name": "more"}, "roleRef": wide, "subjects": [subject]}
        )
        assert refused.status == 403
        assert "is attempting to grant RBAC permissions not currently held" in refused.message


class TestReviews:
    """Questions about permissions."""

    def test_self_subject_access_review(self, reader: Api, api: Api, namespace: str) -> None:
        """The doctor asks for every permission of manifests/rbac.yaml."""

        def ask(asker: Api, **attributes: str) -> Object:
            body = {
                "apiVersion": "authorization.k8s.io/v1",
                "kind": "SelfSubjectAccessReview",
                "spec": {"resourceAttributes": attributes},
            }
            answer = asker.post(f"{REVIEWS}/selfsubjectaccessreviews", body)
            assert (answer.status, answer.body["kind"]) == (201, "SelfSubjectAccessReview")
            status: Object = answer.body["status"]
            return status

        granted = ask(reader, verb="list", resource="configmaps", namespace=namespace)
        assert granted["allowed"] is True
        assert granted["reason"].startswith("RBAC: allowed by RoleBinding ")
        assert ask(reader, verb="create", resource="configmaps", namespace=namespace)["allowed"] is False
        assert ask(reader, verb="list", resource="configmaps")["allowed"] is False
        assert ask(reader, verb="create", resource="pods", subresource="exec", namespace=namespace)["allowed"] is False
        assert ask(api, verb="create", resource="pods", subresource="exec", namespace=namespace)["allowed"] is True

    def test_a_review_about_somebody_else(self, api: Api, namespace: str, reader: Api) -> None:
        """The metrics server of the reference mesh asks about its caller by SubjectAccessReview."""
        spec: Object = {
            "user": f"system:serviceaccount:{namespace}:reader",
            "groups": ["system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated"],
            "resourceAttributes": {"verb": "get", "resource": "configmaps", "namespace": namespace, "name": "m"},
        }
        answer = api.post(f"{REVIEWS}/subjectaccessreviews", {"spec": spec})
        assert (answer.status, answer.body["status"]["allowed"]) == (201, True)
        spec["resourceAttributes"]["verb"] = "delete"
        assert api.post(f"{REVIEWS}/subjectaccessreviews", {"spec": spec}).ok()["status"]["allowed"] is False
        refused = reader.post(f"{REVIEWS}/subjectaccessreviews", {"spec": spec})
        assert refused.status == 403

    def test_a_review_of_nothing_is_refused(self, api: Api) -> None:
        """A question needs exactly one kind of attributes."""
        refused = api.post(f"{REVIEWS}/selfsubjectaccessreviews", {"spec": {}})
        assert refused.status == 422
        assert "exactly one of nonResourceAttributes or resourceAttributes must be specified" in refused.message


class TestImpersonation:
    """Asking as somebody else."""

    def test_as_a_service_account(self, api: Api, namespace: str, account: str, reader: Api) -> None:
        """TM-55 asks for metrics as an account without permission."""
        for name, status in ((account, 403), ("reader", 200)):
            headers = {"Impersonate-User": f"system:serviceaccount:{namespace}:{name}"}
            assert api.request("GET", f"/api/v1/namespaces/{namespace}/configmaps", headers=headers).status == status

    def test_as_a_user_with_groups(self, api: Api) -> None:
        """kubectl --as --as-group."""
        headers = {"Impersonate-User": "eve", "Impersonate-Group": "system:masters"}
        assert api.request("GET", "/api/v1/nodes", headers=headers).status == 200
        refused = api.request("GET", "/api/v1/nodes", headers={"Impersonate-User": "eve"})
        assert (
            refused.message
            == 'nodes is forbidden: User "eve" cannot list resource "nodes" in API group "" at the cluster scope'
        )

    def test_needs_permission(self, reader: Api, namespace: str, account: str) -> None:
        """Without the verb impersonate nobody asks as somebody else."""
        headers = {"Impersonate-User": f"system:serviceaccount:{namespace}:{account}"}
        refused = reader.request("GET", "/version", headers=headers)
        assert refused.status == 403
        who = f'User "system:serviceaccount:{namespace}:reader"'
        text = f'{who} cannot impersonate resource "serviceaccounts" in API group "" in the namespace "{namespace}"'
        assert refused.message == f'serviceaccounts "{account}" is forbidden: {text}'

    def test_who_am_i(self, api: Api, namespace: str, reader: Api) -> None:
        """SelfSubjectReview: kubectl auth whoami."""
        info = reader.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", {"kind": "SelfSubjectReview"}).ok()[
            "status"
        ]["userInfo"]
        assert info["username"] == f"system:serviceaccount:{namespace}:reader"
        assert set(info["groups"]) == {
            "system:serviceaccounts",
            f"system:serviceaccounts:{namespace}",
            "system:authenticated",
        }
