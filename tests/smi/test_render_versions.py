"""Rendering of canonical records as Kubernetes objects."""

import pytest

from pytest_smi.smi.model import (
    Backend,
    HTTPMatch,
    HTTPRouteGroup,
    Rule,
    Subject,
    TCPRoute,
    TrafficSplit,
    TrafficTarget,
)
from pytest_smi.smi.render import NotExpressible, render

LAST = {"access": "v1alpha3", "specs": "v1alpha4", "split": "v1alpha4"}


def test_header_filters_are_a_list_of_one_key_maps() -> None:
    """The form that every published CRD accepts."""
    group = HTTPRouteGroup(
        name="g", namespace="n", matches=(HTTPMatch(name="m", headers=(("x-a", "^1$"), ("x-b", ".*"))),)
    )

    assert render(group, LAST)["spec"]["matches"] == [{"name": "m", "headers": [{"x-a": "^1$"}, {"x-b": ".*"}]}]


def test_fields_left_out_and_empty_lists_differ() -> None:
    """`matches` omitted and `matches: []` are different questions to a mesh."""
    subject = Subject(name="s", namespace="n")
    rules = (Rule(kind="HTTPRouteGroup", name="g"), Rule(kind="HTTPRouteGroup", name="h", matches=()))

    spec = render(TrafficTarget(name="t", namespace="n", destination=subject, rules=rules, sources=(subject,)), LAST)[
        "spec"
    ]

    assert spec["rules"] == [
        {"kind": "HTTPRouteGroup", "name": "g"},
        {"kind": "HTTPRouteGroup", "name": "h", "matches": []},
    ]


def test_route_without_ports_keeps_the_required_key() -> None:
    """An empty list means all ports; the key itself is required by the CRD."""
    assert render(TCPRoute(name="r", namespace="n"), LAST)["spec"] == {"matches": {"ports": []}}


def test_split_names_its_groups() -> None:
    """A split's matches are references to HTTPRouteGroups."""
    split = TrafficSplit(
        name="s", namespace="n", service="root", backends=(Backend(service="v1", weight=1),), matches=("g",)
    )

    assert render(split, LAST)["spec"]["matches"] == [{"kind": "HTTPRouteGroup", "name": "g"}]


def test_unknown_version_is_not_expressible() -> None:
    """The message names API and version."""
    with pytest.raises(NotExpressible, match="split v1beta9"):
        render(TrafficSplit(name="s", namespace="n", service="r", backends=()), {"split": "v1beta9"})
