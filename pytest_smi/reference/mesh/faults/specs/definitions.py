"""Faults of the installation: definitions of routes that have other names, or take what they should refuse."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from pytest_smi.reference.mesh.cluster_config import Objects
from pytest_smi.reference.mesh.faults.definitions import definitions_of, fields_of
from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.metrics.discovery import Installation
from pytest_smi.reference.mesh.snapshot import Compiler, Snapshot


class RoutesShortenedOtherwise(Installation):
    """Shortens names by itself."""

    def objects(self, manifests: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """Give TCPRoute another short name."""
        found = copy.deepcopy(super().objects(manifests))
        for definition in definitions_of(found, "tcproutes"):
            definition["spec"]["names"]["shortNames"] = ["tcpr"]
        return found


ROUTES_SHORTENED_OTHERWISE = Fault(
    name="specs-routes-shortened-otherwise",
    description="The short name of TCPRoute is tcpr.",
    breaks=("TS-49",),
    overrides=(RoutesShortenedOtherwise,),
)


class MethodsOpen(Installation):
    """Takes text for text."""

    def objects(self, manifests: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """Drop the list of methods that a route may name."""
        found = copy.deepcopy(super().objects(manifests))
        for definition in definitions_of(found, "httproutegroups"):
            for spec in fields_of(definition):
                del spec["properties"]["matches"]["items"]["properties"]["methods"]["items"]["enum"]
        return found


METHODS_OPEN = Fault(
    name="specs-methods-open",
    description="The definition of HTTPRouteGroup takes any text for a method.",
    breaks=("TS-49",),
    overrides=(MethodsOpen,),
)


class NamesOptional(Installation):
    """Requires nothing of a route."""

    def objects(self, manifests: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """Take the name out of the list of required fields."""
        found = copy.deepcopy(super().objects(manifests))
        for definition in definitions_of(found, "httproutegroups"):
            for spec in fields_of(definition):
                spec["properties"]["matches"]["items"]["required"].remove("name")
        return found


NAMES_OPTIONAL = Fault(
    name="specs-names-optional",
    description="The definition of HTTPRouteGroup takes routes without a name.",
    breaks=("TS-49",),
    overrides=(NamesOptional,),
)


class HeadersInAnyForm(Installation):
    """Takes header filters as they come."""

    def objects(self, manifests: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """Let header filters be of any type."""
        found = copy.deepcopy(super().objects(manifests))
        for definition in definitions_of(found, "httproutegroups"):
            for spec in fields_of(definition):
                fields = spec["properties"]["matches"]["items"]["properties"]
                fields["headers"] = {"x-kubernetes-preserve-unknown-fields": True}
        return found


class HeaderMapsDropped(Compiler):
    """Reads header filters as a list."""

    def compile(self, cluster: Mapping[str, Objects]) -> Snapshot:
        """Lose those that are written as a map."""
        changed = copy.deepcopy(dict(cluster.get("httproutegroups", {})))
        for group in changed.values():
            for route in (group.get("spec") or {}).get("matches") or ():
                if isinstance(route.get("headers"), Mapping):
                    del route["headers"]
        return super().compile({**cluster, "httproutegroups": changed})


HEADER_MAPS_DROPPED = Fault(
    name="specs-header-maps-dropped",
    description="Header filters that are written as a map are stored and not looked at.",
    breaks=("TS-39",),
    overrides=(HeadersInAnyForm, HeaderMapsDropped),
)

DEFINITIONS = (ROUTES_SHORTENED_OTHERWISE, METHODS_OPEN, NAMES_OPTIONAL, HEADER_MAPS_DROPPED)
