"""Create, replace, patch and apply of built-in kinds, their defaults, conflicts and refusals,
as the suite writes them."""

from typing import Any

import pytest

from tests.support.kube_api import JSON_PATCH, STRATEGIC, Api, Object
from tests.support.kube_samples import service


def config_map(name: str, **data: str) -> Object:
    """A ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


@pytest.fixture
def maps(namespace: str) -> str:
    """The collection of ConfigMaps."""
    return f"/api/v1/namespaces/{namespace}/configmaps"


@pytest.fixture
def services(namespace: str) -> str:
    """The collection of Services."""
    return f"/api/v1/namespaces/{namespace}/services"


class TestCreate:
    """POST."""

    def test_the_answer_is_the_object_as_stored(self, api: Api, maps: str, namespace: str, unique: Any) -> None:
        """Every caller of Objects.apply reads uid and resourceVersion of the answer."""
        name = unique("m")
        answer = api.post(maps, config_map(name, a="1"))
        assert answer.status == 201
        meta = answer.body["metadata"]
        assert {"uid", "resourceVersion", "creationTimestamp"} <= set(meta)
        assert (meta["name"], meta["namespace"], answer.body["kind"], answer.body["apiVersion"]) == (
            name,
            namespace,
            "ConfigMap",
            "v1",
        )
        again = api.get(f"{maps}/{name}").ok()
        again["metadata"].pop("managedFields", None)
        meta.pop("managedFields", None)
        assert again == answer.body

    def test_a_generated_name_begins_with_its_prefix(self, api: Api, maps: str) -> None:
        """ReplicaSets name their pods so; the reference mesh its events."""
        body: Object = {"metadata": {"generateName": "made-"}}
        names = {api.post(maps, body).ok()["metadata"]["name"] for _ in range(3)}
        assert len(names) == 3
        assert all(name.startswith("made-") and len(name) == len("made-") + 5 for name in names)

    def test_a_taken_name_is_409_already_exists(self, api: Api, maps: str, unique: Any) -> None:
        """Objects.apply replaces what it cannot create for 409."""
        name = unique("m")
        api.post(maps, config_map(name)).ok()
        refused = api.post(maps, config_map(name))
        assert (refused.status, refused.reason) == (409, "AlreadyExists")
        assert refused.message == f'configmaps "{name}" already exists'
        assert refused.body["details"] == {"name": name, "kind": "configmaps"}
        assert (refused.body["kind"], refused.body["apiVersion"], refused.body["status"], refused.body["code"]) == (
            "Status",
            "v1",
            "Failure",
            409,
        )

    def test_a_missing_namespace_is_404(self, api: Api) -> None:
        """A run whose namespace was deleted under it is told so."""
        refused = api.post("/api/v1/namespaces/no-such-namespace/configmaps", config_map("m"))
        assert (refused.status, refused.reason) == (404, "NotFound")
        assert refused.message == 'namespaces "no-such-namespace" not found'
        assert refused.body["details"] == {"name": "no-such-namespace", "kind": "namespaces"}

    def test_a_resource_version_is_refused(self, api: Api, maps: str) -> None:
        """Objects read from a cluster are not created anew with their old resourceVersion."""
        body = config_map("versioned")
        body["metadata"]["resourceVersion"] = "7"
        refused = api.post(maps, body)
        assert refused.message == "resourceVersion should not be set on objects to be created"
        assert refused.status == 500

    def test_another_namespace_in_the_data_is_400(self, api: Api, maps: str) -> None:
        """The path decides; a manifest that says otherwise is a mistake."""
        body = config_map("elsewhere")
        body["metadata"]["namespace"] = "default"
        refused = api.post(maps, body)
        assert (refused.status, refused.reason) == (400, "BadRequest")
        assert (
            refused.message == "the namespace of the provided object does not match the namespace sent on the request"
        )

    def test_a_body_that_is_no_json_is_400(self, api: Api, maps: str) -> None:
        """A broken manifest is told as such."""
        refused = api.post(maps, b'{"metadata": ')
        assert (refused.status, refused.reason) == (400, "BadRequest")

    def test_a_field_of_the_wrong_type_is_400(self, api: Api, services: str, unique: Any) -> None:
        """Built-in kinds are decoded strictly by type."""
        refused = api.post(services, service(unique("s"), ports="many"))
        assert (refused.status, refused.reason) == (400, "BadRequest")
        assert refused.message.startswith('Service in version "v1" cannot be handled as a Service: ')

    @pytest.mark.parametrize("name", ["Upper", "a_b", "-a", "a" * 254])
    def test_a_bad_name_is_422(self, api: Api, maps: str, name: str) -> None:
        """Names of the suite's objects are legal; one that is not is refused with the rule."""
        refused = api.post(maps, config_map(name))
        assert (refused.status, refused.reason) == (422, "Invalid")
        assert refused.causes[0][:2] == ("metadata.name", "FieldValueInvalid")
        assert refused.message.startswith(f'ConfigMap "{name}" is invalid: metadata.name: Invalid value: "{name}": ')

    def test_no_name_is_422(self, api: Api, maps: str) -> None:
        """A manifest without a name is refused."""
        refused = api.post(maps, {"metadata": {}})
        assert refused.status == 422
        assert refused.causes == [
            ("metadata.name", "FieldValueRequired", "Required value: name or generateName is required")
        ]
        assert (
            refused.message
            == 'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required'
        )

    def test_bad_labels_are_422(self, api: Api, maps: str) -> None:
        """Labels of namespaces join a mesh: a wrong one must not pass silently."""
        body = config_map("labelled")
        body["metadata"]["labels"] = {"a b": "c", "d": "e f"}
        refused = api.post(maps, body)
        assert {(field, reason) for field, reason, _ in refused.causes} == {("metadata.labels", "FieldValueInvalid")}
        assert len(refused.causes) == 2

    def test_unknown_fields_of_built_in_kinds_are_dropped_and_warned_about(
        self, api: Api, services: str, unique: Any
    ) -> None:
        """A manifest for a newer release still applies."""
        answer = api.post(services, service(unique("s"), oddity=1), fieldValidation="Warn")
        assert answer.status == 201
        assert "oddity" not in answer.body["spec"]
        assert answer.headers["warning"] == '299 - "unknown field \\"spec.oddity\\""'

    def test_a_dry_run_of_a_built_in_kind_stores_nothing(self, api: Api, services: str, unique: Any) -> None:
        """kubectl apply --dry-run=server and the suite's questions."""
        name = unique("s")
        assert api.post(services, service(name), dryRun="All").status == 201
        assert api.get(f"{services}/{name}").status == 404

    def test_a_dry_run_other_than_all_is_refused(self, api: Api, maps: str) -> None:
        """A misspelt dry run must not write."""
        refused = api.post(maps, config_map("wet"), dryRun="Some")
        assert (refused.status, refused.reason) == (422, "Invalid")
        text = 'dryRun: Unsupported value: ["Some"]: supported values: "All"'
        assert refused.message == f'CreateOptions.meta.k8s.io "" is invalid: {text}'
        assert api.get(f"{maps}/wet").status == 404


