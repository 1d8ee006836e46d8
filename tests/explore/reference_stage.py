"""A stage on the deciding classes of the reference mesh, in one process: what a search would meet there, no traffic.

The compilers live as long as the stage, as they do in the mesh, so that faults which remember show as well. Faults of
what lies around the deciding classes (proxies, definitions, events) do not.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pytest_smi.cluster.wait import Backoff
from pytest_smi.explore.case import (
    CLIENT,
    CLIENTS,
    SERVERS,
    Ask,
    Case,
    Identity,
    ServiceObject,
    State,
    Step,
    Thing,
    identity,
    opening,
)
from pytest_smi.explore.judge import Outcome
from pytest_smi.explore.placing import placed
from pytest_smi.explore.play import Player
from pytest_smi.explore.search import case_of
from pytest_smi.explore.table import Seen, Table, expected, world_of
from pytest_smi.reference.mesh.access_config import AccessCompiler
from pytest_smi.reference.mesh.composition import access_compiler
from pytest_smi.reference.mesh.faults import specialize
from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.grants import GrantCompiler
from pytest_smi.reference.mesh.policy import HttpRequest, Policy
from pytest_smi.reference.mesh.routes import RouteMatcher
from pytest_smi.reference.mesh.smi import SmiError
from pytest_smi.reference.mesh.smi_parse import parse_group, parse_port_route, parse_split, parse_target
from pytest_smi.reference.mesh.split_config import SplitCompiler
from pytest_smi.reference.mesh.splits import Call as MeshCall
from pytest_smi.reference.mesh.splits import Service, SplitChooser, SplitTable
from pytest_smi.smi.model import SmiObject
from tests.explore.simulated import BOUNDS, PATIENCE, VERSIONS, Clock, rendered

PARSERS = {
    "TrafficTarget": ("traffictargets", parse_target),
    "HTTPRouteGroup": ("httproutegroups", parse_group),
    "TCPRoute": ("tcproutes", parse_port_route),
    "UDPRoute": ("udproutes", parse_port_route),
    "TrafficSplit": ("trafficsplits", parse_split),
}
ACCOUNTS = tuple(
    dict.fromkeys(
        [
            *((one.namespace, one.account) for one in CLIENTS if one.joined),
            *((one.namespace, one.name) for one in SERVERS),
        ]
    )
)


class ReferenceStage:
    """A stage whose mesh is the reference mesh's policy and splits, with the faults that are named."""

    def __init__(self, faults: Sequence[str] = (), *, clock: Clock | None = None) -> None:
        self.clock, self.requests, self._trial = clock or Clock(), 0, 0
        on = frozenset(faults)
        self._chance = random.Random(0)
        self._matcher = specialize(RouteMatcher, on)()
        self._policy, self._table = specialize(Policy, on), specialize(SplitTable, on)
        self._access, self._splits = access_compiler(on), specialize(SplitCompiler, on)()
        self._chooser = specialize(SplitChooser, on)(self._chance, self._matcher)
        self._state: dict[Identity, Thing] = {}
        self._born: dict[Identity, int] = {}
        self._beside: tuple[SmiObject, ...] = ()

    def begin(self, case: Case) -> None:
        (start,) = replace(case, steps=(Step(),)).states()
        self._state = dict(start)
        self._beside = opening(VERSIONS) if case.open else ()
        self._trial += 1
        self._compile()

    def change(self, step: Step) -> None:
        self._state |= {identity(one): one for one in step.put}
        for key in step.drop:
            self._state.pop(key, None)
            self._born[key] = self._born.get(key, 0) + 1
        self._compile()

    def fresh(self) -> None:
        """Nothing to do: what the mesh remembers is its own matter."""

    def expected(self, case: Case, state: State) -> Table:
        beside = opening(VERSIONS) if case.open else ()
        return expected(world_of(state, beside, rendered), state, case.asks, access=True)

    def look(self, asks: Sequence[Ask], times: int, *, reuse: bool = False) -> Mapping[Ask, Seen]:
        self.clock.pause(0.01)
        self.requests += len(asks) * times
        return {ask: self._seen(ask, times) for ask in asks}

    def _compile(self) -> None:
        smi: dict[str, dict[tuple[str, str], Any]] = {resource: {} for resource, _ in PARSERS.values()}
        named = [
            placed(one, str, f"-{self._trial}") for one in self._state.values() if not isinstance(one, ServiceObject)
        ]
        for one in (*named, *self._beside):
            resource, parse = PARSERS[type(one).__name__]
            try:
                smi[resource][one.namespace, one.name] = parse(self._stored(one))
            except SmiError:
                continue
        self._services = {
            (one.namespace, one.name): _service(one) for one in self._state.values() if isinstance(one, ServiceObject)
        }
        configs = {
            key: {
                "ports": [
                    {"port": port, "protocol": protocol, "name": one.names[port, protocol], "endpoints": list(ends)}
                    for (port, protocol), ends in one.ports.items()
                ]
            }
            for key, one in self._services.items()
        }
        grants = self._access.compile(smi, ACCOUNTS)
        self._policies = {
            (one.namespace, one.name): self._policy(grants.get((one.namespace, one.name), []), self._matcher)
            for one in SERVERS
        }
        values, _ = self._splits.compile(smi["trafficsplits"], smi["httproutegroups"], configs)
        self._roots = self._table(values.values(), self._services, self._matcher)

    def _stored(self, one: SmiObject) -> dict[str, Any]:
        """Return an object as the API server stores it: with a uid that is another one after it was created again."""
        item = rendered(one)
        born = self._born.get((type(one).__name__, one.namespace, one.name.removesuffix(f"-{self._trial}")), 0)
        item["metadata"] |= {"uid": f"{one.namespace}-{one.name}-{born}"}
        return item

    def _seen(self, ask: Ask, times: int) -> Seen:
        arrivals: Counter[tuple[str, int]] = Counter()
        for _ in range(times):
            place = self._arrives(ask)
            if place is not None:
                arrivals[place] += 1
        return Seen(sent=times, delivered=arrivals.total(), arrivals=arrivals)

    def _arrives(self, ask: Ask) -> tuple[str, int] | None:
        client, call = CLIENT[ask.client], ask.call
        root, port = self._services.get(ask.service), (ask.port, call.transport)
        if root is None or port not in root.ports:
            return None
        headers = [(name.encode(), value.encode()) for name, value in call.headers]
        made = None
        if call.protocol == "HTTP":
            made = MeshCall(method=call.method, target=call.path.encode(), headers=headers)
        ends = root.ports[port]
        if client.joined:
            ends = self._chooser.choose(root, port, made, self._roots.of(ask.service), self._services).endpoints
        if not ends:
            return None
        server, target = self._chance.choice(ends)
        source = (client.namespace, client.account) if client.joined else None
        namespace, _, name = server.partition("/")
        policy = self._policies[namespace, name]
        if call.protocol == "TCP":
            decision = policy.allow_tcp(target, source)
        elif call.protocol == "UDP":
            decision = policy.allow_udp(target, source)
        else:
            request = HttpRequest(port=target, method=call.method, target=call.path.encode(), headers=headers)
            decision = policy.allow_http(request, source)
        return (server, target) if decision.allowed else None


