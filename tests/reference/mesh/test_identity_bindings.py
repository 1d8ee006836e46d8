"""IdentityBindings of the draft: by service account and SPIFFE id; anything else stands for nobody."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_smi.reference.mesh.bindings import identities_of, resolve
from pytest_smi.reference.mesh.smi import SmiError
from pytest_smi.reference.mesh.smi_parse import parse_binding, parse_target


def binding(name: str = "b", namespace: str = "t1", **schemes: Any) -> Any:
    return parse_binding({"metadata": {"name": name, "namespace": namespace}, "spec": {"schemes": schemes}})


@pytest.mark.parametrize(
    ("schemes", "expected"),
    [
        ({"serviceAccount": "a"}, (("t1", "a"),)),
        (
            {"spiffeIdentities": ["cluster.local/ns/t1/sa/b", "spiffe://cluster.local/ns/t1/sa/c"]},
            (("t1", "b"), ("t1", "c")),
        ),
        ({"serviceAccount": "a", "spiffeIdentities": ["cluster.local/ns/t1/sa/b"]}, (("t1", "a"), ("t1", "b"))),
        ({"spiffeIdentities": ["cluster.local/ns/t2/sa/b", "elsewhere.org/ns/t1/sa/b", "nonsense"]}, ()),
        ({"podLabelSelector": {"matchLabels": {"app": "x"}}}, ()),
        ({"podLabelSelector": {"matchLabels": {"app": "x"}}, "serviceAccount": "a"}, ()),
        ({}, ()),
    ],
)
def test_whom_a_binding_stands_for(schemes: dict[str, Any], expected: tuple[tuple[str, str], ...]) -> None:
    """Schemes are alternatives; other namespaces, trust domains and schemes grant nothing."""
    assert identities_of(binding(**schemes)) == expected


def test_a_target_by_bindings_becomes_one_by_accounts() -> None:
    """For sources and destination, beside plain accounts; a missing binding grants nothing."""
    spec = {
        "destination": {"kind": "IdentityBinding", "name": "servers", "namespace": "t1"},
        "sources": [{"kind": "IdentityBinding", "name": name} for name in ("callers", "gone")],
        "rules": [],
    }
    spec["sources"].append({"kind": "ServiceAccount", "name": "plain"})  # type: ignore[attr-defined]  # a list, see above
    target = parse_target({"metadata": {"name": "t", "namespace": "t1"}, "spec": spec})
    bindings = {
        ("t1", "servers"): binding(
            "servers", spiffeIdentities=["cluster.local/ns/t1/sa/s1", "cluster.local/ns/t1/sa/s2"]
        ),
        ("t1", "callers"): binding("callers", serviceAccount="c"),
    }
    found = resolve(target, bindings)
    assert [each.destination for each in found] == [("t1", "s1"), ("t1", "s2")]
    assert found[0].sources == (("t1", "plain"), ("t1", "c"))
    assert resolve(target, {}) == []


def test_a_bad_binding_is_named_by_its_path() -> None:
    """So that it is set aside alone."""
    with pytest.raises(SmiError, match=r"spec\.schemes\.spiffeIdentities\[0\]"):
        binding(spiffeIdentities=[""])
