"""Label and field selectors."""

import pytest

from pytest_smi.reference.mesh.metrics.selectors import SelectorError, parse_field_selector, parse_label_selector


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True),
        ("app=x", True),
        ("app==x", True),
        ("app=y", False),
        ("app!=y", True),
        ("missing!=y", True),
        ("app", True),
        ("!app", False),
        ("!missing", True),
        ("app in (x, y)", True),
        ("app notin (x)", False),
        ("app=x,tier.io/a-b in (db,web),!missing", True),
        ("app=x,tier.io/a-b=db", False),
        ("empty=", True),
    ],
)
def test_selectors_mean_what_kubernetes_says(text: str, matches: bool) -> None:
    """Equality, sets, presence, and all of them together."""
    assert parse_label_selector(text).matches({"app": "x", "tier.io/a-b": "web", "empty": ""}) is matches


@pytest.mark.parametrize("text", ["app=x=y", "=x", "app in x", "app,", "a b", "app in (x"])
def test_what_cannot_be_read_is_refused(text: str) -> None:
    """The error names the part at fault."""
    with pytest.raises(SelectorError, match="unable to parse requirement"):
        parse_label_selector(text)


def test_the_echo_is_a_label_selector() -> None:
    """matchLabels for equalities, matchExpressions for the rest."""
    assert parse_label_selector("app=x").as_json() == {"matchLabels": {"app": "x"}}
    assert parse_label_selector("!a,b in (c,d)").as_json() == {
        "matchExpressions": [
            {"key": "a", "operator": "DoesNotExist"},
            {"key": "b", "operator": "In", "values": ["c", "d"]},
        ]
    }


def test_field_selectors_are_equalities_over_two_fields() -> None:
    """Others are refused as Kubernetes does for fields without an index."""
    assert parse_field_selector("metadata.name=a,metadata.namespace==b") == {
        "metadata.name": "a",
        "metadata.namespace": "b",
    }
    for bad in ("metadata.name!=a", "spec.nodeName=n", "x"):
        with pytest.raises(SelectorError, match="field selector not supported"):
            parse_field_selector(bad)
