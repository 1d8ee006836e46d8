"""Which objects should have decided a call, by the specification alone: for the evidence of a failure. Pure.

The verdict of an assertion never depends on this; it tells a maintainer where to look.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_smi.oracle import Call as Asked
from pytest_smi.oracle import Request, Workload, decide, read_objects
from pytest_smi.oracle.grounds import Ground, grounds
from pytest_smi.testbed.probing.plan import Call


def decision_of(call: Call, manifests: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return what the objects say of a call, and why; None where the call does not tell who calls whom: it knows of
    accounts, not of the labels that an IdentityBinding may ask for."""
    if not (call.account and call.server_account):
        return None
    world = read_objects([dict(manifest) for manifest in manifests])
    if any(binding.pod_labels for binding in world.bindings.values()):
        return None
    request = Request(
        source=_workload(call.account, member=not call.outside),
        destination=_workload(call.server_account),
        call=_asked(call),
        port=call.port,
    )
    decision = decide(world, request)
    return {
        "call": call.label,
        "source": call.account,
        "destination": call.server_account,
        "verdict": str(decision.verdict.value),
        "because": [_because(ground) for ground in grounds(decision, request, world)],
    }


def _workload(account: str, *, member: bool = True) -> Workload:
    namespace, _, name = account.partition("/")
    return Workload(namespace=namespace, account=name, member=member)


def _asked(call: Call) -> Asked:
    if call.kind != "http":
        return Asked(protocol=call.kind.upper())
    first = call.requests[0]
    return Asked(protocol="HTTP", method=first.method, path=first.path, headers=first.headers)


def _because(ground: Ground) -> str:
    if not ground.objects:
        return ground.text
    kind, namespace, name = ground.objects[0]
    # What a target lacks is told of the routes that it names; who is listed is told of the target itself.
    joined = " " if ground.text.startswith(("lists", "may list", "does not list")) else " does not grant it: "
    return f"{kind} {namespace}/{name}{joined}{ground.text}"
