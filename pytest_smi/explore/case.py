"""What is explored, as records: who takes part, objects that change step by step, what is asked of each state. Pure.

Namespaces, clients and servers have short names here (`t1`, `a`, `v1`); the stage knows the real ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from pytest_smi.oracle import Call
from pytest_smi.oracle.records import Key
from pytest_smi.smi.model import (
    HTTPMatch,
    HTTPRouteGroup,
    SmiObject,
    Subject,
    TCPRoute,
    TrafficTarget,
    refer_to,
)
from pytest_smi.testbed.workloads import DEFAULT_PORTS, HTTP


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A pod that calls: a client of its own, or a server that calls others."""

    name: str
    account: str
    namespace: str
    joined: bool = True
    """Whether it is in the mesh."""
    server: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A Deployment that is called; its ServiceAccount has its name."""

    name: str
    namespace: str
    replicas: int = 1

    @property
    def key(self) -> str:
        """`namespace/name`."""
        return f"{self.namespace}/{self.name}"


CLIENTS = (
    Client(name="a", account="a", namespace="t1"),
    Client(name="b", account="b", namespace="t1"),
    Client(name="a of t2", account="a", namespace="t2"),
    Client(name="v1", account="v1", namespace="t1", server=True),
    Client(name="v2", account="v2", namespace="t1", server=True),
    Client(name="outside", account="a", namespace="out", joined=False),
)
"""Homonyms, servers that call each other, and one outside of the mesh."""
SERVERS = (
    Server(name="v1", namespace="t1"),
    Server(name="v2", namespace="t1", replicas=2),
    Server(name="v3", namespace="t1"),
    Server(name="v1", namespace="t2"),
    Server(name="v2", namespace="t2"),
)
CLIENT, SERVER = {one.name: one for one in CLIENTS}, {one.key: one for one in SERVERS}
ROOT, TWIN, LATE = "root", "twin", "late"
"""Services over every server of their namespace, and one that a split may name before it is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceObject:
    """A Service over one server, or over every one of its namespace."""

    name: str
    namespace: str = "t1"
    over: str = ""
    """Name of the server; empty: all of the namespace."""
    ports: tuple[tuple[str, int], ...] = ()
    """`8080/TCP` → target port."""
    port_names: tuple[tuple[str, str], ...] = ()
    """`8080/TCP` → name of the port, where it is not the usual one."""

    def servers(self) -> tuple[Server, ...]:
        """Return those behind it."""
        return tuple(
            one for one in SERVERS if one.namespace == self.namespace and (not self.over or one.name == self.over)
        )


Thing = SmiObject | ServiceObject
Identity = tuple[str, str, str]
State = Mapping[Identity, Thing]
"""The objects that are there at one time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One change: what is created or replaced, then what is deleted."""

    put: tuple[Thing, ...] = ()
    drop: tuple[Identity, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request of the truth table."""

    client: str
    service: Key
    port: int
    call: Call
    version: str = "1.1"
    """Of HTTP."""

    @property
    def words(self) -> str:
        """`GET v1.t1:8080/x`."""
        where = f"{self.service[1]}.{self.service[0]}:{self.port}"
        if self.call.protocol != "HTTP":
            return f"{self.call.protocol} {where}"
        headers = "".join(f" {name}: {value}" for name, value in self.call.headers)
        return f"{self.call.method} {where}{self.call.path}{headers}" + (" over HTTP/2" if self.version == "2" else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A world and its changes: each step leads to a state, and every state is asked the same."""

    steps: tuple[Step, ...]
    asks: tuple[Ask, ...]
    open: bool = False
    """Whether every client in the mesh may call every server, by targets that stand beside the case: it is about
    splits."""
    reuse: bool = False
    """Whether the HTTP requests of a client to a port go over one connection."""

    def states(self) -> Iterator[State]:
        """Yield the state after each step; Services that no step touches are the usual ones."""
        state: dict[Identity, Thing] = {identity(one): one for one in usual_services()}
        for step in self.steps:
            state |= {identity(one): one for one in step.put}
            for gone in step.drop:
                state.pop(gone, None)
            yield dict(state)

    @property
    def things(self) -> tuple[Thing, ...]:
        """Every object of every step, in order."""
        return tuple(one for step in self.steps for one in step.put)


def identity(thing: Thing) -> Identity:
    """Kind, namespace and name."""
    kind = "Service" if isinstance(thing, ServiceObject) else type(thing).__name__
    return kind, thing.namespace, thing.name


def usual_services() -> tuple[ServiceObject, ...]:
    """Return the Service of each server, and those over several: two in one namespace, and a homonym in the other."""
    ports = tuple(DEFAULT_PORTS.items())
    own = tuple(ServiceObject(name=one.name, namespace=one.namespace, over=one.name, ports=ports) for one in SERVERS)
    over_all = ((ROOT, "t1"), (TWIN, "t1"), (ROOT, "t2"))
    return (
        *own,
        *(ServiceObject(name=name, namespace=space, ports=((f"{HTTP}/TCP", HTTP),)) for name, space in over_all),
    )


def opening(versions: Mapping[str, str]) -> tuple[SmiObject, ...]:
    """Return the objects that stand beside an `open` case; none where access is not enforced."""
    if not {"access", "specs"} <= set(versions):
        return ()
    sources = tuple(Subject(name=one.account, namespace=one.namespace) for one in CLIENTS if one.joined)
    found: list[SmiObject] = []
    for namespace in dict.fromkeys(one.namespace for one in SERVERS):
        everything = [HTTPMatch(name="all", path=".*", methods=("*",))]
        if versions["specs"] == "v1alpha1":
            everything.append(HTTPMatch(name="below", path="/*", methods=("*",)))
        routes = (
            HTTPRouteGroup(name="open", namespace=namespace, matches=tuple(everything)),
            TCPRoute(name="open", namespace=namespace),
        )
        rules = [refer_to(route) for route in routes]
        found += [
            *routes,
            *(
                TrafficTarget(
                    name=f"open-{server.name}-{rule.kind[:4].lower()}",
                    namespace=namespace,
                    destination=Subject(name=server.name, namespace=namespace),
                    rules=(rule,),
                    sources=sources,
                )
                for server in SERVERS
                if server.namespace == namespace
                for rule in rules
            ),
        ]
    return tuple(found)


def with_cleaning(case: Case) -> Case:
    """Return the case with one more step, which takes its targets and splits away: nothing may be left of them."""
    *_, last = case.states()
    gone = tuple(key for key in last if key[0] in ("TrafficTarget", "TrafficSplit"))
    return replace(case, steps=(*case.steps, Step(drop=gone))) if gone else case


def services_of(state: State) -> dict[Key, ServiceObject]:
    """Return the Services of a state."""
    return {(one.namespace, one.name): one for one in state.values() if isinstance(one, ServiceObject)}


def smi_of(things: Iterable[Thing]) -> tuple[SmiObject, ...]:
    """Return the SMI objects among things."""
    return tuple(one for one in things if not isinstance(one, ServiceObject))
