"""One object of every kind with every field that a version can say: what schemas are tried with. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from pytest_smi.smi.model import (
    IDENTITY_BINDING,
    Backend,
    HTTPMatch,
    HTTPRouteGroup,
    IdentityBinding,
    Rule,
    SmiObject,
    Subject,
    TCPRoute,
    TrafficSplit,
    TrafficTarget,
    UDPRoute,
)
from pytest_smi.smi.render import render
from pytest_smi.smi.specs import HeaderForm
from pytest_smi.smi.versions import NotExpressible

_ACCOUNT = Subject(name="account", namespace="samples")
_BINDING = Subject(name="binding", namespace="samples", kind=IDENTITY_BINDING)
_RULE = Rule(kind="HTTPRouteGroup", name="group", matches=("match",))
_MATCH = HTTPMatch(name="match", path="/m", methods=("GET", "*"))
_FILTERED = HTTPMatch(name="filtered", headers=(("x-one", "^1$"), ("x-two", ".*")))
_SPLIT = TrafficSplit(
    name="sample",
    namespace="samples",
    service="root",
    backends=(Backend(service="v1", weight=3), Backend(service="v2", weight=0)),
)

_RICHEST_FIRST: tuple[tuple[str, tuple[SmiObject, ...]], ...] = (
    (
        "TrafficTarget",
        (
            TrafficTarget(
                name="sample",
                namespace="samples",
                destination=_BINDING,
                rules=(_RULE, Rule(kind="UDPRoute", name="route")),
                sources=(_ACCOUNT, _BINDING),
            ),
            TrafficTarget(
                name="sample",
                namespace="samples",
                destination=_ACCOUNT,
                rules=(_RULE, Rule(kind="UDPRoute", name="route")),
                sources=(_ACCOUNT,),
            ),
            TrafficTarget(
                name="sample",
                namespace="samples",
                destination=_ACCOUNT,
                rules=(_RULE, Rule(kind="TCPRoute", name="route")),
                sources=(_ACCOUNT,),
                port=80,
            ),
        ),
    ),
    (
        "IdentityBinding",
        (
            IdentityBinding(
                name="sample",
                namespace="samples",
                service_account="account",
                pod_labels=(("app", "a"),),
                spiffe_identities=("domain.example/a",),
            ),
        ),
    ),
    (
        "HTTPRouteGroup",
        (
            HTTPRouteGroup(name="sample", namespace="samples", matches=(_MATCH, _FILTERED)),
            HTTPRouteGroup(name="sample", namespace="samples", matches=(_MATCH,)),
        ),
    ),
    (
        "TCPRoute",
        (TCPRoute(name="sample", namespace="samples", ports=(80, 8080)), TCPRoute(name="sample", namespace="samples")),
    ),
    ("UDPRoute", (UDPRoute(name="sample", namespace="samples", ports=(53,)),)),
    (
        "TrafficSplit",
        (
            TrafficSplit(
                name="sample", namespace="samples", service="root", backends=_SPLIT.backends, matches=("group",)
            ),
            TrafficSplit(
                name="sample",
                namespace="samples",
                service="root",
                backends=(*_SPLIT.backends, Backend(service="v3", weight=Fraction(1, 2))),
            ),
            _SPLIT,
        ),
    ),
)


def samples(api: str, version: str, *, headers: HeaderForm = "list") -> Iterator[dict[str, Any]]:
    """Yield the richest object of each kind that this version of the API has."""
    for _, records in _RICHEST_FIRST:
        for record in records:
            try:
                rendered = render(record, {api: version}, headers=headers)
            except NotExpressible:
                continue
            yield rendered
            break
