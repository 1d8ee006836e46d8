"""From the objects of a case to those of a cluster: their real names, and how they are written. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pytest_smi.smi.model import (
    HTTPRouteGroup,
    IdentityBinding,
    SmiObject,
    Subject,
    TCPRoute,
    TrafficSplit,
    TrafficTarget,
    UDPRoute,
)


def manifest_of(record: SmiObject, rendered: Callable[[SmiObject], dict[str, Any]]) -> dict[str, Any]:
    """Return an object as it is written for the mesh; a target whose destination has no name has no destination."""
    manifest = rendered(record)
    if isinstance(record, TrafficTarget) and not record.destination.name:
        for fields in (manifest, manifest.get("spec", {})):
            fields.pop("destination", None)
    return manifest


def placed(record: SmiObject, place: Callable[[str], str], suffix: str) -> SmiObject:
    """Return an object with the real namespaces, and a suffix to its name and to those that it refers to."""

    def subject(one: Subject) -> Subject:
        return replace(one, namespace=place(one.namespace)) if one.namespace else one

    name, namespace = record.name + suffix, place(record.namespace)
    match record:
        case TrafficTarget():
            return replace(
                record,
                name=name,
                namespace=namespace,
                destination=subject(record.destination),
                rules=tuple(replace(rule, name=rule.name + suffix) for rule in record.rules),
                sources=tuple(map(subject, record.sources)),
            )
        case TrafficSplit():
            matches = None if record.matches is None else tuple(one + suffix for one in record.matches)
            return replace(record, name=name, namespace=namespace, matches=matches)
        case HTTPRouteGroup() | TCPRoute() | UDPRoute() | IdentityBinding():
            return replace(record, name=name, namespace=namespace)
