"""IdentityBindings of the draft: by service account, SPIFFE id and pod labels; anything else stands for nobody."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_smi.reference.mesh.bindings import identities_of, resolve, select
from pytest_smi.reference.mesh.smi import SmiError
from pytest_smi.reference.mesh.smi_parse import parse_binding, parse_target

LABELS = {
    ("t1", "x-1"): {"app": "x", "tier": "front"},
    ("t1", "x-2"): {"app": "x"},
    ("t1", "y"): {"app": "y"},
    ("t1", "bare"): {},
    ("t2", "x"): {"app": "x"},
}
"""Of pods."""
X = {"matchLabels": {"app": "x"}}


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
        ({"podLabelSelector": X}, (("t1", "pod/x-1"), ("t1", "pod/x-2"))),
        ({"podLabelSelector": {"matchLabels": {"app": "x", "tier": "front"}}}, (("t1", "pod/x-1"),)),
        ({"podLabelSelector": {"matchLabels": {"app": "gone"}}}, ()),
        (
            {"podLabelSelector": X, "spiffeIdentities": ["cluster.local/ns/t1/sa/b"]},
            (("t1", "b"), ("t1", "pod/x-1"), ("t1", "pod/x-2")),
        ),
        ({"podLabelSelector": X, "serviceAccount": "a"}, ()),
        ({"podLabelSelector": {}, "serviceAccount": "a"}, ()),
        ({"podLabelSelector": {}}, ()),
        ({"podLabelSelector": {"matchLabels": {}, "matchExpressions": []}}, ()),
        ({}, ()),
    ],
)
def test_whom_a_binding_stands_for(schemes: dict[str, Any], expected: tuple[tuple[str, str], ...]) -> None:
    """Schemes are alternatives; other namespaces, trust domains and schemes grant nothing, and so do empty selectors
    and labels beside an account."""
    assert identities_of(select(binding(**schemes), LABELS)) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ({"operator": "In", "values": ["x", "z"]}, ["x-1", "x-2"]),
        ({"operator": "NotIn", "values": ["x"]}, ["bare", "y"]),
        ({"operator": "Exists"}, ["x-1", "x-2", "y"]),
        ({"operator": "DoesNotExist"}, ["bare"]),
    ],
)
def test_expressions_select_as_elsewhere_in_kubernetes(expression: dict[str, Any], expected: list[str]) -> None:
    """Alone, and beside `matchLabels`, where both must hold."""
    found = select(binding(podLabelSelector={"matchExpressions": [{"key": "app", **expression}]}), LABELS)
    assert found.pods == tuple(("t1", f"pod/{name}") for name in expected)
    both = {"matchLabels": {"tier": "front"}, "matchExpressions": [{"key": "app", **expression}]}
    beside = select(binding(podLabelSelector=both), LABELS)
    assert beside.pods == ((("t1", "pod/x-1"),) if "x-1" in expected else ())


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
    with pytest.raises(SmiError, match=r"spec\.schemes\.podLabelSelector\.matchExpressions\[0\]\.operator"):
        binding(podLabelSelector={"matchExpressions": [{"key": "app", "operator": "Like", "values": ["x"]}]})
    for wrong in ({"operator": "NotIn", "values": []}, {"operator": "In"}, {"operator": "Exists", "values": ["x"]}):
        with pytest.raises(SmiError, match=r"spec\.schemes\.podLabelSelector\.matchExpressions\[0\]\.values"):
            binding(podLabelSelector={"matchExpressions": [{"key": "app", **wrong}]})
    with pytest.raises(SmiError, match=r"spec\.schemes\.podLabelSelector\.matchLabels\.app"):
        binding(podLabelSelector={"matchLabels": {"app": 1}})
