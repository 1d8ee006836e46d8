"""Render canonical SMI records as Kubernetes objects of a given API version. Pure.

What a version cannot say raises NotExpressible; the requirement is then unsupported there, with that reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_smi.smi.model import API_OF_KIND, HTTPMatch, HTTPRouteGroup, SmiObject, Subject, TCPRoute, TrafficSplit, TrafficTarget, UDPRoute

GROUPS = {"access": "access.smi-spec.io", "specs": "specs.smi-spec.io", "split": "split.smi-spec.io", "metrics": "metrics.smi-spec.io"}
RENDERED = {"access": ("v1alpha3",), "specs": ("v1alpha4",), "split": ("v1alpha4",), "metrics": ("v1alpha1",)}
"""The versions of each API that this suite can write (metrics: read), newest first."""


class NotExpressible(ValueError):
    """The record says something that the API version has no field for."""


def render(record: SmiObject, versions: Mapping[str, str]) -> dict[str, Any]:
    """Return the Kubernetes object for `record` at the version that `versions` names for its API."""
    api = API_OF_KIND[type(record)]
    version = versions[api]
    if version not in RENDERED[api]:
        raise NotExpressible(f"{type(record).__name__} is not expressible in {api} {version}")
    return {
        "apiVersion": f"{GROUPS[api]}/{version}",
        "kind": type(record).__name__,
        "metadata": {"name": record.name, "namespace": record.namespace},
        "spec": _spec(record),
    }


def _spec(record: SmiObject) -> dict[str, Any]:
    match record:
        case HTTPRouteGroup():
            return {"matches": [_http_match(match) for match in record.matches]}
        case TCPRoute() | UDPRoute():
            return {"matches": {"ports": list(record.ports)}}
        case TrafficTarget():
            return {
                "destination": _subject(record.destination),
                "rules": [
                    {"kind": rule.kind, "name": rule.name} | ({} if rule.matches is None else {"matches": list(rule.matches)})
                    for rule in record.rules
                ],
                "sources": [_subject(source) for source in record.sources],
            }
        case TrafficSplit():
            spec: dict[str, Any] = {
                "service": record.service,
                "backends": [{"service": backend.service, "weight": backend.weight} for backend in record.backends],
            }
            if record.matches is not None:
                spec["matches"] = [{"kind": "HTTPRouteGroup", "name": name} for name in record.matches]
            return spec


def _http_match(match: HTTPMatch) -> dict[str, Any]:
    rendered: dict[str, Any] = {"name": match.name}
    if match.path is not None:
        rendered["pathRegex"] = match.path
    if match.methods is not None:
        rendered["methods"] = list(match.methods)
    if match.headers:
        # The list form is the one that every published CRD takes (specification issue 233).
        rendered["headers"] = [{name: value} for name, value in match.headers]
    return rendered


def _subject(subject: Subject) -> dict[str, str]:
    return {"kind": subject.kind, "name": subject.name, "namespace": subject.namespace}
