"""A mesh that answers from the oracle, right or wrong as a test chooses: no traffic, and a clock of its own."""

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from pytest_smi.cluster.wait import Backoff
from pytest_smi.explore.bounds import Bounds
from pytest_smi.explore.case import Ask, Case, Identity, ServiceObject, State, Step, Thing, identity, opening
from pytest_smi.explore.judge import Patience
from pytest_smi.explore.placing import manifest_of
from pytest_smi.explore.play import Player
from pytest_smi.explore.table import Expected, Seen, Table, expected, world_of
from pytest_smi.oracle import Verdict
from pytest_smi.smi.model import SmiObject
from pytest_smi.smi.render import render
from pytest_smi.testbed.hosts import Addresses
from pytest_smi.testbed.manifests import services

VERSIONS = {"access": "v1alpha3", "specs": "v1alpha4", "split": "v1alpha4"}
BOUNDS = Bounds(versions=VERSIONS, features=frozenset({"http2", "tcp", "udp"}), says=lambda _: True)

Misreading = Callable[[Thing], Thing | None]
"""What a wrong mesh makes of an object; None: it does not see it."""


def rendered(record: SmiObject) -> dict[str, Any]:
    """The object at the newest released versions."""
    return render(record, VERSIONS)


def manifests(things: Sequence[Thing]) -> list[dict[str, Any]]:
    """The objects as a stage writes them."""
    found: list[dict[str, Any]] = []
    for one in things:
        if isinstance(one, ServiceObject):
            addresses = Addresses(service=one.name, namespace=one.namespace, host="", outside_host="")
            names = dict(one.port_names)
            found += services(addresses, selector={}, ports=dict(one.ports), port_names=names)
        else:
            found.append(manifest_of(one, rendered))
    return found


class Clock:
    """Time that passes only when somebody waits."""

    now = 0.0

    def __call__(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.now += seconds


class SimulatedStage:
    """A stage whose mesh reads each object through `misread`; `remembers`: what is deleted stays in effect."""

    def __init__(
        self, misread: Misreading = lambda one: one, *, remembers: bool = False, clock: Clock | None = None
    ) -> None:
        self.misread, self.remembers, self.clock = misread, remembers, clock or Clock()
        self.requests, self.freshened = 0, 0
        self.refused: dict[str, int] = {}
        self.at_request: Callable[[int], None] = lambda _: None
        self._chance = random.Random(0)
        self._state: dict[Identity, Thing] = {}
        self._case: Case | None = None
        self._answers: dict[Ask, Expected | None] = {}
        """What the present state answers, as far as it was asked."""

    def begin(self, case: Case) -> None:
        (start,) = replace(case, steps=(Step(),)).states()
        kept = self._state if self.remembers else {}
        self._state = {key: one for key, one in kept.items() if not isinstance(one, ServiceObject)}
        self._state.update(start)
        self._case, self._answers = case, {}

    def change(self, step: Step) -> None:
        self._answers = {}
        self._state |= {identity(one): one for one in step.put}
        for key in step.drop if not self.remembers else ():
            self._state.pop(key, None)

    def fresh(self) -> None:
        self.freshened += 1
        self._state, self._answers = {}, {}

    def expected(self, case: Case, state: State) -> Table:
        beside = opening(VERSIONS) if case.open else ()
        return expected(world_of(state, beside, rendered), state, case.asks, access=True)

    def look(self, asks: Sequence[Ask], times: int, *, reuse: bool = False) -> Mapping[Ask, Seen]:
        assert self._case is not None
        self.clock.pause(0.01)
        new = tuple(ask for ask in asks if ask not in self._answers)
        if new:
            state = {key: seen for key, one in self._state.items() if (seen := self.misread(one)) is not None}
            known = self.expected(replace(self._case, asks=new), state)
            self._answers |= {ask: known.get(ask) for ask in new}
        self.requests += len(asks) * times
        self.at_request(self.requests)
        return {ask: self._seen(self._answers[ask], times) for ask in asks}

    def _seen(self, answer: Expected | None, times: int) -> Seen:
        """What a mesh that does so much shows; where the specification is open, nothing arrives."""
        if answer is None or answer.verdict is not Verdict.ALLOWED or not answer.may:
            return Seen(sent=times)
        ports = dict(answer.may)
        weights = answer.weights or dict.fromkeys(ports, Fraction(1))
        names = sorted(name for name in ports if weights.get(name))
        chosen = self._chance.choices(names, weights=[float(weights[name]) for name in names], k=times)
        return Seen(sent=times, delivered=times, arrivals=Counter((name, ports[name]) for name in chosen))


PATIENCE = Patience(settle=1.0, hold=0.1, fewest=3, alpha=1e-6)


def player_on(stage: SimulatedStage) -> Player:
    """A player with the stage's clock."""
    patience = replace(PATIENCE, pause=stage.clock.pause)

    def rounds() -> Backoff:
        return Backoff("it is so", longest=0.1, clock=stage.clock, pause=stage.clock.pause)

    return Player(stage, rounds, patience)
