"""Meshes that need time: whatever they go through before a split is in effect,
a right one never fails and a wrong one does.

Each run is a whole assertion about a split, on a scripted mesh and a clock of its own.
SMI_RUNS sets how many there are of each kind;
SMI_RUNS=1000 makes more than 10,000 of them; fewer run in CI. `-rP` shows the figures.
"""

import os
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_smi.core.limits import Limits
from pytest_smi.scenario.scenario import Scenario
from pytest_smi.scenario.traffic import CannotTell
from pytest_smi.scenario.verdict import RequirementFailed
from pytest_smi.testbed.probing.observation import Observation, Outcome, Probe
from pytest_smi.testbed.probing.plan import Call, ProbeBatch
from pytest_smi.testbed.workloads import Workload
from tests.scenario.scripted import Scripted, probe

RUNS = int(os.environ.get("SMI_RUNS", "30"))
LIMITS = Limits(settle_deadline=60)
AGAIN = "failed before the time to settle was over: tested once more after it"
EVICTION = 5.0
"""Seconds after which a client that sticks forgets a destination that is not used."""

Spread = Mapping[str, float]
"""Shares of the requests by server; what is missing to 1 is lost."""


@dataclass(frozen=True)
class Course:
    """How a mesh changes over: spreads and the seconds after the change at which they begin; `sticks`:
    a client that talks sees none."""

    steps: Sequence[tuple[float, Spread]]
    sticks: bool = False

    def at(self, seconds: float) -> Spread | None:
        """Return the spread after so many seconds; None is still the one before."""
        return next((spread for begin, spread in reversed(self.steps) if seconds >= begin), None)


class Converging(Scripted):
    """Requests are spread as the root's plain Service does, until a split was applied
    and the mesh follows its course to the new spread."""

    def __init__(self, dice: random.Random, *, root_selects_backends: bool = False, idle_before: float = 0.0) -> None:
        super().__init__(
            lambda *_: Outcome.DELIVERED,
            limits=LIMITS,
            root_selects_backends=root_selects_backends,
            idle_before=idle_before,
        )
        self.dice, self.course = dice, Course([])
        self.before: Spread = {}
        self.changed = 0.0
        self._last = -100.0
        self._route: Spread = {}
        self._probes: dict[str, Probe] = {}

    def deploys(self, roots: Mapping[str, bool]) -> list[Workload]:
        """Deploy servers; those marked True are behind the root."""
        servers = [self.smi.server(name, under_root=under) for name, under in roots.items()]
        chosen = [
            s
            for s, under in zip(servers, roots.values(), strict=True)
            if under or self.testbed.target.profile.splits.root_selects_backends
        ]
        self.before = {server.name: 1 / len(chosen) for server in chosen}
        self._probes = {server.name: probe("n", Outcome.DELIVERED, pod=server.pods[0].name) for server in servers}
        return servers

    def changes(self, course: Course) -> None:
        """From now on the mesh follows a course."""
        self.course, self.changed = course, self.clock.now

    def observe(self, servers: Sequence[Workload], batches: Sequence[ProbeBatch]) -> list[Observation]:
        """Answer in blocks, at some hundred requests a second."""
        seen = []
        for batch in batches:
            if not self.course.sticks or self.clock.now - self._last >= EVICTION:
                self._route = self.course.at(self.clock.now - self.changed) or self.before
            self._last = self.clock.now
            n = len(batch.nonces)
            if (own := batch.call.server.partition("/")[2]) in self._probes:
                seen.append(Observation(batch=batch, probes=(self._probes[own],) * n))
                continue
            lost = 1 - sum(self._route.values())
            outcomes = [*(self._probes[name] for name in self._route), probe("n", Outcome.NOT_DELIVERED)]
            seen.append(
                Observation(
                    batch=batch, probes=tuple(self.dice.choices(outcomes, [*self._route.values(), max(0.0, lost)], k=n))
                )
            )
            self.clock.now += 0.05 + n * 0.004
        return seen


def mixed(one: Spread, other: Spread, part: float) -> Spread:
    """Return a spread of which `part` is the other."""
    return {name: (1 - part) * one.get(name, 0.0) + part * other.get(name, 0.0) for name in {*one, *other}}


