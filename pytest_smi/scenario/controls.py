"""Which opened call shows that a denied one could have arrived: the same path,
opened to the same client or to one beside it. Pure.

A port that is dead for everybody looks like a denial. So a denial counts only beside an opening, before or after it in
the scenario, on the same path: same server, port, protocol and version of HTTP. The opening is the denied client's own,
where the requirement lets the suite open it to that client, else that of another client of the same namespace.

A client outside the mesh can never be let in. What stands for it is two openings: of the same path to a client in the
mesh, and to a client of its own namespace on the same port and protocol of any server.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pytest_smi.scenario.verdict import Claim
from pytest_smi.testbed.probing.plan import Call


def unproven(denials: Iterable[Claim], opened: Sequence[Call]) -> list[Claim]:
    """Return the denials for which no opening stands."""
    return [denial for denial in denials if missing(denial.call, opened)]


def missing(denied: Call, opened: Sequence[Call]) -> str:
    """Return which opening is missing for a denied call, in words; empty when it is vouched for."""
    same_path = [call for call in opened if call.server == denied.server and _protocol(call) == _protocol(denied)]
    if not denied.outside:
        same_path = [call for call in same_path if _namespace(call) == _namespace(denied)]
        beside = f"{denied.client} or another client of namespace {_namespace(denied)}"
        return "" if same_path else f"nothing showed that {beside} can reach {_path(denied)}"
    if not same_path:
        return f"nothing showed that anybody can reach {_path(denied)}"
    sends = any(_namespace(call) == _namespace(denied) and _protocol(call) == _protocol(denied) for call in opened)
    return "" if sends else f"nothing showed that {denied.client} can send to port {denied.port} of any server"


def _protocol(call: Call) -> tuple[int, str, str]:
    """Return the port with what is spoken on it: the version of HTTP, or who speaks first on TCP."""
    spoken = {"http": call.version, "tcp": call.mode}.get(call.kind, "")
    return call.port, call.kind, spoken


def _namespace(call: Call) -> str:
    return call.source.partition("/")[0]


def _path(call: Call) -> str:
    port, kind, spoken = _protocol(call)
    return f"{call.server} on port {port} by {kind.upper()}{'/' + spoken if kind == 'http' else ''}"
