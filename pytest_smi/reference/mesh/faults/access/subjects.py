"""Faults of a target's subjects: whom its sources and its destination stand for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytest_smi.reference.mesh.access_config import AccessCompiler, Grants
from pytest_smi.reference.mesh.access_config import Objects as SmiObjects
from pytest_smi.reference.mesh.cluster_config import Objects, pod_account
from pytest_smi.reference.mesh.faults.access.open_grants import open_http
from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.grants import GrantCompiler
from pytest_smi.reference.mesh.policy import Grant, Policy
from pytest_smi.reference.mesh.smi import Identity, TrafficTarget
from pytest_smi.reference.mesh.snapshot import Compiler, Key, Parts


class FirstSourceOnly(GrantCompiler):
    """Reads a list as one entry."""

    def sources(self, target: TrafficTarget) -> Sequence[Identity]:
        """Drop all but the first source."""
        return super().sources(target)[:1]


FIRST_SOURCE_ONLY = Fault(
    name="access-first-source-only",
    description="Only the first source of a target is programmed.",
    breaks=("TA-08", "TA-66"),
    overrides=(FirstSourceOnly,),
)


class SourceNamespaceIgnored(GrantCompiler):
    """Does not read the namespace of a source."""

    def sources(self, target: TrafficTarget) -> Sequence[Identity]:
        """Move every source into the target's namespace."""
        return [(target.namespace, account) for _, account in super().sources(target)]


SOURCE_NAMESPACE_IGNORED = Fault(
    name="access-source-namespace-ignored",
    description="Sources are taken to be in the target's namespace.",
    breaks=("TA-29",),
    overrides=(SourceNamespaceIgnored,),
)


class DestinationHomonym(AccessCompiler):
    """Compares half of an identity."""

    def give(
        self,
        grants: Grants,
        target: TrafficTarget,
        destination: Identity,
        grant: dict[str, Any],
        accounts: Sequence[Identity],
    ) -> None:
        """Give the grant to accounts of that name in every namespace."""
        super().give(grants, target, destination, grant, accounts)
        for account in accounts:
            if account[1] == destination[1] and account != destination:
                grants.setdefault(account, []).append(grant)


DESTINATION_HOMONYM = Fault(
    name="access-destination-homonym",
    description="A grant also opens service accounts of the same name in other namespaces.",
    breaks=("TA-28",),
    overrides=(DestinationHomonym,),
)


class Symmetric(AccessCompiler):
    """Takes a grant for a relation."""

    def give(
        self,
        grants: Grants,
        target: TrafficTarget,
        destination: Identity,
        grant: dict[str, Any],
        accounts: Sequence[Identity],
    ) -> None:
        """Give each source the same grant for the destination's calls."""
        super().give(grants, target, destination, grant, accounts)
        for source in target.sources:
            grants.setdefault(source, []).append({**grant, "sources": [list(destination)]})


SYMMETRIC = Fault(
    name="access-symmetric",
    description="A grant also allows the opposite direction.",
    breaks=("TA-36",),
    overrides=(Symmetric,),
)


class OwnAccount(AccessCompiler):
    """Trusts a destination's own kind."""

    def give(
        self,
        grants: Grants,
        target: TrafficTarget,
        destination: Identity,
        grant: dict[str, Any],
        accounts: Sequence[Identity],
    ) -> None:
        """Add a grant to the destination itself."""
        super().give(grants, target, destination, grant, accounts)
        grants[destination].append(open_http(destination))


OWN_ACCOUNT = Fault(
    name="access-own-account",
    description="Pods of the destination's own service account are always sources.",
    breaks=("TA-38",),
    overrides=(OwnAccount,),
)


class OnePodPerAccount(Compiler):
    """Takes the first pod of an account for all of them."""

    def grants_of(self, key: Key, pods: Objects, parts: Parts) -> list[dict[str, Any]]:
        """Give the other pods of the account no grant."""
        account = pod_account(pods[key])
        first = min(
            name for (namespace, name), pod in pods.items() if namespace == key[0] and pod_account(pod) == account
        )
        return super().grants_of(key, pods, parts) if key[1] == first else []


ONE_POD_PER_ACCOUNT = Fault(
    name="access-one-pod-per-account",
    description="Only the first pod of the destination's service account is opened.",
    breaks=("TA-30", "TA-32", "TA-39"),
    overrides=(OnePodPerAccount,),
)


class Transitive(AccessCompiler):
    """Follows grants from target to target."""

    def compile(self, smi: SmiObjects, accounts: Sequence[Identity]) -> Grants:
        """Give those who may call a source what the source may call."""
        grants = super().compile(smi, accounts)
        further: Grants = {}
        for destination, given in grants.items():
            for grant in given:
                callers = [
                    caller
                    for namespace, account in grant["sources"]
                    for before in grants.get((namespace, account), ())
                    for caller in before["sources"]
                ]
                if callers:
                    further.setdefault(destination, []).append({**grant, "sources": callers})
        for destination, added in further.items():
            grants[destination] += added
        return grants


TRANSITIVE = Fault(
    name="access-transitive",
    description="Who may call a source of a target may call its destination.",
    breaks=("TA-37",),
    overrides=(Transitive,),
)


class SelfSourceIgnored(GrantCompiler):
    """Takes a target for a matter of two accounts."""

    def sources(self, target: TrafficTarget) -> Sequence[Identity]:
        """Drop the destination from the sources."""
        return [source for source in super().sources(target) if source != target.destination]


SELF_SOURCE_IGNORED = Fault(
    name="access-self-source-ignored",
    description="A destination that is listed as its own source is not granted anything.",
    breaks=("TA-39",),
    overrides=(SelfSourceIgnored,),
)


class NoSourcesAnyone(Policy):
    """Takes an empty list for no restriction."""

    def grants_of(self, source: Identity) -> Sequence[Grant]:
        """Add the grants that list nobody."""
        return [*super().grants_of(source), *(grant for grant in self.grants if not grant.sources)]


NO_SOURCES_ANYONE = Fault(
    name="access-no-sources-anyone",
    description="A target without sources grants its routes to any mesh identity.",
    breaks=("TA-58",),
    overrides=(NoSourcesAnyone,),
)


class DefaultAccountIgnored(GrantCompiler):
    """Takes the name `default` for none."""

    def sources(self, target: TrafficTarget) -> Sequence[Identity]:
        """Drop the sources of that name."""
        return [source for source in super().sources(target) if source[1] != "default"]


DEFAULT_ACCOUNT_IGNORED = Fault(
    name="access-default-account-ignored",
    description="A source whose name is `default` is not programmed.",
    breaks=("TA-35",),
    overrides=(DefaultAccountIgnored,),
)

SUBJECTS = (
    FIRST_SOURCE_ONLY,
    SOURCE_NAMESPACE_IGNORED,
    DESTINATION_HOMONYM,
    SYMMETRIC,
    OWN_ACCOUNT,
    ONE_POD_PER_ACCOUNT,
    TRANSITIVE,
    SELF_SOURCE_IGNORED,
    NO_SOURCES_ANYONE,
    DEFAULT_ACCOUNT_IGNORED,
)