def courses(before: Spread, target: Spread, dice: random.Random) -> Course:
    """Draw a course that ends at the target within 30 seconds: at once, in steps of any kind, or pod by pod."""
    end, names = dice.uniform(0, 30), list(target)
    times = sorted(dice.uniform(0, end) for _ in range(dice.randint(1, 4)))
    kind = dice.choice(["step", "steps", "pod by pod", "losses"])
    between: list[Spread] = []
    if kind == "steps":
        raw = [[dice.random() for _ in names] for _ in times]
        between = [dict(zip(names, (x / sum(row) for x in row), strict=True)) for row in raw]
        between[dice.randrange(len(times))] = {dice.choice(names): 1.0}
    elif kind == "pod by pod":
        between = [mixed(before, target, (i + 1) / (len(times) + 1)) for i in range(len(times))]
    elif kind == "losses":
        between = [{name: share * dice.random() for name, share in target.items()} for _ in times]
    return Course([*zip(times, between, strict=False), (end, target)])


@dataclass(frozen=True)
class Row:
    """An assertion about a split: who is behind the root, the weights, and how it is judged."""

    servers: Mapping[str, bool]
    weights: Sequence[int]
    judged: Callable[[Scenario, Call, Mapping[Workload, int]], None]

    def play(
        self, made: Converging, course: Callable[[Spread, Spread], Course], actual: Sequence[float] | None = None
    ) -> None:
        """Play the assertion on a mesh whose final spread is `actual` (the weights)."""
        servers = made.deploys(self.servers)
        smi, root, client = made.smi, made.smi.service("app", servers), made.smi.client("a")
        shares = dict(zip((server.name for server in servers), actual or self.weights, strict=True))
        total = sum(shares.values())
        weights = dict(zip(servers, self.weights, strict=True))
        smi.apply(smi.split(root, dict(weights.items())))
        made.changes(course(made.before, {name: share / total for name, share in shares.items()}))
        self.judged(smi, client.get(root), weights)


def share(smi: Scenario, call: Call, weights: Mapping[Workload, int]) -> None:
    """Judge the shares."""
    smi.share(call, weights)


def only(smi: Scenario, call: Call, weights: Mapping[Workload, int]) -> None:
    """Judge that nobody of weight 0 gets anything."""
    smi.only(call, [server for server, weight in weights.items() if weight], trials=500)


ROWS = {
    "90/10": Row({"v1": True, "v2": True}, (90, 10), share),
    "two thirds": Row({"v1": False, "v2": True}, (1000, 500), share),
    "75/25": Row({"v1": False, "v2": True}, (75, 25), share),
    "three": Row({"v1": False, "v2": False, "v3": True}, (50, 30, 20), share),
    "weight 0": Row({"v1": True, "v2": True}, (100, 0), only),
}
every_row = pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)


@every_row
@pytest.mark.parametrize("root_selects_backends", [False, True])
def test_right_mesh_never_fails_however_it_converges(row: Row, root_selects_backends: bool) -> None:
    """In one step, in several, pod by pod, with losses on the way; also where every root selects all backends."""
    dice = random.Random(f"{row.weights} {root_selects_backends}")
    again = 0
    for _ in range(RUNS):
        made = Converging(dice, root_selects_backends=root_selects_backends)
        row.play(made, lambda before, target: courses(before, target, dice))
        again += bool(made.events(AGAIN))
    print(f"right: {RUNS} runs, 0 failed, {again} were tested once more after the time to settle")


