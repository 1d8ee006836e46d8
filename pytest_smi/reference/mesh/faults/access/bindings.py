"""Faults of IdentityBindings (draft access v1alpha4): whom a subject by binding stands for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pytest_smi.reference.mesh.access_config import AccessCompiler, Key, Objects
from pytest_smi.reference.mesh.bindings import identities_of
from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.grants import GrantCompiler
from pytest_smi.reference.mesh.smi import Identity, IdentityBinding, TrafficTarget

DRAFT = "access=v1alpha4"


class BindingsUnread(AccessCompiler):
    """Knows ServiceAccounts alone."""

    def stands_for(self, binding: IdentityBinding, accounts: Sequence[Identity]) -> Sequence[Identity]:
        """Let no binding stand for anybody."""
        return ()


BINDINGS_UNREAD = Fault(
    name="access-bindings-unread",
    description="An IdentityBinding stands for nobody.",
    breaks=("TA-80", "TA-81", "TA-82", "TA-83", "TA-85", "TA-86"),
    overrides=(BindingsUnread,),
    versions=DRAFT,
)


class SpiffeNeedsScheme(AccessCompiler):
    """Compares SPIFFE identities as URIs."""

    def stands_for(self, binding: IdentityBinding, accounts: Sequence[Identity]) -> Sequence[Identity]:
        """Drop those that are written without their scheme."""
        written = tuple(text for text in binding.spiffe if text.startswith("spiffe://"))
        return super().stands_for(replace(binding, spiffe=written), accounts)


SPIFFE_NEEDS_SCHEME = Fault(
    name="access-spiffe-needs-scheme",
    description="A SPIFFE identity that is written without `spiffe://` is nobody's.",
    breaks=("TA-82", "TA-83"),
    overrides=(SpiffeNeedsScheme,),
    versions=DRAFT,
)


class SchemesAnded(AccessCompiler):
    """Takes schemes for conditions."""

    def stands_for(self, binding: IdentityBinding, accounts: Sequence[Identity]) -> Sequence[Identity]:
        """Keep the identities that every scheme of the binding names."""
        found = super().stands_for(binding, accounts)
        nothing = replace(binding, account="", spiffe=(), selector=None, pods=())
        each = [
            identities_of(part)
            for part in (
                replace(nothing, account=binding.account),
                replace(nothing, spiffe=binding.spiffe),
                replace(nothing, selector=binding.selector, pods=binding.pods),
            )
            if part != nothing
        ]
        return [identity for identity in found if all(identity in part for part in each)]


SCHEMES_ANDED = Fault(
    name="access-binding-schemes-anded",
    description="An IdentityBinding stands for those who meet all of its schemes.",
    breaks=("TA-83",),
    overrides=(SchemesAnded,),
    versions=DRAFT,
)


class BindingsClusterWide(AccessCompiler):
    """Looks for accounts by their names."""

    def stands_for(self, binding: IdentityBinding, accounts: Sequence[Identity]) -> Sequence[Identity]:
        """Add the accounts of the same names in other namespaces."""
        found = super().stands_for(binding, accounts)
        names = {name for _, name in found}
        return [*found, *(account for account in accounts if account[1] in names and account not in found)]


BINDINGS_CLUSTER_WIDE = Fault(
    name="access-bindings-cluster-wide",
    description="An IdentityBinding stands for accounts of that name in every namespace.",
    breaks=("TA-85",),
    overrides=(BindingsClusterWide,),
    versions=DRAFT,
)


class AccountsBesideBindingsIgnored(AccessCompiler):
    """Takes bindings for the new form of subjects."""

    def resolved(
        self, target: TrafficTarget, bindings: Mapping[Key, IdentityBinding], accounts: Sequence[Identity]
    ) -> Sequence[TrafficTarget]:
        """Drop the ServiceAccounts of a target that lists a binding too."""
        return super().resolved(replace(target, sources=()) if target.source_bindings else target, bindings, accounts)


ACCOUNTS_BESIDE_BINDINGS_IGNORED = Fault(
    name="access-accounts-beside-bindings-ignored",
    description="In a target that lists an IdentityBinding, ServiceAccounts do not count.",
    breaks=("TA-86",),
    overrides=(AccountsBesideBindingsIgnored,),
    versions=DRAFT,
)


class EmptyBindingIsAnybody(AccessCompiler):
    """Takes no condition for no restriction."""

    def stands_for(self, binding: IdentityBinding, accounts: Sequence[Identity]) -> Sequence[Identity]:
        """Let a binding without schemes stand for everybody."""
        empty = not (binding.account or binding.spiffe or binding.selector)
        return accounts if empty else super().stands_for(binding, accounts)


EMPTY_BINDING_IS_ANYBODY = Fault(
    name="access-empty-binding-is-anybody",
    description="An IdentityBinding without schemes stands for every account.",
    breaks=("TA-87",),
    overrides=(EmptyBindingIsAnybody,),
    versions=DRAFT,
)


class DeletedBindingStays(AccessCompiler):
    """Remembers every binding."""

    def __init__(self, grants: GrantCompiler | None = None) -> None:
        super().__init__(grants)
        self._ever: dict[Key, IdentityBinding] = {}

    def bindings(self, smi: Objects) -> Mapping[Key, IdentityBinding]:
        """Add the bindings that there once were."""
        self._ever.update(super().bindings(smi))
        return dict(self._ever)


DELETED_BINDING_STAYS = Fault(
    name="access-deleted-binding-stays",
    description="Deleting an IdentityBinding revokes nothing.",
    breaks=("TA-87",),
    overrides=(DeletedBindingStays,),
    versions=DRAFT,
)


class LabelsBesideAccountAreAnybody(AccessCompiler):
    """Cannot tell whom a contradiction stands for."""

    def stands_for(self, binding: IdentityBinding, accounts: Sequence[Identity]) -> Sequence[Identity]:
        """Let a binding of labels and of an account stand for everybody."""
        return accounts if binding.selector and binding.account else super().stands_for(binding, accounts)


LABELS_BESIDE_ACCOUNT_ARE_ANYBODY = Fault(
    name="access-labels-beside-account-are-anybody",
    description="An IdentityBinding of pod labels and a ServiceAccount stands for every account.",
    breaks=("TA-76",),
    overrides=(LabelsBesideAccountAreAnybody,),
    versions=DRAFT,
)

BINDINGS = (
    BINDINGS_UNREAD,
    SPIFFE_NEEDS_SCHEME,
    SCHEMES_ANDED,
    BINDINGS_CLUSTER_WIDE,
    ACCOUNTS_BESIDE_BINDINGS_IGNORED,
    EMPTY_BINDING_IS_ANYBODY,
    DELETED_BINDING_STAYS,
    LABELS_BESIDE_ACCOUNT_ARE_ANYBODY,
)