class TestChange:
    """PUT and PATCH."""

    def test_an_old_resource_version_is_409_conflict(self, api: Api, maps: str, unique: Any) -> None:
        """A writer with old knowledge is refused: the suite and the mesh's control plane do not overwrite one
        another."""
        name = unique("m")
        made = api.post(maps, config_map(name)).ok()
        api.put(f"{maps}/{name}", {**made, "data": {"a": "1"}}).ok()
        refused = api.put(f"{maps}/{name}", {**made, "data": {"a": "2"}})
        assert (refused.status, refused.reason) == (409, "Conflict")
        assert refused.body["details"] == {"name": name, "kind": "configmaps"}
        text = "the object has been modified; please apply your changes to the latest version and try again"
        assert refused.message == f'Operation cannot be fulfilled on configmaps "{name}": {text}'

    def test_a_replacement_without_resource_version_wins(self, api: Api, maps: str, unique: Any) -> None:
        """Built-in kinds allow unconditional updates."""
        name = unique("m")
        api.post(maps, config_map(name, a="1")).ok()
        assert api.put(f"{maps}/{name}", config_map(name, b="2")).ok()["data"] == {"b": "2"}

    def test_another_uid_is_409(self, api: Api, maps: str, unique: Any) -> None:
        """An object that was deleted and made again is another one."""
        name = unique("m")
        made = api.post(maps, config_map(name)).ok()
        made["metadata"] |= {"uid": "00000000-0000-0000-0000-000000000000"}
        refused = api.put(f"{maps}/{name}", made)
        assert (refused.status, refused.reason) == (409, "Conflict")
        assert "Precondition failed: UID in precondition: 00000000-0000-0000-0000-000000000000" in refused.message

    def test_a_change_of_nothing_keeps_the_resource_version(self, api: Api, maps: str, unique: Any) -> None:
        """Applying what is there already wakes no watcher."""
        name = unique("m")
        made = api.post(maps, config_map(name, a="1")).ok()
        assert (
            api.patch(f"{maps}/{name}", {"data": {"a": "1"}}).ok()["metadata"]["resourceVersion"]
            == made["metadata"]["resourceVersion"]
        )

    def test_a_replacement_of_what_is_not_there_is_404(self, api: Api, maps: str) -> None:
        """PUT does not create."""
        refused = api.put(f"{maps}/no-such-map", config_map("no-such-map"))
        assert (refused.status, refused.reason, refused.message) == (
            404,
            "NotFound",
            'configmaps "no-such-map" not found',
        )
        assert refused.body["details"] == {"name": "no-such-map", "kind": "configmaps"}

    def test_another_name_in_the_data_is_400(self, api: Api, maps: str, unique: Any) -> None:
        """The path decides."""
        name = unique("m")
        api.post(maps, config_map(name)).ok()
        refused = api.put(f"{maps}/{name}", config_map("other"))
        assert (refused.status, refused.message) == (
            400,
            f"the name of the object (other) does not match the name on the URL ({name})",
        )

    def test_what_the_server_set_cannot_be_changed(self, api: Api, maps: str, unique: Any) -> None:
        """uid and creationTimestamp identify an object for the whole of its life."""
        name = unique("m")
        made = api.post(maps, config_map(name)).ok()
        changed = api.patch(f"{maps}/{name}", {"metadata": {"creationTimestamp": "2001-01-01T00:00:00Z"}}).ok()
        assert changed["metadata"]["creationTimestamp"] == made["metadata"]["creationTimestamp"]

    def test_merge_patch_removes_by_null(self, api: Api, maps: str, unique: Any) -> None:
        """Objects.patch sends merge patches."""
        name = unique("m")
        api.post(maps, config_map(name, a="1", b="2")).ok()
        assert api.patch(f"{maps}/{name}", {"data": {"a": None, "c": "3"}}).ok()["data"] == {"b": "2", "c": "3"}

    def test_json_patch_with_a_failing_test_is_422(self, api: Api, maps: str, unique: Any) -> None:
        """A guard in a JSON patch refuses the whole."""
        name = unique("m")
        api.post(maps, config_map(name, a="1")).ok()
        steps = [{"op": "test", "path": "/data/a", "value": "2"}, {"op": "remove", "path": "/data/a"}]
        refused = api.patch(f"{maps}/{name}", steps, JSON_PATCH)
        assert (refused.status, refused.reason) == (422, "Invalid")
        assert api.get(f"{maps}/{name}").ok()["data"] == {"a": "1"}

    def test_strategic_merge_joins_lists_by_key(self, api: Api, services: str, unique: Any) -> None:
        """kubectl patch and kubectl apply on built-in kinds."""
        name = unique("s")
        api.post(services, service(name, ports=[{"name": "a", "port": 80}, {"name": "b", "port": 81}])).ok()
        ports = api.patch(
            f"{services}/{name}", {"spec": {"ports": [{"port": 81, "targetPort": 8081}]}}, STRATEGIC
        ).ok()["spec"]["ports"]
        assert {port["port"]: port["targetPort"] for port in ports} == {80: 80, 81: 8081}

    def test_an_unknown_patch_type_is_415(self, api: Api, maps: str, unique: Any) -> None:
        """A patch needs its media type."""
        name = unique("m")
        api.post(maps, config_map(name)).ok()
        refused = api.patch(f"{maps}/{name}", {"data": {}}, "application/json")
        assert (refused.status, refused.reason) == (415, "UnsupportedMediaType")
        assert refused.message == "415: Unsupported Media Type"

    def test_a_patch_of_what_is_not_there_is_404(self, api: Api, maps: str) -> None:
        """Merge patches do not create."""
        refused = api.patch(f"{maps}/no-such-map", {"data": {"a": "b"}})
        assert (refused.status, refused.message) == (404, 'configmaps "no-such-map" not found')

    def test_immutable_fields_are_422(self, api: Api, namespace: str, unique: Any) -> None:
        """A RoleBinding's role cannot be changed: TM-55 makes new ones."""
        at = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/rolebindings"
        name = unique("b")
        ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}
        made = api.post(at, {"metadata": {"name": name}, "roleRef": ref, "subjects": []}).ok()
        refused = api.put(f"{at}/{name}", {**made, "roleRef": {**ref, "name": "edit"}})
        assert (refused.status, refused.reason, refused.causes[0][0]) == (422, "Invalid", "roleRef")
        assert refused.causes[0][2].endswith("cannot change roleRef")
