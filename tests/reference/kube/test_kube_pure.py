"""The deciding code without a server: paths, selectors, patches, schemas, tables, versions."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_smi.reference.kube import jsonpath, paths, protobuf, schema, schema_validation, table_pods, wire
from pytest_smi.reference.kube.patches import PatchFailed, json_patch, merge_patch
from pytest_smi.reference.kube.registry import version_priority
from pytest_smi.reference.kube.rendering import shape_of
from pytest_smi.reference.kube.selectors import field_selector, label_selector, structured_selector
from pytest_smi.reference.kube.status import BadRequest, ResourceKey
from pytest_smi.reference.kube.store import Store
from pytest_smi.reference.kube.strategic import strategic_merge
from pytest_smi.reference.kube.watches import Form, Watcher


class TestPaths:
    """Method and path to operation."""

    @pytest.mark.parametrize(
        ("method", "path", "query", "found"),
        [
            ("GET", "/api/v1/pods", {}, ("list", "", "pods", "", "")),
            ("GET", "/api/v1/namespaces/n/pods", {"watch": "1"}, ("watch", "n", "pods", "", "")),
            ("GET", "/api/v1/namespaces/n", {}, ("get", "n", "namespaces", "n", "")),
            ("PUT", "/api/v1/namespaces/n/status", {}, ("update", "n", "namespaces", "n", "status")),
            ("POST", "/api/v1/namespaces/n/pods/p/exec", {}, ("create", "n", "pods", "p", "exec")),
            ("DELETE", "/apis/apps/v1/namespaces/n/deployments", {}, ("deletecollection", "n", "deployments", "", "")),
            ("PATCH", "/apis/g/v1/things/a%2Fb", {}, ("patch", "", "things", "a/b", "")),
        ],
    )
    def test_operation(self, method: str, path: str, query: dict[str, str], found: tuple[str, ...]) -> None:
        """Each path means one operation."""
        info = paths.parse(method, path, query)
        assert (info.verb, info.namespace, info.resource, info.name, info.subresource) == found


class TestSelectors:
    """Label and field selectors."""

    @pytest.mark.parametrize(
        ("text", "matches"),
        [
            ("a=b", True),
            ("a==b,c", True),
            ("a!=b", False),
            ("x!=y", True),
            ("a in (b, z),!x", True),
            ("a notin (b)", False),
            ("!a", False),
        ],
    )
    def test_labels(self, text: str, matches: bool) -> None:
        """Equality and set based requirements, all of which must hold."""
        selector = label_selector(text)
        assert selector is not None
        assert selector({"metadata": {"labels": {"a": "b", "c": ""}}}) is matches

    def test_faults_are_bad_requests(self) -> None:
        """What cannot be parsed is refused."""
        with pytest.raises(BadRequest):
            label_selector("a in b")
        with pytest.raises(BadRequest):
            field_selector("spec.foo=1", "pods")

    def test_fields(self) -> None:
        """Fields of the kind, absent ones are empty."""
        selector = field_selector("status.phase!=Running,spec.nodeName=", "pods")
        assert selector is not None
        assert selector({"metadata": {"name": "a"}, "spec": {}, "status": {"phase": "Pending"}})

    def test_structured(self) -> None:
        """matchLabels and matchExpressions."""
        test = structured_selector(
            {"matchLabels": {"a": "b"}, "matchExpressions": [{"key": "c", "operator": "DoesNotExist"}]}
        )
        assert test({"a": "b"})
        assert not test({"a": "b", "c": ""})


class TestPatches:
    """The three kinds of patch."""

    def test_merge_patch_removes_with_null(self) -> None:
        """Objects merge, lists are replaced."""
        assert merge_patch({"a": {"b": 1, "c": 2}, "l": [1]}, {"a": {"b": None}, "l": [2]}) == {"a": {"c": 2}, "l": [2]}

    def test_json_patch_operations(self) -> None:
        """Every operation, on a copy."""
        before: dict[str, Any] = {"a": [1, 2], "b/c": {"d": 1}}
        operations = [
            {"op": "test", "path": "/a/0", "value": 1},
            {"op": "add", "path": "/a/-", "value": 3},
            {"op": "replace", "path": "/a/0", "value": 9},
            {"op": "move", "from": "/b~1c/d", "path": "/e"},
            {"op": "copy", "from": "/e", "path": "/f"},
            {"op": "remove", "path": "/a/1"},
        ]
        assert json_patch(before, operations) == {"a": [9, 3], "b/c": {}, "e": 1, "f": 1}
        assert before == {"a": [1, 2], "b/c": {"d": 1}}
        with pytest.raises(PatchFailed):
            json_patch(before, [{"op": "test", "path": "/a/0", "value": 2}])

    def test_strategic_merge_merges_lists_by_key(self) -> None:
        """Containers by name, ports by number, deletion by directive, order by directive."""
        before = {
            "containers": [{"name": "a", "env": [{"name": "X", "value": "1"}]}, {"name": "b", "image": "i"}],
            "args": ["1"],
        }
        patch = {
            "$setElementOrder/containers": [{"name": "c"}, {"name": "a"}],
            "containers": [
                {"name": "b", "$patch": "delete"},
                {"name": "a", "env": [{"name": "X", "value": "2"}]},
                {"name": "c"},
            ],
            "args": ["2"],
        }
        after = {"containers": [{"name": "c"}, {"name": "a", "env": [{"name": "X", "value": "2"}]}], "args": ["2"]}
        assert strategic_merge(before, patch) == after


SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "properties": {
                "name": {"type": "string", "pattern": "^a+$", "maxLength": 3},
                "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                "map": {"type": "object", "additionalProperties": {"type": "integer"}},
                "list": {
                    "type": "array",
                    "maxItems": 1,
                    "items": {"type": "object", "properties": {"x": {"type": "string", "default": "d"}}},
                },
                "either": {"anyOf": [{"type": "integer"}, {"type": "string"}], "x-kubernetes-int-or-string": True},
            },
        }
    },
}


class TestSchema:
    """Structural schemas."""

    def test_pruning_and_defaults(self) -> None:
        """Unknown fields go, except where they are preserved; defaults reach into lists."""
        obj: dict[str, Any] = {
            "kind": "X",
            "metadata": {"y": 1},
            "spec": {"z": 1, "free": {"z": {"z": 1}}, "map": {"k": 1}, "list": [{"q": 1}]},
        }
        assert schema.prune(SCHEMA, obj) == ["spec.z", "spec.list[0].q"]
        schema.fill(SCHEMA, obj)
        assert obj == {
            "kind": "X",
            "metadata": {"y": 1},
            "spec": {"free": {"z": {"z": 1}}, "map": {"k": 1}, "list": [{"x": "d"}]},
        }

    @pytest.mark.parametrize(
        ("spec", "message"),
        [
            ({"name": 1}, 'spec.name in body must be of type string: "integer"'),
            ({"name": "b"}, "spec.name in body should match '^a+$'"),
            ({"name": "aaaa"}, "Too long: may not be more than 3 bytes"),
            ({"map": {"k": "v"}}, 'spec.map.k in body must be of type integer: "string"'),
            ({"list": [{}, {}]}, "Too many: 2: must have at most 1 items"),
            ({"either": []}, 'must be of type integer,string: "array"'),
            ({"name": None}, 'must be of type string: "null"'),
        ],
    )
    def test_faults(self, spec: dict[str, Any], message: str) -> None:
        """Each keyword has Kubernetes' words."""
        (cause,) = schema_validation.validate(SCHEMA, {"spec": spec})
        assert message in cause.message

    def test_good_objects_pass(self) -> None:
        """Both sides of int-or-string, and metadata is not looked at."""
        for either in (1, "1"):
            assert schema_validation.validate(SCHEMA, {"metadata": 5, "spec": {"either": either, "name": "aa"}}) == []


