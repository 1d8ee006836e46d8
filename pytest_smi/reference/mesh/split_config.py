"""TrafficSplits with their route groups resolved, and the warnings that they deserve; deterministic, without memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_smi.reference.mesh.routes import route_json
from pytest_smi.reference.mesh.smi import RouteGroup, TrafficSplit
from pytest_smi.reference.mesh.splits import Service, port_warnings

Key = tuple[str, str]
ServiceConfigs = Mapping[Key, Mapping[str, Any]]
"""Values of `svc/NS/NAME` by key."""
Backends = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitWarning:
    """A misconfiguration to be told by an event on the split."""

    key: Key
    uid: str
    message: str


class SplitCompiler:
    """Makes the configuration of every split of one moment's objects."""

    def compile(
        self, splits: Mapping[Key, TrafficSplit], groups: Mapping[Key, RouteGroup], services: ServiceConfigs
    ) -> tuple[dict[str, Any], list[SplitWarning]]:
        """Return (values of `split/NS/NAME`, warnings)."""
        configs: dict[str, Any] = {}
        warnings: list[SplitWarning] = []
        for key, split in self.current(splits).items():
            read = self.read(key, split, services)
            if self.counts(read):
                configs[f"split/{key[0]}/{key[1]}"] = self._config(read, groups, services)
                warnings += [
                    SplitWarning(key=key, uid=split.uid, message=text) for text in self.warnings(split, services)
                ]
        return configs, warnings

    def _config(
        self, split: TrafficSplit, groups: Mapping[Key, RouteGroup], services: ServiceConfigs
    ) -> dict[str, Any]:
        found = None if split.matches is None else self.groups(split, split.matches, groups)
        return {
            "namespace": split.namespace,
            "name": split.name,
            "created": split.created,
            "service": split.service,
            "backends": [list(backend) for backend in self.backends(split, services)],
            "groups": None if found is None else [[route_json(route) for route in group.routes] for group in found],
        }

    def current(self, splits: Mapping[Key, TrafficSplit]) -> Mapping[Key, TrafficSplit]:
        """Return the splits that count: those that exist."""
        return splits

    def read(self, key: Key, split: TrafficSplit, services: ServiceConfigs) -> TrafficSplit:
        """Return the split as it counts: as it is stored now."""
        return split

    def counts(self, split: TrafficSplit) -> bool:
        """Return whether the split counts for anything: each one does."""
        return True

    def backends(self, split: TrafficSplit, services: ServiceConfigs) -> Backends:
        """Return the backends with their weights; which of them can take a call is for the sidecars to see."""
        return split.backends

    def groups(self, split: TrafficSplit, names: tuple[str, ...], groups: Mapping[Key, RouteGroup]) -> list[RouteGroup]:
        """Return the groups that `matches` names and that exist, in the split's own namespace."""
        return [groups[(split.namespace, name)] for name in names if (split.namespace, name) in groups]

    def warnings(self, split: TrafficSplit, services: ServiceConfigs) -> list[str]:
        """Return what is wrong with the split's ports, a sentence per backend."""
        names = {split.service, *(name for name, _ in split.backends)}
        known = {
            key: _service(key, services[key]) for key in ((split.namespace, name) for name in names) if key in services
        }
        root = known.get((split.namespace, split.service))
        return [] if root is None else port_warnings(split.backends, root, known)


def _service(key: Key, config: Mapping[str, Any]) -> Service:
    ports = {(port["port"], port["protocol"]): [tuple(e) for e in port["endpoints"]] for port in config["ports"]}
    return Service(
        key=key, ports=ports, names={(port["port"], port["protocol"]): port["name"] for port in config["ports"]}
    )
