"""CustomResourceDefinitions: several versions and their order, what is established, what goes with them.

SMI lives on them.
"""

from collections.abc import Callable
from typing import Any

from tests.contract.conftest import conditions
from tests.support.crd_samples import CRDS, SCHEMA, definition, install, version, widget
from tests.support.kube_api import Api, Object, until


class TestDefinitions:
    """The definitions themselves."""

    def test_versions_are_ordered_by_priority_whatever_the_order_of_the_definition(
        self, api: Api, remove: Any, unique: Any
    ) -> None:
        """Negotiation takes what a cluster prefers: GA before beta before alpha, higher numbers first,
        others by name last."""
        names = ["v1alpha1", "odd", "v1beta1", "v2", "v1alpha2", "v1"]
        group = install(
            api,
            remove,
            definition(f"{unique('versions')}.example.org", [version(n, storage=n == "v1alpha1") for n in names]),
        )
        wanted = ["v2", "v1", "v1beta1", "v1alpha2", "v1alpha1", "odd"]

        def listed() -> Object | None:
            found = next((g for g in api.get("/apis").ok()["groups"] if g["name"] == group), None)
            return found if found is not None and len(found["versions"]) == len(names) else None

        found = until(listed, f"{group} is listed")
        assert [entry["version"] for entry in found["versions"]] == wanted
        assert found["preferredVersion"]["version"] == "v2"
        assert [entry["version"] for entry in api.get(f"/apis/{group}").ok()["versions"]] == wanted

    def test_one_object_is_served_in_every_version(self, api: Api, remove: Any, unique: Any, namespace: str) -> None:
        """With conversion None only apiVersion changes: the reference mesh serves every version of a kind so."""
        group = install(
            api,
            remove,
            definition(f"{unique('versions')}.example.org", [version("v1alpha1"), version("v1alpha2", storage=True)]),
        )
        at = f"/apis/{group}/{{}}/namespaces/{namespace}/widgets"
        made = api.post(at.format("v1alpha1"), widget(group, "w", "v1alpha1")).ok()
        assert made["apiVersion"] == f"{group}/v1alpha1"
        other = api.get(at.format("v1alpha2") + "/w").ok()
        assert other["apiVersion"] == f"{group}/v1alpha2"
        assert (other["metadata"]["uid"], other["spec"]) == (made["metadata"]["uid"], made["spec"])
        (item,) = api.get(at.format("v1alpha1")).ok()["items"]
        assert item["apiVersion"] == f"{group}/v1alpha1"

    def test_a_version_not_served_is_404_while_others_are_served(self, api: Api, remove: Any, unique: Any) -> None:
        """A mesh may define a version without serving it: negotiation must not choose it."""
        group = install(
            api,
            remove,
            definition(f"{unique('served')}.example.org", [version("v1", storage=True), version("v2", served=False)]),
        )
        assert api.get(f"/apis/{group}/v2/widgets").status == 404
        assert api.get(f"/apis/{group}/v2").status == 404
        assert [entry["version"] for entry in api.get(f"/apis/{group}").ok()["versions"]] == ["v1"]

    def test_a_definition_is_established_and_names_what_it_accepted(self, api: Api, group: str) -> None:
        """Installers wait for Established; `kubectl wait --for condition=established`."""
        found = api.get(f"{CRDS}/widgets.{group}").ok()
        assert {("Established", "True"), ("NamesAccepted", "True")} <= conditions(found)
        assert found["status"]["acceptedNames"]["kind"] == "Widget"
        assert found["status"]["storedVersions"] == ["v1"]
        assert found["spec"]["conversion"] == {"strategy": "None"}

    def test_resource_list_of_a_custom_group(self, api: Api, group: str) -> None:
        """The suite finds by discovery which kinds a mesh has."""
        found = {resource["name"]: resource for resource in api.get(f"/apis/{group}/v1").ok()["resources"]}
        assert found["widgets"]["kind"] == "Widget"
        assert found["widgets"]["shortNames"] == ["widgetz"]
        assert set(found["widgets"]["verbs"]) == {
            "delete",
            "deletecollection",
            "get",
            "list",
            "patch",
            "create",
            "update",
            "watch",
        }
        assert set(found["widgets/status"]["verbs"]) == {"get", "patch", "update"}

    def test_objects_go_with_their_definition(self, api: Api, unique: Any, namespace: str) -> None:
        """Removing a mesh's definitions removes its objects; the kind is then not served."""
        group = f"{unique('going')}.example.org"
        install(api, None, definition(group, [version("v1", storage=True)]))
        at = f"/apis/{group}/v1/namespaces/{namespace}/widgets"
        api.post(at, widget(group, "w")).ok()
        api.delete(f"{CRDS}/widgets.{group}").ok()
        until(lambda: api.get(f"{CRDS}/widgets.{group}").status == 404, "the definition is gone")
        until(lambda: api.get(at).status == 404, "the kind is not served")
        until(lambda: all(g["name"] != group for g in api.get("/apis").ok()["groups"]), "the group is not listed")

    def test_a_definition_needs_a_structural_schema_and_one_storage_version(self, api: Api, unique: Any) -> None:
        """Manifests of ours are checked by the server: the words of its refusals."""
        group = f"{unique('bad')}.example.org"
        bad = definition(group, [version("v1", storage=True), version("v2", storage=True)])
        refused = api.post(CRDS, bad)
        assert (refused.status, refused.reason) == (422, "Invalid")
        assert any(
            f == "spec.versions" and "exactly one version marked as storage version" in text
            for f, _, text in refused.causes
        )
        named = definition(group, [version("v1", storage=True)])
        named["metadata"]["name"] = f"other.{group}"
        refused = api.post(CRDS, named)
        assert refused.status == 422
        assert any(
            f == "metadata.name" and text.endswith('must be spec.names.plural+"."+spec.group')
            for f, _, text in refused.causes
        )

    def test_a_schema_that_is_not_of_type_object_is_refused(self, api: Api, unique: Any) -> None:
        """A hand-written definition without a root type fails at installation, not later."""
        wrong = definition(f"{unique('bad')}.example.org", [version("v1", storage=True, schema={"properties": {}})])
        refused = api.post(CRDS, wrong)
        assert (refused.status, refused.reason) == (422, "Invalid")
        cause = (
            "spec.validation.openAPIV3Schema.type",
            "FieldValueRequired",
            "Required value: must not be empty at the root",
        )
        assert refused.causes == [cause]


def test_schemas_with_refused_keywords_are_named(api: Api, unique: Callable[[str], str]) -> None:
    """A definition with additionalProperties beside properties is not structural: the server says so."""
    schema = {**SCHEMA, "additionalProperties": {"type": "string"}}
    refused = api.post(CRDS, definition(f"{unique('bad')}.example.org", [version("v1", storage=True, schema=schema)]))
    assert refused.status == 422
    field = "spec.validation.openAPIV3Schema.additionalProperties"
    assert (
        field,
        "FieldValueForbidden",
        "Forbidden: additionalProperties and properties are mutual exclusive",
    ) in refused.causes