class TestForms:
    """Tables, versions, Accept headers, protobuf."""

    def test_ages(self) -> None:
        """As kubectl prints them."""
        ages = {0: "0s", 119: "119s", 120: "2m", 125: "2m5s", 3600: "60m", 7200: "120m", 10800: "3h", 259200: "3d"}
        assert {seconds: table_pods.age("1970-01-01T00:00:00Z", seconds) for seconds in ages} == ages

    def test_versions_are_ordered_by_stability(self) -> None:
        """GA before beta before alpha, newer first."""
        names = ["v1alpha1", "v1", "v1beta2", "v2", "odd", "v1alpha3"]
        assert sorted(names, key=version_priority) == ["v2", "v1", "v1beta2", "v1alpha3", "v1alpha1", "odd"]

    def test_accept(self) -> None:
        """The first form that is served wins."""
        table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
        assert shape_of(table) == "Table"
        assert shape_of("application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io,application/json") == ""
        assert shape_of("application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json") == ""

    def test_printer_column_paths(self) -> None:
        """Fields, indexes, wildcards and conditions."""
        obj = {"spec": {"b": [{"n": 1}, {"n": 2}]}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}
        assert jsonpath.read(obj, ".spec.b[*].n") == [1, 2]
        assert jsonpath.read(obj, ".spec.b[1].n") == [2]
        assert jsonpath.read(obj, '.status.conditions[?(@.type=="Ready")].status') == ["True"]

    def test_protobuf_namespace(self) -> None:
        """What kubectl create namespace sends is read; other kinds are refused."""
        meta = b"\x0a\x02t1" + b"\x12\x00"
        raw = b"\x0a" + bytes([len(meta)]) + meta
        kind = b"\x0a\x02v1\x12\x09Namespace"
        body = b"k8s\x00\x0a" + bytes([len(kind)]) + kind + b"\x12" + bytes([len(raw)]) + raw
        assert protobuf.decode(body) == {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "t1"}}
        for broken in (body[:-1], b"x", body.replace(b"Namespace", b"Namespice")):
            with pytest.raises(Exception, match="protobuf"):
                protobuf.decode(broken)


