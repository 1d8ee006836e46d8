"""Faults of enforcement: what is let in without a grant, or refused in spite of one."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_smi.reference.mesh.access_config import AccessCompiler, Grants, Objects
from pytest_smi.reference.mesh.faults.access.open_grants import open_http
from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.grants import GrantCompiler
from pytest_smi.reference.mesh.policy import HttpRequest, Policy
from pytest_smi.reference.mesh.proxy.admission import Admission
from pytest_smi.reference.mesh.proxy.exchange import Request
from pytest_smi.reference.mesh.proxy.state import MeshState
from pytest_smi.reference.mesh.smi import Identity


class OpenHttp(Policy):
    """Asks for no grant of HTTP."""

    def permits_http(self, request: HttpRequest, source: Identity) -> bool:
        """Permit every request."""
        return True


HTTP_UNENFORCED = Fault(
    name="access-http-unenforced",
    description="HTTP requests of any mesh identity are allowed.",
    breaks=("TA-01",),
    overrides=(OpenHttp,),
)


class OpenTcp(Policy):
    """Asks for no grant of raw TCP."""

    def permits_tcp(self, port: int, source: Identity) -> bool:
        """Permit every connection."""
        return True


TCP_UNENFORCED = Fault(
    name="access-tcp-unenforced",
    description="Only HTTP is enforced; raw TCP of any mesh identity passes.",
    breaks=("TA-02",),
    overrides=(OpenTcp,),
)


class OpenUdp(Policy):
    """Asks for no grant of UDP."""

    def permits_udp(self, port: int, source: Identity) -> bool:
        """Permit every datagram."""
        return True


UDP_UNENFORCED = Fault(
    name="access-udp-unenforced",
    description="UDP of any mesh identity passes.",
    breaks=("TA-03", "TA-49"),
    overrides=(OpenUdp,),
)


class OpenUntilFirstTarget(AccessCompiler):
    """Opens the accounts of namespaces without any object of SMI, now and before."""

    def __init__(self, grants: GrantCompiler | None = None) -> None:
        super().__init__(grants)
        self._governed: set[str] = set()

    def compile(self, smi: Objects, accounts: Sequence[Identity]) -> Grants:
        """Add a grant to every identity."""
        grants = super().compile(smi, accounts)
        self._governed.update(key[0] for resource in smi.values() for key in resource)
        for account in accounts:
            if account[0] not in self._governed:
                grants.setdefault(account, []).append(open_http(*accounts))
        return grants


OPEN_UNTIL_FIRST_TARGET = Fault(
    name="access-open-until-first-target",
    description="A namespace in which no TrafficTarget was ever seen is open to every mesh identity.",
    breaks=("TA-01",),
    overrides=(OpenUntilFirstTarget,),
)


class UnselectedOpen(AccessCompiler):
    """Opens the accounts that no target names, beside those that one does."""

    def compile(self, smi: Objects, accounts: Sequence[Identity]) -> Grants:
        """Add a grant to every identity."""
        grants = super().compile(smi, accounts)
        governed = {namespace for namespace, _ in smi["traffictargets"]}
        for account in accounts:
            if account[0] in governed and account not in grants:
                grants[account] = [open_http(*accounts)]
        return grants


UNSELECTED_OPEN = Fault(
    name="access-unselected-open",
    description="A destination that no target names is open as soon as its namespace has a target.",
    breaks=("TA-04",),
    overrides=(UnselectedOpen,),
)


class Flapping(Admission):
    """Counts what it grants."""

    def __init__(self, state: MeshState) -> None:
        super().__init__(state)
        self._granted = 0

    def allows(self, request: Request, port: int, source: Identity | None, peer: str, split: bool) -> bool:
        """Refuse one request in a thousand, the first of them early."""
        if not super().allows(request, port, source, peer, split):
            return False
        self._granted += 1
        return self._granted % 1000 != 30


GRANTS_FLAP = Fault(
    name="access-grants-flap",
    description="The thirtieth granted HTTP request of a server, and every thousandth after it, is refused.",
    breaks=("TA-05",),
    overrides=(Flapping,),
)

ENFORCEMENT = (OPEN_UNTIL_FIRST_TARGET, HTTP_UNENFORCED, TCP_UNENFORCED, UDP_UNENFORCED, UNSELECTED_OPEN, GRANTS_FLAP)
