"""Identities from headers, and decisions kept for a moment."""

import asyncio

import pytest

from pytest_smi.reference.mesh.metrics.permissions import (
    AccessRequest,
    RememberedDecisions,
    Required,
    identity,
    subject_access_review,
)
from pytest_smi.reference.mesh.metrics.routes import Query

REQUEST = AccessRequest(user="u", verb="list", resource="pods")


class _Authorizer:
    def __init__(self, allowed: bool) -> None:
        self.allowed = allowed
        self.calls = 0

    async def __call__(self, request: AccessRequest) -> bool:
        self.calls += 1
        return self.allowed


def test_the_identity_is_what_the_api_server_passes_on() -> None:
    """User, all groups, and extra by key; header names in any case."""
    who = identity(
        [
            ("X-Remote-User", "u"),
            ("x-remote-group", "g1"),
            ("X-Remote-Group", "g2"),
            ("X-Remote-Extra-example.org%2fscopes", "s"),
        ]
    )

    assert who is not None
    assert (who.user, who.groups, who.extra) == ("u", ("g1", "g2"), (("example.org/scopes", ("s",)),))
    assert identity([("X-Remote-Group", "system:masters")]) is None


def test_the_review_asks_for_the_query() -> None:
    """Subresource edges is named; empty attributes are left out."""
    who = AccessRequest(user="u", groups=("g",), extra=(("k", ("v",)),), verb="", resource="")
    body = subject_access_review(
        Required().of(who, Query(resource="pods", namespace="t1", name="p", subresource="edges"))
    )

    assert body["spec"] == {
        "user": "u",
        "groups": ["g"],
        "extra": {"k": ["v"]},
        "resourceAttributes": {
            "group": "metrics.smi-spec.io",
            "version": "v1alpha1",
            "verb": "get",
            "resource": "pods",
            "subresource": "edges",
            "namespace": "t1",
            "name": "p",
        },
    }


@pytest.mark.parametrize(("allowed", "seconds"), [(True, 2.0), (False, 0.25)])
def test_decisions_are_kept_for_a_moment_only(allowed: bool, seconds: float) -> None:
    """A second question within the time costs no call, one after it does."""
    now = [0.0]
    authorizer = _Authorizer(allowed)
    remembered = RememberedDecisions(authorizer, monotonic=lambda: now[0])

    async def ask() -> bool:
        return await remembered(REQUEST)

    assert [asyncio.run(ask()), asyncio.run(ask())] == [allowed, allowed]
    assert authorizer.calls == 1
    now[0] += seconds
    assert asyncio.run(ask()) is allowed
    assert authorizer.calls == 2


def test_a_failing_authorizer_is_asked_again() -> None:
    """An error is no decision."""

    async def fail(request: AccessRequest) -> bool:
        raise ConnectionError("API server away")

    remembered = RememberedDecisions(fail)
    for _ in range(2):
        with pytest.raises(ConnectionError):
            asyncio.run(remembered(REQUEST))
