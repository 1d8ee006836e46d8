"""Parse Kubernetes objects of every SMI kind and version into canonical records. Pure; the counterpart of `render`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_smi.core.terms import VERSIONS
from pytest_smi.smi.access import read_binding, read_target
from pytest_smi.smi.model import SmiObject, TCPRoute, UDPRoute
from pytest_smi.smi.object_reader import Reader
from pytest_smi.smi.specs import read_group, read_route
from pytest_smi.smi.split import read_split
from pytest_smi.smi.versions import GROUPS

_API_OF_GROUP = {group: api for api, group in GROUPS.items()}
_KINDS = {
    "access": ("TrafficTarget", "IdentityBinding"),
    "specs": ("HTTPRouteGroup", "TCPRoute", "UDPRoute"),
    "split": ("TrafficSplit",),
}


def parse(item: Mapping[str, Any]) -> SmiObject:
    """Return the canonical record of an object; fields that its version does not know are left aside,
    as a mesh leaves them.

    Raises ValueError with the dotted path for what is no SMI object of a known version.
    """
    top = Reader(dict(item))
    group, _, version = top.text("apiVersion").partition("/")
    kind, api = top.text("kind"), _API_OF_GROUP.get(group, "")
    if kind not in _KINDS.get(api, ()) or version not in VERSIONS[api]:
        raise ValueError(
            f"{top.value['apiVersion']} {kind} is no kind of the Service Mesh Interface that is known here"
        )
    metadata = top.inner("metadata")
    name, namespace = metadata.text("name"), metadata.text("namespace")
    match kind:
        case "TrafficTarget":
            return read_target(name, namespace, top, version)
        case "IdentityBinding":
            return read_binding(name, namespace, top, version)
        case "HTTPRouteGroup":
            return read_group(name, namespace, top, version)
        case "TrafficSplit":
            return read_split(name, namespace, top, version)
        case _:
            return read_route(TCPRoute if kind == "TCPRoute" else UDPRoute, name, namespace, top, version)
