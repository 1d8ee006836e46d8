"""A stage on the deciding classes of the reference mesh, in one process: what a search would meet there, no traffic.

Faults of what lies around the deciding classes (proxies, definitions, events) do not show.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pytest_smi.cluster.wait import Backoff
from pytest_smi.explore import case as cases
from pytest_smi.explore.case import CLIENT, SERVER, Ask, Case, ServiceObject, State, Step, Thing, identity
from pytest_smi.explore.judge import Outcome
from pytest_smi.explore.placing import manifest_of, placed
from pytest_smi.explore.play import Player
from pytest_smi.explore.search import case_of
from pytest_smi.explore.table import Place, Seen, Table, expected, world_of
from pytest_smi.oracle import Request, Workload
from pytest_smi.reference.mesh.access_config import AccessCompiler
from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.grants import GrantCompiler
from pytest_smi.reference.mesh.policy import Policy
from pytest_smi.reference.mesh.routes import RouteMatcher
from pytest_smi.reference.mesh.split_config import SplitCompiler
from pytest_smi.reference.mesh.splits import Service, SplitChooser, SplitTable
from pytest_smi.smi.model import SmiObject
from tests.explore.simulated import BOUNDS, PATIENCE, VERSIONS, Clock, rendered
from tests.oracle.reference_policy import ReferenceMesh

ACCOUNTS = tuple(
    dict.fromkeys(
        [
            *((one.namespace, one.account) for one in cases.CLIENTS if one.joined),
            *((one.namespace, one.name) for one in cases.SERVERS),
        ]
    )
)


class ReferenceStage:
    """A stage whose mesh is the reference mesh's policy and splits, with the faults that are named."""

    def __init__(self, faults: Sequence[str] = ()) -> None:
        self.clock, self.requests, self._trial = Clock(), 0, 0
        self.refused: dict[str, int] = {}
        self._chance = random.Random(0)
        self._mesh = ReferenceMesh((), frozenset(faults), accounts=ACCOUNTS, chance=self._chance)
        self._state: dict[cases.Identity, Thing] = {}
        self._born: dict[cases.Identity, int] = {}
        self._beside: tuple[SmiObject, ...] = ()

    def begin(self, case: Case) -> None:
        (start,) = replace(case, steps=(Step(),)).states()
        self._state = dict(start)
        self._beside = cases.opening(VERSIONS) if case.open else ()
        self._trial += 1
        self._update()

    def change(self, step: Step) -> None:
        self._state |= {identity(one): one for one in step.put}
        for key in step.drop:
            self._state.pop(key, None)
            self._born[key] = self._born.get(key, 0) + 1
        self._update()

    def fresh(self) -> None:
        """Nothing to do: what the mesh remembers is its own matter."""

    def expected(self, case: Case, state: State) -> Table:
        beside = cases.opening(VERSIONS) if case.open else ()
        return expected(world_of(state, beside, rendered), state, case.asks, access=True)

    def look(self, asks: Sequence[Ask], times: int, *, reuse: bool = False) -> Mapping[Ask, Seen]:
        self.clock.pause(0.01)
        self.requests += len(asks) * times
        return {ask: self._seen(ask, times) for ask in asks}

    def _update(self) -> None:
        things = self._state.values()
        self._mesh.update(
            [
                *(self._stored(one) for one in things if not isinstance(one, ServiceObject)),
                *map(rendered, self._beside),
            ],
            [_service(one) for one in things if isinstance(one, ServiceObject)],
        )

    def _stored(self, one: SmiObject) -> dict[str, Any]:
        """Return an object as the API server stores it: with a uid that is another one after it was created again."""
        item = manifest_of(placed(one, str, f"-{self._trial}"), rendered)
        item["metadata"]["uid"] = f"{identity(one)}-{self._trial}-{self._born.get(identity(one), 0)}"
        return item

    def _seen(self, ask: Ask, times: int) -> Seen:
        places = [place for _ in range(times) if (place := self._arrives(ask)) is not None]
        return Seen(sent=times, delivered=len(places), arrivals=Counter(places))

    def _arrives(self, ask: Ask) -> Place | None:
        client, port = CLIENT[ask.client], (ask.port, ask.call.transport)
        root = self._mesh.services.get(ask.service)
        if root is None or port not in root.ports:
            return None
        ends = self._mesh.endpoints(ask.service, port, ask.call) if client.joined else root.ports[port]
        if not ends:
            return None
        key, target = self._chance.choice(ends)
        server = SERVER[key]
        request = Request(
            source=Workload(namespace=client.namespace, account=client.account, member=client.joined),
            destination=Workload(namespace=server.namespace, account=server.name),
            call=ask.call,
            port=target,
            service_port=ask.port,
        )
        return (key, target) if self._mesh.allows(request) else None


def _service(one: ServiceObject) -> Service:
    """Return a Service whose endpoints have the servers' names in the place of addresses."""
    own_names, ports, names = dict(one.port_names), {}, {}
    for port, target in one.ports:
        number, _, transport = port.partition("/")
        ports[int(number), transport] = [(each.key, target) for each in one.servers() for _ in range(each.replicas)]
        names[int(number), transport] = own_names.get(port, port)
    return Service(key=(one.namespace, one.name), ports=ports, names=names)


DECIDING = (AccessCompiler, GrantCompiler, Policy, RouteMatcher, SplitCompiler, SplitTable, SplitChooser)


def decides(fault: Fault) -> bool:
    """Whether a fault is one of the deciding classes alone, at the newest versions."""
    return not fault.versions and bool(fault.overrides) and all(issubclass(one, DECIDING) for one in fault.overrides)


def first_wrong(fault: str | None, *, seed: int, worlds: int) -> int | None:
    """Play the worlds of a seed; return the number of the first that shows the fault."""
    stage = ReferenceStage([] if fault is None else [fault])

    def rounds() -> Backoff:
        return Backoff("it is so", longest=0.1, clock=stage.clock, pause=stage.clock.pause)

    player = Player(stage, rounds, replace(PATIENCE, pause=stage.clock.pause))
    for number in range(worlds):
        if player.play(case_of(seed, number, BOUNDS)).judged.outcome is not Outcome.AGREES:
            return number
    return None
