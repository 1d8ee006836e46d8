"""The truth table of a state: what the oracle expects of each request, what was seen, and where the two disagree. Pure.

A request may go to several places, so an expectation is a set of places where it may arrive, whether it must, and where
a split decides the shares. What the specification leaves open agrees with everything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import Any

from pytest_smi.explore.case import CLIENT, Ask, Client, Server, ServiceObject, State, services_of
from pytest_smi.explore.placing import manifest_of
from pytest_smi.oracle import Request, Verdict, Workload, World, decide, read_objects, shares
from pytest_smi.oracle.backends import PLAIN, ROOT, Share
from pytest_smi.smi.model import SmiObject

Place = tuple[str, int]
"""A server, `namespace/name`, and the port on which it listens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What the oracle says of one request."""

    verdict: Verdict
    """Whether it arrives; open also where that depends on the backend that it meets."""
    may: frozenset[Place] | None
    """Where it may arrive in some reading; None: the specification does not bound it."""
    weights: Mapping[str, Fraction] | None = None
    """Shares by server, where a split decides them."""
    each: frozenset[str] = frozenset()
    """Servers of which each gets some requests: those behind a plain Service over several."""
    questions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What became of the requests of one ask, sent several times."""

    sent: int = 0
    delivered: int = 0
    slow: int = 0
    """Arrived, but were answered too late to count."""
    arrivals: Counter[Place] = field(default_factory=Counter)
    twice: int = 0
    """Arrived more than once; a datagram may."""

    def __add__(self, other: Seen) -> Seen:
        return Seen(
            sent=self.sent + other.sent,
            delivered=self.delivered + other.delivered,
            slow=self.slow + other.slow,
            arrivals=self.arrivals + other.arrivals,
            twice=self.twice + other.twice,
        )


class Fault(StrEnum):
    """In which way a mesh disagrees with the oracle."""

    LEAK = "leak"
    """A request arrived where it may not."""
    REFUSAL = "refusal"
    """A request that is allowed did not get through."""
    SHARES = "shares"
    """A split shares its requests out in another way."""
    TWICE = "twice"
    """One request arrived more than once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """One cell in which mesh and oracle differ."""

    ask: Ask
    fault: Fault
    expected: Expected
    seen: Seen
    detail: str = ""

    @property
    def words(self) -> str:
        """What differs: `a GET v1.t1:8080/x: leak, 3 of 3 arrived at t1/v1:8080`."""
        return f"{self.ask.client}: {self.ask.words}: {self.fault}{f', {self.detail}' if self.detail else ''}"


Table = Mapping[Ask, Expected]


def world_of(state: State, opening: Iterable[SmiObject], rendered: Callable[[SmiObject], dict[str, Any]]) -> World:
    """Return the oracle's world of a state, read from its objects as they are written for the mesh."""
    records = [one for one in state.values() if not isinstance(one, ServiceObject)]
    items: list[Mapping[str, Any]] = [manifest_of(one, rendered) for one in (*records, *opening)]
    return read_objects([*items, *map(service_manifest, services_of(state).values())], complete=True)


def service_manifest(service: ServiceObject) -> dict[str, Any]:
    """Return a Service as far as the oracle reads it."""
    ports = [
        {"port": int(port.partition("/")[0]), "protocol": port.partition("/")[2], "targetPort": target}
        for port, target in service.ports
    ]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": service.name, "namespace": service.namespace},
        "spec": {"ports": ports},
    }


def expected(world: World, state: State, asks: Iterable[Ask], *, access: bool) -> dict[Ask, Expected]:
    """Return what the oracle expects of each request in a state; `access`: whether the mesh is to enforce it.

    A request to a Service or port that is not there is left out.
    """
    services = services_of(state)
    found = {}
    for ask in asks:
        service = services.get(ask.service)
        if service is not None and f"{ask.port}/{ask.call.transport}" in dict(service.ports):
            found[ask] = _expected(world, services, ask, access=access)
    return found


