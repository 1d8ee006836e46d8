"""Faults of IdentityBindings by pod labels (draft access v1alpha4): which pods they stand for, and until when."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pytest_smi.reference.mesh.cluster_config import Objects, pod_account
from pytest_smi.reference.mesh.faults.access.bindings import DRAFT
from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.smi import Identity, IdentityBinding, pod_identity
from pytest_smi.reference.mesh.snapshot import Compiler, Key, Parts


class LabelsByAccount(Compiler):
    """Knows ServiceAccounts alone."""

    def bound(self, binding: IdentityBinding, pods: Objects) -> IdentityBinding:
        """Put the accounts of the selected pods in their place."""
        found = super().bound(binding, pods)
        accounts = [(key[0], pod_account(pod)) for key, pod in pods.items() if pod_identity(*key) in found.pods]
        return replace(found, pods=tuple(dict.fromkeys(accounts)))


LABELS_BY_ACCOUNT = Fault(
    name="access-binding-labels-by-account",
    description="An IdentityBinding of pod labels stands for the ServiceAccounts of those pods.",
    breaks=("TA-81",),
    overrides=(LabelsByAccount,),
    versions=DRAFT,
)


class LabelsSelectCallers(Compiler):
    """Reads labels of callers."""

    def grants_of(self, key: Key, pods: Objects, parts: Parts) -> list[dict[str, Any]]:
        """Leave out what is granted to the pod itself and not to its account."""
        return super().grants_of(key, pods, replace(parts, grants={**parts.grants, pod_identity(*key): []}))


LABELS_SELECT_CALLERS = Fault(
    name="access-binding-labels-select-callers",
    description="An IdentityBinding of pod labels stands for nobody where it is a destination.",
    breaks=("TA-81",),
    overrides=(LabelsSelectCallers,),
    versions=DRAFT,
)


class LabelsAnywhere(Compiler):
    """Looks for labels in the whole cluster."""

    def bound(self, binding: IdentityBinding, pods: Objects) -> IdentityBinding:
        """Select the pods that have the labels in every namespace."""
        select, namespaces = super().bound, sorted({namespace for namespace, _ in pods})
        found = [identity for name in namespaces for identity in select(replace(binding, namespace=name), pods).pods]
        return replace(binding, pods=tuple(found))


LABELS_ANYWHERE = Fault(
    name="access-binding-labels-anywhere",
    description="An IdentityBinding of pod labels stands for the pods of all namespaces that have them.",
    breaks=("TA-85",),
    overrides=(LabelsAnywhere,),
    versions=DRAFT,
)


class BindingsReadOnce(Compiler):
    """Takes bindings for what never changes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._first: dict[Key, IdentityBinding] = {}

    def bound(self, binding: IdentityBinding, pods: Objects) -> IdentityBinding:
        """Select as the binding did when it was first seen."""
        return super().bound(self._first.setdefault((binding.namespace, binding.name), binding), pods)


BINDINGS_READ_ONCE = Fault(
    name="access-bindings-read-once",
    description="Editing an IdentityBinding changes nothing.",
    breaks=("TA-88",),
    overrides=(BindingsReadOnce,),
    versions=DRAFT,
)


class LabelsReadOnce(Compiler):
    """Takes labels for what never changes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._first: dict[Key, Any] = {}

    def bound(self, binding: IdentityBinding, pods: Objects) -> IdentityBinding:
        """Select by the labels that each pod had when it was first seen."""
        return super().bound(binding, {key: self._first.setdefault(key, pod) for key, pod in pods.items()})


LABELS_READ_ONCE = Fault(
    name="access-binding-labels-read-once",
    description="Changing the labels of a pod that runs makes no IdentityBinding stand for other pods.",
    breaks=("TA-88",),
    overrides=(LabelsReadOnce,),
    versions=DRAFT,
)


class LabelsAddOnly(Compiler):
    """Forgets nobody."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._ever: dict[IdentityBinding, dict[Identity, None]] = {}

    def bound(self, binding: IdentityBinding, pods: Objects) -> IdentityBinding:
        """Add the pods that this very binding once selected."""
        found = super().bound(binding, pods)
        ever = self._ever.setdefault(binding, {})
        ever.update(dict.fromkeys(found.pods))
        return replace(found, pods=tuple(ever))


LABELS_ADD_ONLY = Fault(
    name="access-binding-labels-add-only",
    description="An IdentityBinding goes on standing for pods whose labels have changed.",
    breaks=("TA-88",),
    overrides=(LabelsAddOnly,),
    versions=DRAFT,
)

LABELS = (
    LABELS_BY_ACCOUNT,
    LABELS_SELECT_CALLERS,
    LABELS_ANYWHERE,
    BINDINGS_READ_ONCE,
    LABELS_READ_ONCE,
    LABELS_ADD_ONLY,
)
