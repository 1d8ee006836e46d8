"""Deciding code of writes without a server: server-side apply, grants, field tables, modes,
conditions of namespaces that cannot end."""

from typing import Any

import pytest

from pytest_smi.reference.kube import builtin_fields, rbac_grants, schema
from pytest_smi.reference.kube.rbac import Attributes
from pytest_smi.reference.kube.status import BadRequest, Invalid
from pytest_smi.reference.kube.write_mode import WriteMode, write_mode
from pytest_smi.reference.node.controllers.namespaces import remaining


def live(**data: str) -> dict[str, Any]:
    return {"metadata": {"name": "m", "uid": "u"}, "data": data}


class TestGrants:
    """What a rule gives away."""

    HELD = ({"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get", "list"]},)

    @pytest.mark.parametrize(
        ("rule", "lacking"),
        [
            ({"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}, 0),
            ({"apiGroups": [""], "resources": ["pods/log"], "verbs": ["list"]}, 0),
            ({"apiGroups": [""], "resources": ["pods"], "verbs": ["get"], "resourceNames": ["a"]}, 0),
            ({"apiGroups": [""], "resources": ["pods"], "verbs": ["*"]}, 1),
            ({"apiGroups": ["*"], "resources": ["pods"], "verbs": ["get"]}, 1),
            ({"apiGroups": [""], "resources": ["pods", "secrets"], "verbs": ["get", "list"]}, 2),
            ({"nonResourceURLs": ["/metrics"], "verbs": ["get"]}, 1),
        ],
    )
    def test_missing(self, rule: dict[str, Any], lacking: int) -> None:
        """Every single right that the holder lacks counts."""
        assert len(rbac_grants.missing(self.HELD, [rule])) == lacking

    def test_all_of_everything_covers_all(self) -> None:
        """cluster-admin may grant anything."""
        everything = (
            {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
            {"nonResourceURLs": ["*"], "verbs": ["*"]},
        )
        assert rbac_grants.missing(everything, [*self.HELD, *everything]) == []
        assert Attributes(verb="*", path="*") in rbac_grants.missing(self.HELD, everything)


class TestFields:
    """The table of built-in kinds."""

    def test_unknown_fields_are_pruned_at_any_depth(self) -> None:
        """Pod templates are known down to their containers; annotations are free."""
        container = {"name": "a", "image": "b", "odd": 1, "resources": {"limits": {"cpu": 1}}}
        template = {"metadata": {"annotations": {"a": "b"}}, "spec": {"containers": [container]}}
        obj = {"metadata": {"name": "d"}, "spec": {"template": template, "odd": 1}}
        known = builtin_fields.schema_of("Deployment")
        assert known is not None
        assert sorted(schema.prune(known, obj)) == ["spec.odd", "spec.template.spec.containers[0].odd"]
        assert container["resources"] == {"limits": {"cpu": 1}}
        assert template["metadata"] == {"annotations": {"a": "b"}}

    @pytest.mark.parametrize(
        ("spec", "fault"),
        [
            ({"ports": "many"}, "cannot unmarshal string into Go struct field Service.spec.ports"),
            ({"ports": [{"port": "80"}]}, "cannot unmarshal string into Go struct field Service.spec.ports.port"),
            ({"ports": [{"port": 80, "targetPort": "http"}], "selector": {"a": "b"}}, ""),
            ({"selector": {"a": 1}}, "cannot unmarshal number into Go struct field Service.spec.selector.a"),
            ({"type": None}, ""),
        ],
    )
    def test_types(self, spec: dict[str, Any], fault: str) -> None:
        """The first field of the wrong type is told; null is the absence of a value."""
        found = builtin_fields.wrong_type("Service", {"metadata": {}, "spec": spec})
        assert found is None if not fault else fault in (found or "")

    def test_every_structure_is_known(self) -> None:
        """No type of the table is a name without a line: every schema can be built."""
        for name in builtin_fields._table():
            assert builtin_fields.schema_of(name)
            kinds = {kind.lstrip("[]{}") for kind in builtin_fields._table()[name].values()}
            plain = {"string", "integer", "number", "boolean", "int-or-string", "any", "meta"}
            assert kinds <= plain | set(builtin_fields._table())

    def test_kinds_that_are_not_in_the_table_are_free(self) -> None:
        """Leases are stored as they come."""
        assert builtin_fields.schema_of("Lease") is None
        assert builtin_fields.wrong_type("Lease", {"spec": "x"}) is None


class TestModes:
    """Query parameters of writes."""

    def test_warnings_are_quoted_headers(self) -> None:
        """One per unknown field."""
        mode = WriteMode()
        mode.unknown_fields("Service", "v1", ["spec.a", "spec.b"])
        assert mode.headers() == {"Warning": '299 - "unknown field \\"spec.a\\"", 299 - "unknown field \\"spec.b\\""'}
        assert WriteMode().headers() == {}

    def test_strict_refuses(self) -> None:
        """All unknown fields at once."""
        with pytest.raises(BadRequest, match=r'strict decoding error: unknown field "spec.a", unknown field "spec.b"$'):
            write_mode({"fieldValidation": "Strict"}, "CreateOptions").unknown_fields(
                "Service", "v1", ["spec.a", "spec.b"]
            )

    def test_values_that_are_not_known_are_refused(self) -> None:
        """A misspelt dry run must not write."""
        with pytest.raises(Invalid, match=r'CreateOptions\.meta\.k8s\.io "" is invalid: dryRun'):
            write_mode({"dryRun": "all"}, "CreateOptions")


def test_a_namespace_tells_what_holds_it() -> None:
    """Conditions count what is left; their times move only when they change."""
    now, later = "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z"
    first = remaining({"configmaps": 2, "things.example.org": 1}, {"example.org/hold": 3}, {}, now)
    told = {c["type"]: (c["status"], c["message"]) for c in first}
    assert told["NamespaceContentRemaining"][1].endswith(
        "configmaps. has 2 resource instances, things.example.org has 1 resource instances"
    )
    assert told["NamespaceFinalizersRemaining"][1].endswith("example.org/hold in 3 resource instances")
    second = remaining({"configmaps": 2}, {}, {"status": {"conditions": first}}, later)
    moved = {c["type"] for c in second if c["lastTransitionTime"] == later}
    assert moved == {"NamespaceFinalizersRemaining"}