def _service(one: ServiceObject) -> Service:
    names = dict(one.port_names)
    ports: dict[tuple[int, str], list[tuple[str, int]]] = {}
    for port, target in one.ports:
        number, _, protocol = port.partition("/")
        ports[int(number), protocol] = [
            (server.key, target) for server in one.servers() for _ in range(server.replicas)
        ]
    given = {(int(port.partition("/")[0]), port.partition("/")[2]): names.get(port, port) for port, _ in one.ports}
    return Service(key=(one.namespace, one.name), ports=ports, names=given)


DECIDING = (AccessCompiler, GrantCompiler, Policy, RouteMatcher, SplitCompiler, SplitTable, SplitChooser)


def decides(fault: Fault) -> bool:
    """Whether a fault is one of the deciding classes alone, at the newest versions."""
    return not fault.versions and bool(fault.overrides) and all(issubclass(one, DECIDING) for one in fault.overrides)


def first_wrong(fault: str | None, *, seed: int, worlds: int) -> int | None:
    """Play the worlds of a seed; return the number of the first that shows the fault."""
    stage = ReferenceStage([] if fault is None else [fault])

    def rounds() -> Backoff:
        return Backoff(longest=0.1, clock=stage.clock, pause=stage.clock.pause)

    player = Player(stage, rounds, replace(PATIENCE, pause=stage.clock.pause))
    for number in range(worlds):
        if player.play(case_of(seed, number, BOUNDS)).judged.outcome is not Outcome.AGREES:
            return number
    return None
