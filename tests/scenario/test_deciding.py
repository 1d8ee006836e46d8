"""Which objects should have decided a call, as the evidence of a failure tells it."""

from typing import Any

import pytest

from pytest_smi.scenario.deciding import decision_of
from pytest_smi.testbed.probing.plan import Call, Request

GROUP: dict[str, Any] = {
    "apiVersion": "specs.smi-spec.io/v1alpha4",
    "kind": "HTTPRouteGroup",
    "metadata": {"name": "routes", "namespace": "t1"},
    "spec": {"matches": [{"name": "m", "pathRegex": "/m", "methods": ["GET"]}]},
}
TARGET: dict[str, Any] = {
    "apiVersion": "access.smi-spec.io/v1alpha3",
    "kind": "TrafficTarget",
    "metadata": {"name": "grant", "namespace": "t1"},
    "spec": {
        "destination": {"kind": "ServiceAccount", "name": "srv", "namespace": "t1"},
        "rules": [{"kind": "HTTPRouteGroup", "name": "routes", "matches": ["m"]}],
        "sources": [{"kind": "ServiceAccount", "name": "a", "namespace": "t1"}],
    },
}


def a_call(account: str = "t1/a", path: str = "/m", **changes: Any) -> Call:
    """A call of the server."""
    fields: dict[str, Any] = {
        "source": "t1/pod",
        "client": "cli",
        "server": "t1/srv",
        "host": "srv.t1",
        "port": 8080,
        "account": account,
        "server_account": "t1/srv",
        "requests": (Request(path=path),),
    }
    return Call(**{**fields, **changes})


@pytest.mark.parametrize(
    ("call", "objects", "verdict", "because"),
    [
        (a_call(), [GROUP, TARGET], "allowed", "TrafficTarget t1/grant lists the caller; match m of HTTPRouteGroup"),
        (a_call("t1/c"), [GROUP, TARGET], "denied", "TrafficTarget t1/grant does not list t1/c as a source"),
        (
            a_call(path="/y"),
            [GROUP, TARGET],
            "denied",
            "t1/grant does not grant it: HTTPRouteGroup routes means GET /m",
        ),
        (a_call(kind="tcp", port=9000), [GROUP, TARGET], "denied", "HTTPRouteGroup routes grants HTTP alone"),
        (a_call(), [], "denied", "no TrafficTarget has t1/srv as its destination"),
        (a_call(), [TARGET], "denied", "HTTPRouteGroup routes is missing"),
    ],
)
def test_the_object_that_decides_is_named(call: Call, objects: list[Any], verdict: str, because: str) -> None:
    """The target that grants it, or each that does not and why; nothing at all denies."""
    found = decision_of(call, objects)

    assert found is not None
    assert found["verdict"] == verdict
    assert because in found["because"][0]
    assert (found["source"], found["destination"]) == (call.account, "t1/srv")


def test_labels_are_not_explained() -> None:
    """A call does not tell the labels of its pods: nothing is better than a wrong verdict."""
    schemes = {"podLabelSelector": {"matchLabels": {"app": "a"}}}
    binding = {
        "apiVersion": "access.smi-spec.io/v1alpha4",
        "kind": "IdentityBinding",
        "metadata": {"name": "callers", "namespace": "t1"},
        "spec": {"schemes": schemes},
    }
    assert decision_of(a_call(), [GROUP, TARGET, binding]) is None


def test_a_call_of_unknown_accounts_is_not_explained() -> None:
    """Several accounts behind one Service, or a call that was made by hand."""
    assert decision_of(a_call(server_account=""), [TARGET]) is None
    assert decision_of(a_call(""), [TARGET]) is None
