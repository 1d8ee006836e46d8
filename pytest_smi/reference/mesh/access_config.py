"""TrafficTargets and the routes they name as grants per destination identity; deterministic, without memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_smi.reference.mesh.bindings import identities_of, resolve
from pytest_smi.reference.mesh.grants import GrantCompiler, RouteObjects
from pytest_smi.reference.mesh.smi import Identity, IdentityBinding, PortRoute, RouteGroup, TrafficTarget

Key = tuple[str, str]
Objects = Mapping[str, Mapping[Key, Any]]
"""Parsed objects of SMI by resource."""
Grants = dict[Identity, list[dict[str, Any]]]
"""Grants by destination."""


class AccessCompiler:
    """Makes the grants of every destination identity of one moment's objects."""

    def __init__(self, grants: GrantCompiler | None = None) -> None:
        self._grants = grants or GrantCompiler()

    def compile(self, smi: Objects, accounts: Sequence[Identity]) -> Grants:
        """Return the grants by destination. `accounts` are the identities of all joined pods."""
        grants: Grants = {}
        bindings = self.bindings(smi)
        for key, target in self.targets(smi).items():
            for resolved in self.resolved(target, bindings, accounts):
                if not self.is_inert(resolved, smi):
                    self._add(key, self.read(key, resolved), smi, accounts, grants)
        return grants

    def _add(self, key: Key, target: TrafficTarget, smi: Objects, accounts: Sequence[Identity], grants: Grants) -> None:
        assert target.destination is not None, "a target without destination is inert"
        routes = RouteObjects(
            groups=self.groups(key, target, smi),
            tcp=self.port_routes("tcproutes", key, target, smi),
            udp=self.port_routes("udproutes", key, target, smi),
        )
        self.give(grants, target, target.destination, self._grants.compile(target, routes), accounts)

    def targets(self, smi: Objects) -> Mapping[Key, TrafficTarget]:
        """Return the targets that count: those that exist."""
        return smi["traffictargets"]

    def bindings(self, smi: Objects) -> Mapping[Key, IdentityBinding]:
        """Return the IdentityBindings that count: those that exist."""
        return smi.get("identitybindings", {})

    def resolved(
        self, target: TrafficTarget, bindings: Mapping[Key, IdentityBinding], accounts: Sequence[Identity]
    ) -> Sequence[TrafficTarget]:
        """Return the target with identities in the place of bindings, once for each of its destinations."""
        return resolve(target, bindings, lambda binding: self.stands_for(binding, accounts))

    def stands_for(self, binding: IdentityBinding, accounts: Sequence[Identity]) -> Sequence[Identity]:
        """Return the identities that a binding stands for; `accounts` are those of all joined pods."""
        return identities_of(binding)

    def is_inert(self, target: TrafficTarget, smi: Objects) -> bool:
        """Return whether the target grants nothing as a whole: it names no ServiceAccount as its destination."""
        return target.destination is None

    def read(self, key: Key, target: TrafficTarget) -> TrafficTarget:
        """Return the target as it counts: as it is stored now."""
        return target

    def groups(self, key: Key, target: TrafficTarget, smi: Objects) -> Mapping[Key, RouteGroup]:
        """Return the route groups in which a target's rules are looked up, as they are stored now."""
        return smi["httproutegroups"]

    def port_routes(self, resource: str, key: Key, target: TrafficTarget, smi: Objects) -> Mapping[Key, PortRoute]:
        """Return the TCPRoutes or UDPRoutes in which a target's rules are looked up, as they are stored now."""
        return smi[resource]

    def give(
        self,
        grants: Grants,
        target: TrafficTarget,
        destination: Identity,
        grant: dict[str, Any],
        accounts: Sequence[Identity],
    ) -> None:
        """Give a grant to whom it concerns: its destination alone."""
        grants.setdefault(destination, []).append(grant)
