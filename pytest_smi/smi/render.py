"""Render canonical SMI records as Kubernetes objects of a given API version. Pure.

What a version cannot say raises NotExpressible; the requirement is then unsupported there, with that reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_smi.core.terms import VERSIONS
from pytest_smi.smi.access import binding_body, target_body
from pytest_smi.smi.model import (
    API_OF_KIND,
    HTTPRouteGroup,
    IdentityBinding,
    SmiObject,
    TCPRoute,
    TrafficSplit,
    TrafficTarget,
    UDPRoute,
)
from pytest_smi.smi.specs import HeaderForm, group_body, route_body
from pytest_smi.smi.split import split_body
from pytest_smi.smi.versions import GROUPS, NotExpressible, not_expressible

__all__ = ["GROUPS", "NotExpressible", "render"]


def render(record: SmiObject, versions: Mapping[str, str], *, headers: HeaderForm = "list") -> dict[str, Any]:
    """Return the Kubernetes object for `record` at the version that `versions` names for its API.

    `headers` is the form that the served definition of HTTPRouteGroup takes.
    An API without a version is not expressible.
    """
    api, kind = API_OF_KIND[type(record)], type(record).__name__
    if api not in versions:
        raise NotExpressible(f"not expressible: no version of {api} is tested, so there is no {kind}")
    version = versions[api]
    if version not in VERSIONS[api]:
        raise not_expressible(api, version, f"a {kind} (known are {', '.join(VERSIONS[api])})")
    metadata = {"name": record.name, "namespace": record.namespace}
    return {
        "apiVersion": f"{GROUPS[api]}/{version}",
        "kind": kind,
        "metadata": metadata,
        **_body(record, version, headers),
    }


def _body(record: SmiObject, version: str, headers: HeaderForm) -> dict[str, Any]:
    match record:
        case HTTPRouteGroup():
            return group_body(record, version, headers)
        case TCPRoute() | UDPRoute():
            return route_body(record, version)
        case TrafficTarget():
            return target_body(record, version)
        case IdentityBinding():
            return binding_body(record, version)
        case TrafficSplit():
            return split_body(record, version)