def _expected(world: World, services: Mapping[Any, ServiceObject], ask: Ask, *, access: bool) -> Expected:
    client = CLIENT[ask.client]
    shared = shares(world, ask.service, (ask.port, ask.call.transport), ask.call, member=client.joined)
    if not shared.possible:
        return Expected(verdict=Verdict.OPEN, may=None, questions=tuple(sorted(shared.questions)))
    may: set[Place] = set()
    verdicts: set[Verdict] = set()
    questions = set(shared.questions)
    for share in shared.possible:
        if sum((part for _, part in share), Fraction(0)) < 1:
            verdicts.add(Verdict.DENIED)
        for server, port in _places(share, services, ask):
            decision = _decided(world, client, server, port, ask, access=access)
            verdicts.add(decision[0])
            questions |= set(decision[1])
            if decision[0] is not Verdict.DENIED:
                may.add((server.key, port))
    verdict = verdicts.pop() if len(verdicts) == 1 else Verdict.OPEN
    weights, each = None, frozenset[str]()
    if verdict is Verdict.ALLOWED and len(shared.possible) == 1:
        if shared.possible[0] != PLAIN:
            weights = _by_server(shared.possible[0], services, ask)
        elif len(may) > 1:
            each = frozenset(server for server, _ in may)
    return Expected(verdict=verdict, may=frozenset(may), weights=weights, each=each, questions=tuple(sorted(questions)))


def _places(share: Share, services: Mapping[Any, ServiceObject], ask: Ask) -> Iterator[tuple[Server, int]]:
    for name, part in share:
        service = services.get(ask.service if name == ROOT else (ask.service[0], name))
        port = dict(service.ports).get(f"{ask.port}/{ask.call.transport}") if service is not None else None
        if part and service is not None and port is not None:
            for server in service.servers():
                yield server, port


def _by_server(share: Share, services: Mapping[Any, ServiceObject], ask: Ask) -> dict[str, Fraction] | None:
    """Return shares by server: those behind the root that are no backends get nothing."""
    found = {server.key: Fraction(0) for server in services[ask.service].servers()}
    for name, part in share:
        servers = services[(ask.service[0], name)].servers() if name != ROOT else ()
        if len(servers) != 1:
            return None
        found[servers[0].key] = found.get(servers[0].key, Fraction(0)) + part
    return found


def _decided(
    world: World, client: Client, server: Server, port: int, ask: Ask, *, access: bool
) -> tuple[Verdict, Sequence[str]]:
    if not access:
        return Verdict.ALLOWED, ()
    found = decide(
        world,
        Request(
            source=Workload(namespace=client.namespace, account=client.account, member=client.joined),
            destination=Workload(namespace=server.namespace, account=server.name),
            call=ask.call,
            port=port,
            service_port=ask.port,
        ),
    )
    return found.verdict, found.questions


def compared(table: Table, seen: Mapping[Ask, Seen]) -> list[Disagreement]:
    """Return where what was seen cannot be what is expected; shares are another test's matter."""
    found = []
    for ask, wanted in table.items():
        got = seen.get(ask, Seen())
        astray = {place: n for place, n in got.arrivals.items() if wanted.may is not None and place not in wanted.may}
        if astray:
            where = ", ".join(f"{server}:{port}" for server, port in sorted(astray))
            detail = f"{sum(astray.values())} of {got.sent} arrived at {where}"
            found.append(Disagreement(ask=ask, fault=Fault.LEAK, expected=wanted, seen=got, detail=detail))
        elif wanted.verdict is Verdict.ALLOWED and got.delivered + got.slow < got.sent:
            detail = f"{got.sent - got.delivered - got.slow} of {got.sent} did not get through"
            found.append(Disagreement(ask=ask, fault=Fault.REFUSAL, expected=wanted, seen=got, detail=detail))
    return found
