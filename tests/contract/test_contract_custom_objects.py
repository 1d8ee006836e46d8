"""Custom objects: pruning, defaults, validation by schema, status. SMI lives on them."""

from typing import Any

import pytest

from tests.support.crd_samples import widget
from tests.support.kube_api import JSON_PATCH, STRATEGIC, Answer, Api, Object


@pytest.fixture
def path(group: str, namespace: str) -> str:
    """The collection of widgets."""
    return f"/apis/{group}/v1/namespaces/{namespace}/widgets"


class TestObjects:
    """Custom objects against their schema."""

    def test_unknown_fields_are_pruned(self, api: Api, group: str, path: str, unique: Any) -> None:
        """SMI: a field that the API does not know is dropped, not refused; negative tests rely on what is left."""
        name = unique("w")
        made = api.post(
            path,
            {
                **widget(
                    group, name, extra={"a": 1}, any={"kept": [1]}, backends=[{"service": "b", "weight": 1, "no": 2}]
                ),
                "top": 1,
            },
        ).ok()
        assert made["spec"] == {
            "service": "srv",
            "mode": "fast",
            "any": {"kept": [1]},
            "backends": [{"service": "b", "weight": 1}],
        }
        assert "top" not in made
        assert api.get(f"{path}/{name}").ok()["spec"] == made["spec"]

    def test_unknown_fields_warn_or_are_refused_on_request(self, api: Api, group: str, path: str, unique: Any) -> None:
        """kubectl asks for fieldValidation=Strict; the suite's manifests must pass it."""
        refused = api.post(path, widget(group, unique("w"), extra=1), fieldValidation="Strict")
        assert (refused.status, refused.reason) == (400, "BadRequest")
        assert refused.message.endswith('strict decoding error: unknown field "spec.extra"')
        warned = api.post(path, widget(group, unique("w"), extra=1), fieldValidation="Warn")
        assert warned.status == 201
        assert warned.headers["warning"] == '299 - "unknown field \\"spec.extra\\""'

    def test_defaults_are_filled_in(self, api: Api, group: str, path: str, unique: Any) -> None:
        """Meshes read objects after the defaults of their definitions."""
        assert api.post(path, widget(group, unique("w"))).ok()["spec"]["mode"] == "fast"
        assert api.post(path, widget(group, unique("w"), mode=None)).ok()["spec"]["mode"] == "fast"
        assert api.post(path, widget(group, unique("w"), mode="slow")).ok()["spec"]["mode"] == "slow"

    @pytest.mark.parametrize(
        ("spec", "cause"),
        [
            ({"service": None}, ("spec.service", "FieldValueRequired", "Required value")),
            (
                {"service": 7},
                (
                    "spec.service",
                    "FieldValueTypeInvalid",
                    'Invalid value: "integer": spec.service in body must be of type string: "integer"',
                ),
            ),
            (
                {"service": "x"},
                (
                    "spec.service",
                    "FieldValueInvalid",
                    'Invalid value: "x": spec.service in body should be at least 2 chars long',
                ),
            ),
            (
                {"mode": "odd"},
                ("spec.mode", "FieldValueNotSupported", 'Unsupported value: "odd": supported values: "fast", "slow"'),
            ),
            (
                {"port": 0},
                (
                    "spec.port",
                    "FieldValueInvalid",
                    "Invalid value: 0: spec.port in body should be greater than or equal to 1",
                ),
            ),
            (
                {"port": 70000},
                (
                    "spec.port",
                    "FieldValueInvalid",
                    "Invalid value: 70000: spec.port in body should be less than or equal to 65535",
                ),
            ),
            (
                {"port": "80"},
                (
                    "spec.port",
                    "FieldValueTypeInvalid",
                    'Invalid value: "string": spec.port in body must be of type integer: "string"',
                ),
            ),
            (
                {"port": 1.5},
                (
                    "spec.port",
                    "FieldValueTypeInvalid",
                    'Invalid value: "number": spec.port in body must be of type integer: "number"',
                ),
            ),
            (
                {"path": "a"},
                ("spec.path", "FieldValueInvalid", "Invalid value: \"a\": spec.path in body should match '^/'"),
            ),
            (
                {"open": "yes"},
                (
                    "spec.open",
                    "FieldValueTypeInvalid",
                    'Invalid value: "string": spec.open in body must be of type boolean: "string"',
                ),
            ),
            (
                {"labels": {"a": 1}},
                (
                    "spec.labels.a",
                    "FieldValueTypeInvalid",
                    'Invalid value: "integer": spec.labels.a in body must be of type string: "integer"',
                ),
            ),
            (
                {"size": True},
                (
                    "spec.size",
                    "FieldValueTypeInvalid",
                    'Invalid value: "boolean": spec.size in body must be of type integer,string: "boolean"',
                ),
            ),
            (
                {"backends": []},
                (
                    "spec.backends",
                    "FieldValueInvalid",
                    "Invalid value: 0: spec.backends in body should have at least 1 items",
                ),
            ),
            (
                {"backends": [{"service": "b", "weight": 1}] * 4},
                ("spec.backends", "FieldValueTooMany", "Too many: 4: must have at most 3 items"),
            ),
            ({"backends": [{"service": "b"}]}, ("spec.backends[0].weight", "FieldValueRequired", "Required value")),
            (
                {"backends": [{"service": "b", "weight": -1}]},
                (
                    "spec.backends[0].weight",
                    "FieldValueInvalid",
                    "Invalid value: -1: spec.backends[0].weight in body should be greater than or equal to 0",
                ),
            ),
            (
                {"backends": {}},
                (
                    "spec.backends",
                    "FieldValueTypeInvalid",
                    'Invalid value: "object": spec.backends in body must be of type array: "object"',
                ),
            ),
        ],
        ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
    )
    def test_a_fault_of_the_schema_is_422_with_its_cause(
        self, api: Api, group: str, path: str, spec: Object, cause: tuple[str, str, str]
    ) -> None:
        """SP-, TA- and SPEC-requirements about refused objects read code,
        reason and causes of the answer to a dry run."""
        refused = api.post(path, widget(group, "faulty", **spec), dryRun="All")
        assert (refused.status, refused.reason) == (422, "Invalid")
        assert cause in refused.causes
        details = refused.body["details"]
        assert (details["name"], details["group"], details["kind"]) == ("faulty", group, "Widget")
        assert refused.message == f'Widget.{group} "faulty" is invalid: {_joined(refused)}'

    def test_every_fault_is_told_at_once(self, api: Api, group: str, path: str) -> None:
        """A refusal names all causes, in brackets."""
        refused = api.post(path, widget(group, "faulty", port=0, open="yes"), dryRun="All")
        assert {field for field, _, _ in refused.causes} == {"spec.port", "spec.open"}
        assert refused.message.startswith(f'Widget.{group} "faulty" is invalid: [')

    def test_a_missing_required_field_is_told(self, api: Api, group: str, path: str) -> None:
        """An SMI object without its required fields is refused."""
        bare = {**widget(group, "faulty"), "spec": {}}
        assert ("spec.service", "FieldValueRequired", "Required value") in api.post(path, bare).causes
        del bare["spec"]
        assert ("spec", "FieldValueRequired", "Required value") in api.post(path, bare).causes

    def test_a_dry_run_stores_nothing_and_answers_as_a_creation(
        self, api: Api, group: str, path: str, unique: Any
    ) -> None:
        """Questions about acceptance are asked by dryRun=All."""
        name = unique("w")
        answer = api.post(path, widget(group, name, extra=1), dryRun="All")
        assert answer.status == 201
        assert answer.body["spec"] == {"service": "srv", "mode": "fast"}
        assert answer.body["metadata"]["uid"]
        assert api.get(f"{path}/{name}").status == 404

    def test_a_dry_run_of_a_taken_name_is_409(self, api: Api, group: str, path: str, unique: Any) -> None:
        """A dry run is refused like the real thing."""
        name = unique("w")
        api.post(path, widget(group, name)).ok()
        assert api.post(path, widget(group, name), dryRun="All").reason == "AlreadyExists"

    def test_metadata_cannot_carry_unknown_or_wrong_fields(self, api: Api, group: str, path: str, unique: Any) -> None:
        """Labels are checked for custom objects too; what ObjectMeta does not know is dropped."""
        wrong = widget(group, unique("w"))
        wrong["metadata"]["labels"] = {"a": "not valid!"}
        refused = api.post(path, wrong)
        assert (refused.status, refused.causes[0][0]) == (422, "metadata.labels")
        odd = widget(group, unique("w"))
        odd["metadata"]["odd"] = 1
        assert "odd" not in api.post(path, odd).ok()["metadata"]

    def test_generation_counts_changes_of_the_spec_only(self, api: Api, group: str, path: str, unique: Any) -> None:
        """Meshes compare generation with status.observedGeneration."""
        at = f"{path}/{unique('w')}"
        made = api.post(path, widget(group, at.rpartition("/")[2])).ok()
        assert made["metadata"]["generation"] == 1
        assert api.patch(at, {"metadata": {"labels": {"a": "b"}}}).ok()["metadata"]["generation"] == 1
        assert api.patch(at, {"spec": {"port": 80}}).ok()["metadata"]["generation"] == 2
        assert api.patch(f"{at}/status", {"status": {"seen": 1}}).ok()["metadata"]["generation"] == 2

    def test_status_is_changed_by_its_sub_resource_only(self, api: Api, group: str, path: str, unique: Any) -> None:
        """A suite that writes objects must not touch what a mesh writes into their status."""
        name = unique("w")
        made = api.post(path, {**widget(group, name), "status": {"seen": 1}}).ok()
        assert "status" not in made
        told = api.patch(f"{path}/{name}/status", {"status": {"seen": 2}, "spec": {"service": "other"}}).ok()
        assert (told["status"], told["spec"]["service"]) == ({"seen": 2}, "srv")
        assert api.patch(f"{path}/{name}", {"status": {"seen": 3}}).ok()["status"] == {"seen": 2}

    def test_a_replacement_needs_a_resource_version(self, api: Api, group: str, path: str, unique: Any) -> None:
        """Objects.apply reads the object for its resourceVersion before it replaces."""
        name = unique("w")
        api.post(path, widget(group, name)).ok()
        refused = api.put(f"{path}/{name}", widget(group, name))
        assert (refused.status, refused.reason) == (422, "Invalid")
        assert refused.causes == [
            ("metadata.resourceVersion", "FieldValueInvalid", "Invalid value: 0: must be specified for an update")
        ]

    def test_json_and_merge_patches_are_taken_but_strategic_ones_are_not(
        self, api: Api, group: str, path: str, unique: Any
    ) -> None:
        """The suite edits SMI objects by merge patches; kubectl apply uses merge patches, too."""
        at = f"{path}/{unique('w')}"
        api.post(path, widget(group, at.rpartition("/")[2], labels={"a": "1", "b": "2"})).ok()
        assert api.patch(at, {"spec": {"labels": {"a": None}}}).ok()["spec"]["labels"] == {"b": "2"}
        assert api.patch(at, [{"op": "add", "path": "/spec/port", "value": 80}], JSON_PATCH).ok()["spec"]["port"] == 80
        refused = api.patch(at, {"spec": {"port": 81}}, STRATEGIC)
        assert (refused.status, refused.reason) == (415, "UnsupportedMediaType")
        assert "application/merge-patch+json" in refused.message

    def test_items_of_a_list_carry_their_kind(self, api: Api, group: str, path: str, unique: Any) -> None:
        """Readers of custom objects may rely on apiVersion and kind of items."""
        api.post(path, widget(group, unique("w"))).ok()
        listed = api.get(path).ok()
        assert (listed["kind"], listed["apiVersion"]) == ("WidgetList", f"{group}/v1")
        assert {(item["apiVersion"], item["kind"]) for item in listed["items"]} == {(f"{group}/v1", "Widget")}

    def test_the_wrong_version_or_kind_in_the_data_is_refused(self, api: Api, group: str, path: str) -> None:
        """An object sent to the path of another version is refused, not converted."""
        answer = api.post(path, widget(group, "w", "v2"))
        text = f"the API version in the data ({group}/v2) does not match the expected API version ({group}/v1)"
        assert (answer.status, answer.reason, answer.message) == (400, "BadRequest", text)
        answer = api.post(path, {**widget(group, "w"), "kind": "Gadget"})
        assert (answer.status, answer.reason) == (422, "Invalid")
        assert answer.message == f'Gadget.{group} "w" is invalid: kind: Invalid value: "Gadget": must be Widget'
        bare = widget(group, "w")
        del bare["kind"]
        answer = api.post(path, bare)
        assert (answer.status, answer.reason) == (400, "BadRequest")
        assert "Object 'Kind' is missing" in answer.message

    def test_a_null_without_default_is_dropped(self, api: Api, group: str, path: str, unique: Any) -> None:
        """Optional fields may be written as null: SMI objects rendered by tools often are."""
        assert api.post(path, widget(group, unique("w"), port=None)).ok()["spec"] == {"service": "srv", "mode": "fast"}

    def test_a_field_that_cannot_select_is_400(self, api: Api, path: str) -> None:
        """Custom objects are selected by name and namespace alone."""
        answer = api.get(path, fieldSelector="spec.service=srv")
        assert (answer.status, answer.reason, answer.message) == (
            400,
            "BadRequest",
            "field label not supported: spec.service",
        )


def _joined(refused: Answer) -> str:
    texts = [f"{field}: {message}" for field, _, message in refused.causes]
    return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
