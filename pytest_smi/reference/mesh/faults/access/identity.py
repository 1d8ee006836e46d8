"""Faults of identity: whose grants a caller is given."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.policy import Grant, Policy
from pytest_smi.reference.mesh.proxy.admission import Admission
from pytest_smi.reference.mesh.proxy.exchange import HeaderList, Request
from pytest_smi.reference.mesh.smi import Identity

_CLAIMS = (b"x-forwarded-client-cert", b"l5d-client-id", b"forwarded", b"x-forwarded-for")


class AnyIdentity(Policy):
    """Does not look at sources."""

    def grants_of(self, source: Identity) -> Sequence[Grant]:
        """Give every grant to everybody."""
        return self.grants


ANY_IDENTITY = Fault(
    name="access-any-identity",
    description="A grant of a destination is a grant to any mesh identity.",
    breaks=("TA-06", "TA-66", "TA-67"),
    overrides=(AnyIdentity,),
)


class NameOnly(Policy):
    """Compares half of an identity."""

    def grants_of(self, source: Identity) -> Sequence[Grant]:
        """Give the grants to sources of that name in any namespace."""
        return [grant for grant in self.grants if any(account == source[1] for _, account in grant.sources)]


NAME_ONLY = Fault(
    name="access-name-only",
    description="Sources are matched by the service account's name without its namespace.",
    breaks=("TA-27",),
    overrides=(NameOnly,),
)


class CrossProduct(Policy):
    """Merges all targets into one."""

    def grants_of(self, source: Identity) -> Sequence[Grant]:
        """Give a source with one grant all of them."""
        return self.grants if super().grants_of(source) else []


CROSS_PRODUCT = Fault(
    name="access-cross-product",
    description="Sources and routes of all targets on one destination are merged.",
    breaks=("TA-10", "TA-13", "TA-66"),
    overrides=(CrossProduct,),
)


class LastTargetWins(Policy):
    """Lets a target replace those before it."""

    def grants_of(self, source: Identity) -> Sequence[Grant]:
        """Give no grant but the last."""
        return [grant for grant in super().grants_of(source) if grant is self.grants[-1]]


LAST_TARGET_WINS = Fault(
    name="access-last-target-wins",
    description="Of several targets on one destination only the last counts.",
    breaks=("TA-09", "TA-13", "TA-66", "TA-77"),
    overrides=(LastTargetWins,),
)


class IdentityFromHeader(Admission):
    """Believes what a request says of its caller."""

    def allows(self, request: Request, port: int, source: Identity | None, peer: str, split: bool) -> bool:
        """Ask policy about the claimed identity."""
        return super().allows(request, port, self._claimed(request.headers) or source, peer, split)

    def _claimed(self, headers: HeaderList) -> Identity | None:
        text = b" ".join(value for name, value in headers if name.lower() in _CLAIMS).decode("latin-1")
        for pod in self.state.pods.values():
            if (
                f"/ns/{pod.namespace}/sa/{pod.account}" in text
                or f"{pod.account}.{pod.namespace}.serviceaccount" in text
            ):
                return pod.identity
        return None


IDENTITY_FROM_HEADER = Fault(
    name="access-identity-from-header",
    description="The caller's identity is read from x-forwarded-client-cert, l5d-client-id or forwarded.",
    breaks=("TA-25",),
    overrides=(IdentityFromHeader,),
)


class SplitIsAGrant(Admission):
    """Takes routing for permission."""

    def allows(self, request: Request, port: int, source: Identity | None, peer: str, split: bool) -> bool:
        """Let in what a split sent here."""
        return (split and source is not None) or super().allows(request, port, source, peer, split)


SPLIT_IS_A_GRANT = Fault(
    name="access-split-is-a-grant",
    description="A call that a TrafficSplit routed is let in without a grant.",
    breaks=("TA-68",),
    overrides=(SplitIsAGrant,),
)

IDENTITY = (ANY_IDENTITY, NAME_ONLY, CROSS_PRODUCT, LAST_TARGET_WINS, IDENTITY_FROM_HEADER, SPLIT_IS_A_GRANT)
