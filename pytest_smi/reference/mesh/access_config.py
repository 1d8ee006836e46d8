"""TrafficTargets and the routes they name as grants per destination identity; deterministic, its only memory that of faults."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pytest_smi.reference.mesh.bindings import resolve
from pytest_smi.reference.mesh.faults import ActiveFaults
from pytest_smi.reference.mesh.grants import grant_for
from pytest_smi.reference.mesh.routes import route_json
from pytest_smi.reference.mesh.smi import Identity, RouteGroup, TrafficTarget

Key = tuple[str, str]
_ANY_HTTP: dict[str, Any] = {"name": "", "path": None, "methods": None, "headers": []}


class AccessCompiler:
    """Makes the grants of every destination identity. Healthy, they depend on the input alone."""

    def __init__(self, faults: ActiveFaults) -> None:
        self._faults = faults
        self._seen_targets: dict[Key, TrafficTarget] = {}
        self._seen_groups: dict[tuple[Key, Key], RouteGroup] = {}
        self._seen_sources: dict[Key, tuple[Identity, ...]] = {}
        self._seen_namespaces: set[str] = set()

    def compile(self, smi: Mapping[str, Mapping[Key, Any]], accounts: Sequence[Identity]) -> dict[Identity, list[dict[str, Any]]]:
        """Grants by destination. `smi`: parsed objects by resource; `accounts`: the identities of all joined pods."""
        faults = self._faults
        targets: dict[Key, TrafficTarget] = dict(smi["traffictargets"])
        bindings = smi.get("identitybindings", {})
        if faults.on("access-deleted-target-stays"):
            self._seen_targets.update(targets)
            targets = dict(self._seen_targets)
        grants: dict[Identity, list[dict[str, Any]]] = {}
        for key, target in ((key, resolved) for key, found in targets.items() for resolved in resolve(found, bindings)):
            destination = target.destination
            if destination is None or self._is_void(target, smi):
                continue
            if faults.on("access-sources-add-only"):
                known = self._seen_sources.get(key, ())
                target = replace(target, sources=tuple(dict.fromkeys((*known, *target.sources))))
                self._seen_sources[key] = target.sources
            grant = grant_for(target, self._groups(key, target, smi), smi["tcproutes"], smi["udproutes"], faults)
            grants.setdefault(destination, []).append(grant)
            if faults.on("access-destination-homonym"):
                for account in accounts:
                    if account[1] == destination[1] and account != destination:
                        grants.setdefault(account, []).append(grant)
            if faults.on("access-symmetric"):
                for source in target.sources:
                    grants.setdefault(source, []).append({**grant, "sources": [list(destination)]})
            if faults.on("access-own-account"):
                grants[destination].append(_open(destination))
        self._add_open(grants, smi, accounts)
        return grants

    def _is_void(self, target: TrafficTarget, smi: Mapping[str, Mapping[Key, Any]]) -> bool:
        """Whether the whole target is set aside; for meshes that are stricter than the specification."""
        faults, kinds = self._faults, {rule.kind for rule in target.rules}
        if faults.on("targets-in-destination-namespace-only") and (
            not target.placed or target.destination is None or target.destination[0] != target.namespace
        ):
            return True
        if faults.on("udp-rules-void-targets") and (not kinds or "UDPRoute" in kinds):
            return True
        missing = any(rule.kind == "TCPRoute" and (target.namespace, rule.name) not in smi["tcproutes"] for rule in target.rules)
        return missing and faults.on("missing-tcp-route-voids-targets")

    def _groups(self, key: Key, target: TrafficTarget, smi: Mapping[str, Mapping[Key, Any]]) -> Mapping[Key, RouteGroup]:
        groups: Mapping[Key, RouteGroup] = smi["httproutegroups"]
        if self._faults.on("specs-pinned-to-start"):
            bad = any(not _compiles(route.path) for group in groups.values() for route in group.routes if group.namespace == key[0])
            return {} if bad else groups
        if not self._faults.on("access-routes-snapshot"):
            return groups
        pinned = dict(groups)
        for rule in target.rules:
            name = (target.namespace, rule.name)
            if name in groups:
                pinned[name] = self._seen_groups.setdefault((key, name), groups[name])
        return pinned

    def _add_open(
        self, grants: dict[Identity, list[dict[str, Any]]], smi: Mapping[str, Mapping[Key, Any]], accounts: Sequence[Identity]
    ) -> None:
        """Grants that no target gives: there are none, unless a fault says so."""
        faults = self._faults
        if faults.on("access-open-until-first-target"):
            self._seen_namespaces.update(key[0] for resource in smi.values() for key in resource)
            for account in accounts:
                if account[0] not in self._seen_namespaces:
                    grants.setdefault(account, []).append(_open(*accounts))
        if faults.on("access-unselected-open"):
            governed = {key[0] for key in smi["traffictargets"]}
            for account in accounts:
                if account[0] in governed and account not in grants:
                    grants[account] = [_open(*accounts)]
        if faults.on("specs-group-activates-itself"):
            for account in accounts:
                routes = [route_json(r) for key, group in smi["httproutegroups"].items() if key[0] == account[0] for r in group.routes]
                if routes and account not in grants:
                    grants[account] = [{**_open(*accounts), "http": routes}]


def _open(*sources: Identity) -> dict[str, Any]:
    return {"target": "", "sources": [list(s) for s in sources], "http": [_ANY_HTTP], "tcp": None, "udp": None}


def _compiles(pattern: str | None) -> bool:
    try:
        re.compile(pattern or "")
    except re.error:
        return False
    return True
