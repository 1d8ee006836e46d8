"""IdentityBindings of the draft access v1alpha4: the identities that a subject by binding stands for; pure.

Bindings by account and by SPIFFE id stand for service accounts, those by pod labels for each pod that has the labels
now. A binding speaks for its own namespace only, and one that is missing grants nothing.

Readings chosen where the specification is open, neither of which is ever broader than what was asked for: labels beside
a service account, which exclude each other, are nobody's (AMB-24), and so is an empty selector, which elsewhere in
Kubernetes selects every pod.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from pytest_smi.reference.mesh.smi import Identity, IdentityBinding, TrafficTarget, pod_identity

TRUST_DOMAIN = "cluster.local"
Key = tuple[str, str]


def select(binding: IdentityBinding, labels: Mapping[Key, Mapping[str, str]]) -> IdentityBinding:
    """Return the binding with the pods that it selects among those of these labels."""
    selector = binding.selector
    if selector is None or not selector.requirements:
        return binding
    here = (key for key in sorted(labels) if key[0] == binding.namespace)
    return replace(binding, pods=tuple(pod_identity(*key) for key in here if selector.matches(labels[key])))


def identities_of(binding: IdentityBinding) -> tuple[Identity, ...]:
    """Whom the binding stands for: its schemes are alternatives."""
    if binding.selector is not None and binding.account:
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
    return tuple(dict.fromkeys((*found, *binding.pods)))


def resolve(
    target: TrafficTarget,
    bindings: Mapping[Key, IdentityBinding],
    stands_for: Callable[[IdentityBinding], Sequence[Identity]] = identities_of,
) -> list[TrafficTarget]:
    """Return the target with identities in the place of bindings: one for each identity of its destination."""
    if not target.source_bindings and target.destination_binding is None:
        return [target]

    def identities(keys: Iterable[Key]) -> list[Identity]:
        return [identity for key in keys if key in bindings for identity in stands_for(bindings[key])]

    sources = tuple(dict.fromkeys((*target.sources, *identities(target.source_bindings))))
    destinations = (
        [target.destination] if target.destination_binding is None else identities([target.destination_binding])
    )
    return [replace(target, sources=sources, destination=destination) for destination in destinations]
