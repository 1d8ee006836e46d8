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
            if self._is_dropped(seen):
                continue
            if self._faults.on("split-backend-needs-every-port"):
                seen = replace(seen, backends=tuple(b for b in seen.backends if _has_every_port(b[0], seen, services)))
            if self._faults.on("split-last-takes-rounding"):
                seen = replace(seen, backends=_rounded(seen.backends))
            found = _by_name(seen, groups) if self._faults.on("split-groups-by-name-alone") else groups
            configs[f"split/{key[0]}/{key[1]}"] = _config(seen, found)
            if not self._faults.on("split-no-event"):
                warnings += [SplitWarning(key=key, uid=split.uid, message=text) for text in _warnings(split, services)]
        return configs, warnings

    def _is_dropped(self, split: TrafficSplit) -> bool:
        """Whether the split counts for nothing; for meshes that are stricter than the specification."""
        faults, names = self._faults, [name for name, _ in split.backends]
        if faults.on("split-of-own-root-dropped") and split.service in names:
            return True
        return faults.on("split-all-zero-is-no-split") and not any(weight for _, weight in split.backends)

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


def _has_every_port(backend: str, split: TrafficSplit, services: Mapping[Key, Mapping[str, Any]]) -> bool:
    """Whether a backend exists and has each port of the root, by number and protocol."""
    root, found = (
        {(port["port"], port["protocol"]) for port in services.get((split.namespace, name), {}).get("ports", ())}
        for name in (split.service, backend)
    )
    return (split.namespace, backend) in services and root <= found


def _by_name(split: TrafficSplit, groups: Mapping[Key, RouteGroup]) -> dict[Key, RouteGroup]:
    """The groups that the split names, from whatever namespace, under the keys by which it looks for them."""
    return {(split.namespace, name): group for (_, name), group in groups.items() if name in (split.matches or ())}


def _rounded(backends: tuple[tuple[str, int], ...]) -> tuple[tuple[str, int], ...]:
    """Weights as whole per cents; the last takes what is missing to a hundred."""
    total = sum(weight for _, weight in backends)
    if not total:
        return backends
    shares = [weight * 100 // total for _, weight in backends[:-1]]
    return tuple((name, share) for (name, _), share in zip(backends, [*shares, 100 - sum(shares)], strict=True))


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


def callers(
    config: Mapping[str, Any],
    services: Mapping[Key, Mapping[str, Any]],
    pods: Mapping[str, Mapping[str, Any]],
    grants: Mapping[Key, list[dict[str, Any]]],
) -> list[list[str]]:
    """The identities that each backend of a split grants something to by one of its pods, for meshes that ask for that.

    A backend without ready pods grants nothing.
    """
    allowed: list[set[tuple[str, str]]] = []
    for name, _ in config["backends"]:
        ports = services.get((config["namespace"], name), {}).get("ports", [])
        accounts = {(pods[ip]["ns"], pods[ip]["sa"]) for port in ports for ip, _ in port["endpoints"] if ip in pods}
        given = (grant for account in accounts for grant in grants.get(account, []))
        allowed.append({(source[0], source[1]) for grant in given for source in grant["sources"]})
    return [list(identity) for identity in sorted(set.intersection(*allowed))] if allowed else []
