"""From the short names of a case to the real ones of a cluster. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

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
