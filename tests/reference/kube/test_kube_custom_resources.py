"""CRDs and custom objects through the official Python client."""

from __future__ import annotations

import json
from typing import Any, cast

import kubernetes
import pytest
from kubernetes import dynamic

client: Any = kubernetes.client  # its types know no plain dictionaries, which it takes all the same

CRD: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "splits.example.io"},
    "spec": {
        "group": "example.io",
        "scope": "Namespaced",
        "names": {"plural": "splits", "kind": "Split", "shortNames": ["sp"]},
        "versions": [
            {
                "name": name,
                "served": True,
                "storage": name == "v1alpha2",
                "subresources": {"status": {}},
                "additionalPrinterColumns": [{"name": "Service", "type": "string", "jsonPath": ".spec.service"}],
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "required": ["service"],
                                "properties": {
                                    "service": {"type": "string"},
                                    "weight": {"x-kubernetes-int-or-string": True},
                                    "mode": {"type": "string", "enum": ["a", "b"], "default": "a"},
                                    "count": {"type": "integer", "minimum": 0},
                                },
                            },
                            "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                        },
                    }
                },
            }
            for name in ("v1alpha1", "v1alpha2")
        ],
    },
}


def split(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "example.io/v1alpha2", "kind": "Split", "metadata": {"name": "s"}, "spec": spec}


def status_of(error: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(error.body)
    return found


class TestCustomResources:
    """CRDs."""

    def test_every_served_version_at_once(self, api: Any) -> None:
        """A new CRD is established, discovered and served in all versions, with defaults."""
        made = client.ApiextensionsV1Api(api).create_custom_resource_definition(CRD)
        assert made.metadata.name == "splits.example.io"
        custom = client.CustomObjectsApi(api)
        created = custom.create_namespaced_custom_object(
            "example.io", "v1alpha2", "default", "splits", split(service="x", unknown=1)
        )
        assert created["spec"] == {"service": "x", "mode": "a"}
        other = custom.get_namespaced_custom_object("example.io", "v1alpha1", "default", "splits", "s")
        assert other["apiVersion"] == "example.io/v1alpha1"
        conditions = (
            client.ApiextensionsV1Api(api).read_custom_resource_definition("splits.example.io").status.conditions
        )
        assert {(condition.type, condition.status) for condition in conditions} == {
            ("NamesAccepted", "True"),
            ("Established", "True"),
        }
        found = cast(Any, dynamic.DynamicClient)(api).resources.get(api_version="example.io/v1alpha2", kind="Split")
        assert found.name == "splits"

    def test_schema_faults_are_422(self, api: Any) -> None:
        """All faults come at once, in Kubernetes' wording."""
        client.ApiextensionsV1Api(api).create_custom_resource_definition(CRD)
        body = split(mode="c", count=-1, weight=True)
        with pytest.raises(client.ApiException) as error:
            client.CustomObjectsApi(api).create_namespaced_custom_object(
                "example.io", "v1alpha2", "default", "splits", body
            )
        message = status_of(error.value)["message"]
        assert message.startswith('Split.example.io "s" is invalid: [')
        assert "spec.service: Required value" in message
        assert 'spec.mode: Unsupported value: "c": supported values: "a", "b"' in message
        assert "spec.count: Invalid value: -1: spec.count in body should be greater than or equal to 0" in message
        assert (
            'spec.weight: Invalid value: "boolean": spec.weight in body must be of type integer,string: "boolean"'
            in message
        )

    def test_status_is_a_subresource(self, api: Any) -> None:
        """Status changes through /status alone and does not move generation."""
        client.ApiextensionsV1Api(api).create_custom_resource_definition(CRD)
        custom = client.CustomObjectsApi(api)
        where = ("example.io", "v1alpha2", "default", "splits")
        made = custom.create_namespaced_custom_object(*where, {**split(service="x"), "status": {"ok": True}})
        assert "status" not in made
        changed = custom.patch_namespaced_custom_object_status(
            *where, "s", {"status": {"ok": True}, "spec": {"service": "y"}}
        )
        assert (changed["status"], changed["spec"]["service"], changed["metadata"]["generation"]) == (
            {"ok": True},
            "x",
            1,
        )

    def test_removed_crd_takes_its_objects_and_paths_along(self, api: Any, cluster: Any) -> None:
        """After deletion the path is 404 and the objects are gone."""
        client.ApiextensionsV1Api(api).create_custom_resource_definition(CRD)
        custom = client.CustomObjectsApi(api)
        custom.create_namespaced_custom_object("example.io", "v1alpha2", "default", "splits", split(service="x"))
        client.ApiextensionsV1Api(api).delete_custom_resource_definition("splits.example.io")
        with pytest.raises(client.ApiException) as error:
            custom.list_namespaced_custom_object("example.io", "v1alpha2", "default", "splits")
        assert error.value.status == 404
        client.ApiextensionsV1Api(api).create_custom_resource_definition(CRD)
        assert custom.list_namespaced_custom_object("example.io", "v1alpha2", "default", "splits")["items"] == []

    def test_strategic_merge_is_415_for_custom_kinds(self, api: Any, cluster: Any) -> None:
        """Strategic merge patches are for built-in kinds."""
        client.ApiextensionsV1Api(api).create_custom_resource_definition(CRD)
        with cluster.client() as http:
            http.post("/apis/example.io/v1alpha2/namespaces/default/splits", json=split(service="x"))
            path = "/apis/example.io/v1alpha2/namespaces/default/splits/s"
            answer = http.patch(path, content="{}", headers={"Content-Type": "application/strategic-merge-patch+json"})
        assert answer.status_code == 415