@every_row
def test_client_that_keeps_its_route_while_it_talks(row: Row) -> None:
    """It sees nothing of the change until it has been idle; what it holds may be a state in between."""
    dice = random.Random(f"sticks {row.weights}")
    for _ in range(RUNS // 3):
        made = Converging(dice, idle_before=10.0)
        row.play(made, lambda before, target: Course(courses(before, target, dice).steps, sticks=True))
    print(f"right, and sticks: {RUNS // 3} runs, 0 failed")


@pytest.mark.parametrize(
    ("row", "actual"),
    [
        ("90/10", (80, 20)),
        ("two thirds", (1700, 1300)),
        ("75/25", (65, 35)),
        ("75/25", (85, 15)),
        ("three", (40, 40, 20)),
        ("three", (50, 20, 30)),
    ],
)
def test_mesh_that_is_ten_points_off_fails(row: str, actual: Sequence[float]) -> None:
    """With probability 1 - beta at least: that more than three in a thousand pass would disprove it."""
    dice = random.Random(f"off {row} {actual}")
    passed = 0
    for _ in range(RUNS):
        try:
            ROWS[row].play(Converging(dice), lambda _before, target: Course([(dice.uniform(0, 30), target)]), actual)
            passed += 1
        except RequirementFailed:
            pass
    print(f"10 points off: {RUNS} runs, {passed} passed")
    assert passed <= 1 + RUNS // 300


@settings(max_examples=60, deadline=None)
@given(
    delay=st.floats(0, 30),
    part=st.floats(0, 1),
    middle=st.floats(0, 1),
    row=st.sampled_from(list(ROWS)),
    root_selects_backends=st.booleans(),
    seed=st.integers(0, 2**32),
)
def test_any_state_in_between_is_waited_out(
    delay: float, part: float, middle: float, row: str, root_selects_backends: bool, seed: int
) -> None:
    """Also one that was chosen to look as much like the target as it can."""
    made = Converging(random.Random(seed), root_selects_backends=root_selects_backends)
    ROWS[row].play(
        made, lambda before, target: Course([(middle * delay, mixed(before, target, part)), (delay, target)])
    )


def test_plain_spread_is_not_taken_for_the_split() -> None:
    """75/25 over a root that selects both backends: 25 of 50 lies within four standard deviations,
    and is not settled all the same."""
    for seed in range(50):
        made = Converging(random.Random(seed), root_selects_backends=True)
        ROWS["75/25"].play(made, lambda _before, target: Course([(5.0, target)]))
        (settled,) = made.events("shares settled")
        assert settled["at"] >= 5.0
        assert settled["not_before"] == ["50.0% at v1-x:8080, 50.0% at v2-x:8080"]
        assert not made.events(AGAIN)


@pytest.mark.parametrize("weights", [(50, 50), (52, 48)])
def test_weights_like_the_spread_before_are_a_bug_of_the_suite(weights: tuple[int, int]) -> None:
    """No verdict: what cannot be told from the plain Service must not be asserted of a split."""
    with pytest.raises(CannotTell, match=r"50\.0% at v1-x:8080, 50\.0% at v2-x:8080"):
        Row({"v1": True, "v2": True}, weights, share).play(
            Converging(random.Random(1)), lambda _before, target: Course([(0.0, target)])
        )


def test_old_weights_are_a_state_before_like_any_other() -> None:
    """A split that is changed twice: only the last weights settle, and weights like the last ones are refused."""
    made = Converging(random.Random(2))
    v1, v2 = made.deploys({"v1": True, "v2": True})
    root, client = made.smi.service("app", [v1, v2]), made.smi.client("a")
    made.smi.apply(made.smi.split(root, {v1: 100, v2: 0}))
    made.changes(Course([(1.0, {v1.name: 1.0})]))
    made.smi.control_reaches(client.get(root), [v1])

    made.before = {v1.name: 1.0}
    made.smi.apply(made.smi.split(root, {v1: 50, v2: 50}))
    made.changes(Course([(4.0, {v1.name: 0.5, v2.name: 0.5})]))
    made.smi.share(client.get(root), {v1: 50, v2: 50})
    assert made.events("shares settled")[-1]["not_before"] == ["100.0% at v1-x:8080"]

    made.smi.apply(made.smi.split(root, {v1: 49, v2: 51}))
    with pytest.raises(CannotTell, match=r"50\.0% at v1-x:8080"):
        made.smi.share(client.get(root), {v1: 49, v2: 51})


def test_client_outside_the_mesh_and_another_service_wait_for_nothing() -> None:
    """What no split changes has no state before: a plain spread is what is expected of it."""
    made = Converging(random.Random(3))
    v1, v2 = made.deploys({"v1": True, "v2": True})
    root, twin = made.smi.service("app", [v1, v2]), made.smi.service("twin", [v1, v2])
    made.smi.apply(made.smi.split(root, {v1: 100}))
    made.smi.share(made.smi.client("a").get(twin), {v1: 50, v2: 50})
    made.smi.each(made.smi.client("a", "out").get(root), [v1, v2])
