"""Subjects, routes, ports and shares in words. Pure; text from objects is passed on as it is."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from pytest_smi.oracle.backends import ROOT, Share
from pytest_smi.oracle.records import ObjectId
from pytest_smi.smi.model import HTTPMatch, Subject


def subject_words(subject: Subject, home: str) -> str:
    """`namespace/name`, with its kind where that is no ServiceAccount."""
    name = f"{subject.namespace or home}/{subject.name}"
    return name if subject.kind == "ServiceAccount" else f"{subject.kind} {name}"


def route_words(route: HTTPMatch) -> str:
    """Return what a route means: `GET, POST /api/.* with x-kind ~ ^v$`."""
    methods = "any method" if not route.methods or "*" in route.methods else ", ".join(route.methods)
    path = "any path" if route.path is None else route.path
    headers = " and ".join(f"{name} ~ {pattern}" for name, pattern in route.headers)
    return f"{methods} {path}" + (f" with {headers}" if headers else "")


def port_words(transport: str, ports: Sequence[int]) -> str:
    """`TCP 9000, 9001`, or every port."""
    return f"{transport} {', '.join(map(str, ports))}" if ports else f"{transport}, every port"


def object_words(identity: ObjectId) -> str:
    """`TrafficTarget namespace/name`."""
    kind, namespace, name = identity
    return f"{kind} {namespace}/{name}"


def percent(share: Fraction) -> str:
    """Return a share as a percentage, exact where that is short."""
    found = share * 100
    return f"{found.numerator}%" if found.denominator == 1 else f"{float(found):.3g}%"


def share_words(share: Share) -> str:
    """`v1 90%, v2 10%`; what is lost is said."""
    if share == ((ROOT, Fraction(1)),):
        return "the root's own endpoints"
    lost = 1 - sum((part for _, part in share), Fraction(0))
    parts = [f"{name} {percent(part)}" for name, part in share]
    return ", ".join([*parts, f"nothing {percent(lost)}"] if lost else parts) or "nothing is reached"
