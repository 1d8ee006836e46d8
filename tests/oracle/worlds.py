"""Short ways to write worlds and requests in tests."""

from collections.abc import Iterable
from fractions import Fraction

import yaml

from pytest_smi.oracle import Call, Request, Service, Shares, Workload, World, decide, read_objects, shares


def world(*texts: str) -> World:
    """The world of YAML documents, in the namespace `shop` where they name none."""
    return read_objects((item for text in texts for item in yaml.safe_load_all(text)), namespace="shop")


def workload(text: str, *, member: bool = True, labels: tuple[tuple[str, str], ...] = ()) -> Workload:
    """`account` in the namespace `shop`, or `namespace/account`."""
    namespace, slash, account = text.rpartition("/")
    return Workload(namespace=namespace if slash else "shop", account=account, member=member, labels=labels)


def http(text: str, **headers: str) -> Call:
    """`GET /path`, with headers whose names have underscores for dashes."""
    method, path = text.split(" ", 1)
    return Call(
        protocol="HTTP",
        method=method,
        path=path,
        headers=tuple((name.replace("_", "-"), value) for name, value in headers.items()),
    )


def answer(
    where: World, source: str | Workload, destination: str | Workload, call: Call | str, port: int | None = None
) -> str:
    """`allowed`, `denied`, or `open AMB-1 AMB-2`. A call may be `GET /x`, `TCP 9000` or `UDP 53`."""
    if isinstance(call, str):
        first, _, rest = call.partition(" ")
        call, port = (Call(protocol=first), int(rest)) if first in ("TCP", "UDP") else (http(call), port)
    request = Request(
        source=source if isinstance(source, Workload) else workload(source),
        destination=destination if isinstance(destination, Workload) else workload(destination),
        call=call,
        port=port,
    )
    found = decide(where, request)
    return " ".join([found.verdict.value, *found.questions])


def service(name: str, *ports: int, namespace: str = "shop", usual: bool = True, ready: bool | None = None) -> Service:
    """A Service with these TCP ports."""
    return Service(
        name=name, namespace=namespace, ports={(port, "TCP"): port for port in ports}, usual=usual, ready=ready
    )


def services(*names: str, port: int = 8080) -> str:
    """YAML of Services with one port each."""
    return "\n---\n".join(
        f"{{apiVersion: v1, kind: Service, metadata: {{name: {name}}}, spec: {{ports: [{{port: {port}}}]}}}}"
        for name in names
    )


def shared(where: World, call: Call | str, root: str = "app", port: int = 8080, **asked: object) -> Shares:
    """How calls to a root of the namespace `shop` are shared out."""
    return shares(where, ("shop", root), (port, "TCP"), http(call) if isinstance(call, str) else call, **asked)  # type: ignore[arg-type]


def percents(found: Shares) -> dict[str, float]:
    """The shares of a decided answer in per cent; the root's own endpoints are the empty name."""
    assert found.decided is not None, found
    return {name: round(float(share * 100), 1) for name, share in found.decided}


def readings(found: Shares) -> set[frozenset[tuple[str, Fraction]]]:
    """Every distribution that a reading gives."""
    return {frozenset(one) for one in found.possible}


def cells(where: World, sources: Iterable[str], destination: str, calls: Iterable[str]) -> set[tuple[str, str]]:
    """The (source, call) pairs that are allowed; the others must be denied, none open."""
    found = {(source, call): answer(where, source, destination, call) for source in sources for call in calls}
    assert set(found.values()) <= {"allowed", "denied"}, found
    return {cell for cell, verdict in found.items() if verdict == "allowed"}
