"""Whether a subject of a TrafficTarget, a ServiceAccount or an IdentityBinding, stands for a workload. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_smi.oracle.records import Key, Workload
from pytest_smi.oracle.truth import NO, Truth, among, any_of, truth
from pytest_smi.smi.model import IDENTITY_BINDING, IdentityBinding, Subject

SCHEME = "spiffe://"


def stands_for(subject: Subject, home: str, workload: Workload, bindings: Mapping[Key, IdentityBinding]) -> Truth:
    """Return whether the workload is meant by a subject of a target that is stored in the namespace `home`.

    Name and namespace both count (TA-27, TA-28). Without a namespace, the target's own,
    `default` or none may be meant (AMB-20).
    """
    if subject.namespace:
        return _placed(subject, subject.namespace, workload, bindings)
    return among(
        "AMB-20", _placed(subject, home, workload, bindings), _placed(subject, "default", workload, bindings), NO
    )


def _placed(subject: Subject, namespace: str, workload: Workload, bindings: Mapping[Key, IdentityBinding]) -> Truth:
    if subject.kind == IDENTITY_BINDING:
        binding = bindings.get((namespace, subject.name))
        return NO if binding is None else bound(binding, workload)
    same = truth((namespace, subject.name) == (workload.namespace, workload.account))
    return same if subject.kind == "ServiceAccount" else among("AMB-22", NO, same)


def bound(binding: IdentityBinding, workload: Workload) -> Truth:
    """Return whether a binding names the workload by any of its schemes (TA-83), within its own namespace (TA-85)."""
    local = workload.namespace == binding.namespace
    labels = dict(workload.labels)
    by_labels = (
        local
        and bool(binding.pod_labels)
        and all(labels.get(name) == value for name, value in binding.pod_labels or ())
    )
    by_account = local and binding.service_account == workload.account
    known = local or not workload.namespace
    by_identity = any_of(_identity(text, workload) for text in binding.spiffe_identities or ()) if known else NO
    found = any_of((truth(by_labels), truth(by_account), by_identity))
    exclusive = binding.pod_labels is not None and binding.service_account is not None
    return among("AMB-24", found, NO) if exclusive else found


def _identity(text: str, workload: Workload) -> Truth:
    """Return whether a text is the identity of a workload.

    The specification's example writes identities without a scheme; with one, readers differ (AMB-23).
    """
    same = truth(text.removeprefix(SCHEME) == workload.identity)
    return among("AMB-23", same, NO) if text.startswith(SCHEME) else same
