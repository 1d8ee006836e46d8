"""Writing over HTTP: lifecycle, deletion options, patches, conflicts, faulty bodies."""

from __future__ import annotations

from typing import Any

import pytest

MAPS = "/api/v1/namespaces/default/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"


def config_map(name: str, **meta: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, **meta}, "data": {"a": "b"}}


def deployment(name: str = "web") -> dict[str, Any]:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "main", "image": "x:1"}]}}
    return {"metadata": {"name": name}, "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template}}


class TestLifecycle:
    """Namespaces and deletion."""

    def test_nothing_new_in_a_namespace_that_is_going(self, cluster: Any) -> None:
        """403 with the cause NamespaceTerminating; 404 when it is gone."""
        with cluster.client() as http:
            http.post("/api/v1/namespaces", json={"metadata": {"name": "t1"}})
            finalized = {"metadata": {"finalizers": ["example.io/hold"]}}
            http.patch(
                "/api/v1/namespaces/t1", json=finalized, headers={"Content-Type": "application/merge-patch+json"}
            )
            http.delete("/api/v1/namespaces/t1")
            answer = http.post("/api/v1/namespaces/t1/configmaps", json=config_map("a")).json()
            missing = http.post("/api/v1/namespaces/nope/configmaps", json=config_map("a"))
        assert (answer["code"], answer["details"]["causes"][0]["reason"]) == (403, "NamespaceTerminating")
        assert (missing.status_code, missing.json()["message"]) == (404, 'namespaces "nope" not found')

    def test_delete_collection_takes_the_selected(self, cluster: Any) -> None:
        """Only what the selector matches goes."""
        with cluster.client() as http:
            for name, labels in (("a", {"x": "1"}), ("b", {"x": "2"})):
                http.post(MAPS, json=config_map(name, labels=labels))
            http.delete(MAPS, params={"labelSelector": "x=1"})
            names = [item["metadata"]["name"] for item in http.get(MAPS).json()["items"]]
        assert names == ["b", "kube-root-ca.crt"]

    def test_preconditions_and_orphans(self, cluster: Any) -> None:
        """A wrong uid is 409; orphaned dependents stay, others follow."""
        with cluster.client() as http:
            owners = [http.post(MAPS, json=config_map(name)).json() for name in ("one", "two")]
            for owner in owners:
                meta = owner["metadata"]
                reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": meta["name"], "uid": meta["uid"]}
                http.post(MAPS, json=config_map(f"of-{meta['name']}", ownerReferences=[reference]))
            wrong = http.request("DELETE", f"{MAPS}/one", json={"preconditions": {"uid": "other"}})
            assert wrong.status_code == 409
            http.request("DELETE", f"{MAPS}/one", json={"propagationPolicy": "Orphan"})
            http.delete(f"{MAPS}/two")
            assert http.get(f"{MAPS}/of-one").status_code == 200
            assert http.get(f"{MAPS}/of-two").status_code == 404


class TestPatch:
    """The patch types over HTTP."""

    def patch(self, http: Any, kind: str, body: Any, path: str = f"{DEPLOYMENTS}/web") -> Any:
        return http.patch(path, json=body, headers={"Content-Type": f"application/{kind}"})

    def test_each_type_on_a_deployment(self, cluster: Any) -> None:
        """Strategic merge keeps the other fields of a container; merge patch replaces the list; JSON patch picks."""
        with cluster.client() as http:
            http.post(DEPLOYMENTS, json=deployment())
            change = {"spec": {"template": {"spec": {"containers": [{"name": "main", "args": ["x"]}]}}}}
            strategic = self.patch(http, "strategic-merge-patch+json", change).json()
            assert strategic["spec"]["template"]["spec"]["containers"][0]["image"] == "x:1"
            assert self.patch(http, "merge-patch+json", change).status_code == 422
            picked = [{"op": "replace", "path": "/spec/replicas", "value": 5}]
            assert self.patch(http, "json-patch+json", picked).json()["spec"]["replicas"] == 5
            failing = [{"op": "test", "path": "/spec/replicas", "value": 6}]
            assert self.patch(http, "json-patch+json", failing).status_code == 422
            fixed = self.patch(http, "merge-patch+json", {"spec": {"selector": {"matchLabels": {"c": "d"}}}})
            assert "field is immutable" in fixed.json()["message"]
            scaled = self.patch(http, "merge-patch+json", {"spec": {"replicas": 2}}, f"{DEPLOYMENTS}/web/scale").json()
            assert (scaled["kind"], scaled["spec"]["replicas"]) == ("Scale", 2)

    def test_a_stale_version_in_a_patch_conflicts(self, cluster: Any) -> None:
        """A patch conflicts only when it names an old resourceVersion."""
        with cluster.client() as http:
            old = http.post(MAPS, json=config_map("a")).json()["metadata"]["resourceVersion"]
            assert self.patch(http, "merge-patch+json", {"data": {"x": "y"}}, f"{MAPS}/a").status_code == 200
            stale = self.patch(
                http, "merge-patch+json", {"metadata": {"resourceVersion": old}, "data": {"x": "z"}}, f"{MAPS}/a"
            )
        assert (stale.status_code, stale.json()["reason"]) == (409, "Conflict")


class TestFaultyBodies:
    """Bad input never is the server's fault."""

    @pytest.mark.parametrize(
        ("path", "body", "status"),
        [
            (MAPS, "{", 400),
            (MAPS, "[]", 400),
            (MAPS, '{"kind":"Secret","apiVersion":"v1","metadata":{"name":"a"}}', 400),
            (MAPS, '{"metadata":{"name":"a","namespace":"other"}}', 400),
            (MAPS, '{"metadata":{"name":"a","labels":{"a":1}}}', 400),
            (MAPS, '{"metadata":{}}', 422),
            (DEPLOYMENTS, '{"metadata":{"name":"a"},"spec":{"template":"x","strategy":"y"}}', 400),
            (DEPLOYMENTS, '{"metadata":{"name":"a"},"spec":"x"}', 400),
            ("/api/v1/namespaces/default/pods", '{"metadata":{"name":"a"},"spec":{"containers":["x"]}}', 400),
            ("/api/v1/namespaces/default/services", '{"metadata":{"name":"1a"},"spec":{"ports":[{"port":0}]}}', 422),
            ("/api/v1/namespaces/default/nothing", "{}", 404),
        ],
    )
    def test_status(self, cluster: Any, path: str, body: str, status: int) -> None:
        """400 for what cannot be read, 422 for what breaks rules, 404 for kinds that are not served."""
        with cluster.client() as http:
            answer = http.post(path, content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == status, answer.text

    def test_yaml_bodies_are_read(self, cluster: Any) -> None:
        """YAML is as good as JSON, and its dates stay strings."""
        body = "metadata: {name: a}\ndata: {day: 2026-01-01}\n"
        with cluster.client() as http:
            answer = http.post(MAPS, content=body, headers={"Content-Type": "application/yaml"})
        assert answer.json()["data"] == {"day": "2026-01-01"}

    def test_unusable_schemas_are_refused(self, cluster: Any) -> None:
        """A CRD whose schema names an unknown type or a broken pattern is 422."""
        schema = {"type": "object", "properties": {"a": {"type": "strin"}, "b": {"type": "string", "pattern": "("}}}
        version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
        spec = {"group": "e.io", "scope": "Cluster", "names": {"plural": "xs", "kind": "X"}, "versions": [version]}
        with cluster.client() as http:
            body = {"metadata": {"name": "xs.e.io"}, "spec": spec}
            answer = http.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", json=body)
        assert answer.status_code == 422
        assert len(answer.json()["details"]["causes"]) == 2