class TestWatchers:
    """Fan-out without sockets."""

    def test_one_change_is_serialized_once(self) -> None:
        """Watchers that want the same form get the same bytes; selectors turn changes into what their watcher sees."""
        store, key, rendered = Store(), ResourceKey("", "configmaps"), list[str]()

        def render(obj: dict[str, Any]) -> dict[str, Any]:
            rendered.append(obj["metadata"]["name"])
            return obj

        form = Form(name="plain", render=render)
        everything = [Watcher(store, key, None, None, form) for _ in range(3)]
        other = Watcher(store, key, "elsewhere", None, form)
        store.create(key, {"metadata": {"name": "a", "namespace": "n"}})
        pieces = [watcher.take() for watcher in everything]
        assert rendered == ["a"]
        assert pieces[0] is not None
        assert pieces[0].startswith(b'{"type":"ADDED","object":{"metadata":{"name":"a"')
        assert len(set(pieces)) == 1
        assert other.take() == b""

    def test_closed_watchers_get_nothing(self) -> None:
        """After close nothing is queued and the wake stays set."""
        store, key = Store(), ResourceKey("", "configmaps")
        watcher = Watcher(store, key, None, None, Form(name="plain", render=lambda obj: obj))
        watcher.close()
        store.create(key, {"metadata": {"name": "a", "namespace": "n"}})
        assert watcher.take() == b""
        assert watcher.wake.is_set()


class TestWire:
    """Bodies."""

    @pytest.mark.parametrize("body", [b"{", b'{"a": NaN}', b"[" * 100_000, b"\xff"])
    def test_unreadable_json_is_a_bad_request(self, body: bytes) -> None:
        """What Go's JSON reader refuses is refused."""
        with pytest.raises(BadRequest):
            wire.decode(body, "application/json")

    def test_lone_surrogates_do_not_break_answers(self) -> None:
        """They can come in as escapes; what goes out is valid UTF-8."""
        assert wire.encode(wire.decode(rb'{"a": "\ud800"}', "")) == b'{"a":"?"}'
