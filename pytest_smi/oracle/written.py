"""What an object's text says beyond its record: its version, its owner, fields that its version does not have. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pytest_smi.oracle.records import Written
from pytest_smi.smi.versions import before

_PROGRESSIVE = {"Canary": "Flagger", "Rollout": "Argo Rollouts"}
"""Kinds that own the splits which a delivery tool writes."""


def written(item: Mapping[str, Any]) -> Written:
    """Look at an object that could be read."""
    version = str(item["apiVersion"]).partition("/")[2]
    return Written(
        version=version,
        owner=_owner(item),
        notes=tuple(_misplaced(item, version)),
        questions=("AMB-12",) if _has_header_map(item) else (),
    )


def _owner(item: Mapping[str, Any]) -> str:
    owners = item["metadata"].get("ownerReferences")
    for owner in owners if isinstance(owners, list) else ():
        if isinstance(owner, dict) and owner.get("kind") in _PROGRESSIVE:
            return f"{_PROGRESSIVE[owner['kind']]} for {owner['kind']} {owner.get('name', '')}"
    return ""


def _misplaced(item: Mapping[str, Any], version: str) -> Iterator[str]:
    """Fields of another version of the kind; a mesh, like an API server, leaves them aside without a word."""
    kind, spec = item["kind"], item.get("spec")
    inner = spec if isinstance(spec, dict) else {}
    if kind == "HTTPRouteGroup":
        if not before(version, "v1alpha3") and "matches" in item:
            yield (
                f"`matches` beside `spec` is of specs v1alpha2 and older: {version} has it in `spec`, "
                "and does not see it"
            )
        if before(version, "v1alpha3") and "matches" in inner:
            yield (
                f"`spec.matches` is of specs v1alpha3 and newer: {version} has `matches` at the top, "
                "and does not see it"
            )
    if kind == "TrafficTarget":
        destination = inner.get("destination")
        if not before(version, "v1alpha3") and isinstance(destination, dict) and "port" in destination:
            yield (
                f"`spec.destination.port` is of access v1alpha2 and older: {version} does not see it, "
                "and every port is granted"
            )
        if version != "v1alpha1" and not {"destination", "specs", "sources"}.isdisjoint(item):
            yield f"fields beside `spec` are of access v1alpha1: {version} does not see them"
        if version != "v1alpha1" and "specs" in inner:
            yield f"`spec.specs` is called `spec.rules` in {version}, which does not see it"
    if kind == "TrafficSplit" and before(version, "v1alpha3") and "matches" in inner:
        yield f"`spec.matches` is of split v1alpha3 and newer: {version} does not see it, and splits every call"
    if kind == "TCPRoute" and before(version, "v1alpha4") and "matches" in inner:
        yield f"`spec.matches` is of specs v1alpha4: {version} does not see it, and every port is meant"


def _has_header_map(item: Mapping[str, Any]) -> bool:
    spec = item.get("spec")
    matches = (spec if isinstance(spec, dict) else item).get("matches") if item["kind"] == "HTTPRouteGroup" else None
    return any(
        isinstance(one, dict) and isinstance(one.get("headers"), dict)
        for one in (matches if isinstance(matches, list) else ())
    )
