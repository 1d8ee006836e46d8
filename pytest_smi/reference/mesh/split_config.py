"""TrafficSplits with their route groups resolved, and the warnings that they deserve; deterministic, its only memory that of faults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pytest_smi.reference.mesh.faults import ActiveFaults
from pytest_smi.reference.mesh.routes import route_json
from pytest_smi.reference.mesh.smi import RouteGroup, TrafficSplit
from pytest_smi.reference.mesh.splits import Service, port_warnings

Key = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitWarning:
    """A misconfiguration to be told by an event on the split."""

    key: Key
    uid: str
    message: str


class SplitCompiler:
    """Makes the configuration of every split. Healthy, it depends on the input alone."""

    def __init__(self, faults: ActiveFaults) -> None:
        self._faults = faults
        self._seen: dict[Key, TrafficSplit] = {}
        self._late: dict[Key, set[str]] = {}

    def compile(
        self, splits: Mapping[Key, TrafficSplit], groups: Mapping[Key, RouteGroup], services: Mapping[Key, Mapping[str, Any]]
    ) -> tuple[dict[str, Any], list[SplitWarning]]:
        """(values of `split/NS/NAME`, warnings). `services` are values of `svc/NS/NAME` by key."""
        configs: dict[str, Any] = {}
        warnings: list[SplitWarning] = []
        current = dict(splits)
        if self._faults.on("split-deleted-stays"):
            current = {**self._seen, **current}
            self._seen.update(current)
        for key, split in current.items():
            seen = self._remember(key, split, services)
            configs[f"split/{key[0]}/{key[1]}"] = _config(seen, groups)
            if not self._faults.on("split-no-event"):
                warnings += [SplitWarning(key=key, uid=split.uid, message=text) for text in _warnings(split, services)]
        return configs, warnings

    def _remember(self, key: Key, split: TrafficSplit, services: Mapping[Key, Mapping[str, Any]]) -> TrafficSplit:
        """The split as it is; faults hold on to what it was."""
        faults = self._faults
        if faults.on("split-first-version-only"):
            kept = self._seen.setdefault(key, split)
            return kept if kept.uid == split.uid else self._seen.setdefault((key[0], f"{key[1]}/{split.uid}"), split)
        if faults.on("split-removed-backend-stays"):
            old = self._seen.get(key)
            if old is not None and old.uid == split.uid:
                names = {name for name, _ in split.backends}
                split = replace(split, backends=(*split.backends, *(b for b in old.backends if b[0] not in names)))
            self._seen[key] = split
        if faults.on("split-late-backend-lost"):
            missing = {name for name, _ in split.backends if (key[0], name) not in services}
            late = self._late.setdefault((key[0], split.uid), missing)
            split = replace(split, backends=tuple((name, 0 if name in late else weight) for name, weight in split.backends))
        if faults.on("split-clamps-at-100"):
            split = replace(split, backends=tuple((name, min(weight, 100)) for name, weight in split.backends))
        return split


def _config(split: TrafficSplit, groups: Mapping[Key, RouteGroup]) -> dict[str, Any]:
    resolved: list[list[dict[str, Any]]] | None = None
    if split.matches is not None:
        found = [groups[(split.namespace, name)] for name in split.matches if (split.namespace, name) in groups]
        resolved = [[route_json(route) for route in group.routes] for group in found]
    return {
        "namespace": split.namespace,
        "name": split.name,
        "created": split.created,
        "service": split.service,
        "backends": [list(backend) for backend in split.backends],
        "groups": resolved,
    }


def _warnings(split: TrafficSplit, services: Mapping[Key, Mapping[str, Any]]) -> list[str]:
    names = {split.service, *(name for name, _ in split.backends)}
    known = {
        (split.namespace, name): _service((split.namespace, name), services[(split.namespace, name)])
        for name in names
        if (split.namespace, name) in services
    }
    root = known.get((split.namespace, split.service))
    return [] if root is None else port_warnings(split.backends, root, known)


def _service(key: Key, config: Mapping[str, Any]) -> Service:
    ports = {(port["port"], port["protocol"]): [tuple(e) for e in port["endpoints"]] for port in config["ports"]}
    return Service(key=key, ports=ports, names={(port["port"], port["protocol"]): port["name"] for port in config["ports"]})
