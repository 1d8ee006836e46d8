"""The discovery documents: /api, /apis, /apis/G, /apis/G/V, /version. Pure: registry in, documents out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pytest_smi.reference.kube.registry import Registry, version_priority
from pytest_smi.reference.kube.resources import Resource

VERSION = {
    "major": "1",
    "minor": "32",
    "gitVersion": "v1.32.0+smi-reference",
    "gitCommit": "0000000000000000000000000000000000000000",
    "gitTreeState": "clean",
    "buildDate": "2024-12-11T18:00:00Z",
    "goVersion": "none",
    "compiler": "none",
    "platform": "linux/amd64",
}


def api_versions(address: str) -> dict[str, Any]:
    """/api."""
    return {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
    }


def api_group(group: str, versions: Iterable[str]) -> dict[str, Any]:
    """/apis/G, and the element of /apis."""
    entries = [
        {"groupVersion": f"{group}/{version}", "version": version} for version in sorted(versions, key=version_priority)
    ]
    return {"kind": "APIGroup", "apiVersion": "v1", "name": group, "versions": entries, "preferredVersion": entries[0]}


def merged_versions(registry: Registry, aggregated: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    """Return every group and its versions: the registry's and those of aggregated servers."""
    groups = {group: set(registry.versions(group)) for group in registry.groups()}
    for group, version in aggregated:
        groups.setdefault(group, set()).add(version)
    return groups


def api_group_list(groups: dict[str, set[str]]) -> dict[str, Any]:
    """/apis."""
    found = [api_group(group, versions) for group, versions in sorted(groups.items())]
    for entry in found:
        del entry["kind"], entry["apiVersion"]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": found}


def resource_list(group: str, version: str, resources: Iterable[Resource]) -> dict[str, Any]:
    """/api/v1 and /apis/G/V."""
    entries: list[dict[str, Any]] = []
    for resource in resources:
        entry: dict[str, Any] = {
            "name": resource.plural,
            "singularName": resource.singular or resource.kind.lower(),
            "namespaced": resource.namespaced,
            "kind": resource.kind,
            "verbs": list(resource.verbs),
        }
        if resource.short_names:
            entry["shortNames"] = list(resource.short_names)
        if resource.categories:
            entry["categories"] = list(resource.categories)
        entries.append(entry)
        for name, kind, verbs in resource.subresources:
            sub = {
                "name": f"{resource.plural}/{name}",
                "singularName": "",
                "namespaced": resource.namespaced,
                "kind": kind,
                "verbs": list(verbs),
            }
            if kind == "Scale":
                sub |= {"group": "autoscaling", "version": "v1"}
            elif kind == "TokenRequest":
                sub |= {"group": "authentication.k8s.io", "version": "v1"}
            entries.append(sub)
    name = f"{group}/{version}" if group else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": name, "resources": entries}
