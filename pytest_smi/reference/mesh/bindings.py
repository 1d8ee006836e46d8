"""IdentityBindings of the draft access v1alpha4: the service accounts that a subject by binding stands for; pure.

Identities here are those of service accounts, so that bindings by account and by SPIFFE id are read. A binding by pod
labels, alone or beside others, stands for nobody: that is never broader than what was asked for. A binding speaks for
its own namespace only, and one that is missing grants nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from pytest_smi.reference.mesh.smi import Identity, IdentityBinding, TrafficTarget

TRUST_DOMAIN = "cluster.local"
Key = tuple[str, str]


def identities_of(binding: IdentityBinding) -> tuple[Identity, ...]:
    """Whom the binding stands for: its schemes are alternatives."""
    if binding.by_labels:
        return ()
    found = [(binding.namespace, binding.account)] if binding.account else []
    for text in binding.spiffe:
        parts = text.removeprefix("spiffe://").split("/")
        if (
            len(parts) == 5
            and (parts[0], parts[1], parts[3]) == (TRUST_DOMAIN, "ns", "sa")
            and parts[2] == binding.namespace
        ):
            found.append((parts[2], parts[4]))
    return tuple(dict.fromkeys(found))


def resolve(
    target: TrafficTarget,
    bindings: Mapping[Key, IdentityBinding],
    stands_for: Callable[[IdentityBinding], Sequence[Identity]] = identities_of,
) -> list[TrafficTarget]:
    """Return the target with service accounts in the place of bindings: one for each account of its destination."""
    if not target.source_bindings and target.destination_binding is None:
        return [target]

    def accounts(keys: Iterable[Key]) -> list[Identity]:
        return [identity for key in keys if key in bindings for identity in stands_for(bindings[key])]

    sources = tuple(dict.fromkeys((*target.sources, *accounts(target.source_bindings))))
    destinations = (
        [target.destination] if target.destination_binding is None else accounts([target.destination_binding])
    )
    return [replace(target, sources=sources, destination=destination) for destination in destinations]
