"""Judging destinations, with scripted arrivals and an injected clock: no cluster, no waiting."""

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest

from pytest_smi.core.limits import Limits
from pytest_smi.scenario import routing, shares
from pytest_smi.scenario.evidence import Evidence
from pytest_smi.scenario.routing import Routing
from pytest_smi.scenario.verdict import Inconclusive, NotReached, RequirementFailed
from pytest_smi.smi.model import SmiObject, TrafficSplit
from pytest_smi.testbed.probing.observation import Arrival, Observation, Probe
from pytest_smi.testbed.probing.plan import Call, Volley
from pytest_smi.testbed.workloads import Pod, Workload

CALL = Call(source="t1/a", client="cli-a", server="t1/app", host="app", port=8080)
SPLIT = TrafficSplit(name="split", namespace="t1", service="app", backends=())
LIMITS = Limits(settle_deadline=2, settle_rounds=3, event_deadline=0.03, poll_interval=0.5)

Place = tuple[str, int] | None
"""Where a request arrives: pod and port; None is a loss."""
Script = Callable[[Call, int], Place]
"""From a call and the number of the request, counted over all, to where it arrives."""


class Stage(Routing):
    """A scene without a cluster: workloads v1 and v2 with one pod each."""

    def __init__(self, script: Script) -> None:
        self.now, self.sent, self.script = 0.0, 0, script
        self.testbed = SimpleNamespace(failed_controls=0)  # type: ignore[assignment]
        self.clock = lambda: self.now
        self.limits, self.evidence = LIMITS, Evidence(self.clock)
        self.v1, self.v2 = _workload("v1"), _workload("v2")
        self.servers = [self.v1, self.v2]
        self.events: list[dict[str, Any]] = []
        self.direct: list[Call] = []

    def observe(self, _testbed: object, _servers: object, volleys: Sequence[Volley]) -> list[Observation]:
        """Send nothing; ask the script."""
        return [Observation(volley=volley, probes=tuple(self._probe(volley, nonce) for nonce in volley.nonces)) for volley in volleys]

    def _probe(self, volley: Volley, nonce: str) -> Probe:
        place = self.script(volley.call, self.sent)
        self.sent += 1
        arrivals = () if place is None else (Arrival(nonce=nonce, pod=place[0], port=place[1], protocol="HTTP/1.1"),)
        return Probe(nonce=nonce, outcome="answer", status=200, echo=place is not None, arrivals=arrivals, ms=1.0)

    def blame(self, error: NotReached, calls: Sequence[Call]) -> NoReturn:
        """The harness is healthy here: a failure is the mesh's."""
        raise error

    def direct_calls(self, call: Call) -> list[Call]:
        """As the test says."""
        return self.direct

    def events_about(self, record: SmiObject) -> list[dict[str, Any]]:
        """As the test says."""
        return self.events


def _workload(name: str) -> Workload:
    pod = Pod("t1", f"{name}-0", "127.0.0.9", name)
    return Workload(
        name=name, namespace="t1", account=name, host=name, replicas=1, joined=True, title=name, await_pods=lambda _workload: [pod]
    )


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Callable[[Script], Stage]:
    """Build a stage whose requests arrive as a script says."""

    def build(script: Script) -> Stage:
        made = Stage(script)

        def pause(seconds: float) -> None:
            made.now += seconds

        monkeypatch.setattr(shares, "observe", made.observe)
        monkeypatch.setattr(routing, "observe", made.observe)
        monkeypatch.setattr(shares, "pause", pause)
        return made

    return build


def _in_turn(*places: Place) -> Script:
    return lambda _call, number: places[number % len(places)]


def _after(requests: int, before: Script, then: Script) -> Script:
    return lambda call, number: (before if number < requests else then)(call, number)


V1, V2 = ("v1-0", 8080), ("v2-0", 8080)


class TestOnly:
    """All requests reach these workloads, each of them some, and nothing else."""

    def test_state_in_between_is_waited_out(self, stage: Callable[[Script], Stage]) -> None:
        """That one of them gets everything for a while is not yet the state that was asked for."""
        made = stage(_after(100, _in_turn(V1), _in_turn(V1, V2)))
        counts = made.only(CALL, [made.v1, made.v2], trials=100)
        assert counts == {"v1": 50, "v2": 50}

    @pytest.mark.parametrize("script", [_in_turn(V1), _in_turn(V1, V2, ("v3-0", 8080))])
    def test_too_few_and_too_many_fail(self, stage: Callable[[Script], Stage], script: Script) -> None:
        """One that stays without, and a stranger, are both told."""
        made = stage(script)
        with pytest.raises(RequirementFailed, match="wanted only v1, v2"):
            made.only(CALL, [made.v1, made.v2], trials=100)


class TestShare:
    """The shares of a split."""

    def test_state_in_between_is_waited_out(self, stage: Callable[[Script], Stage]) -> None:
        """That the larger backend gets everything for a while is not taken for shares of 90 and 10."""
        made = stage(_after(300, _in_turn(V1), _in_turn(*[V1] * 9, V2)))
        made.share(CALL, {made.v1: 90, made.v2: 10})
        assert made.sent > 300

    def test_backend_that_gets_nothing_fails(self, stage: Callable[[Script], Stage]) -> None:
        """When that state stays, it is the mesh's failure."""
        made = stage(_in_turn(V1))
        with pytest.raises(RequirementFailed, match=r"wanted v1 90\.0%, v2 10\.0%"):
            made.share(CALL, {made.v1: 90, made.v2: 10})


class TestEach:
    """Every workload gets something."""

    def test_spread_passes(self, stage: Callable[[Script], Stage]) -> None:
        """Both are reached, be it after a while."""
        made = stage(_after(100, _in_turn(V1), _in_turn(V1, V2)))
        counts = made.each(CALL, [made.v1, made.v2], trials=100)
        assert counts == {"v1": 50, "v2": 50}

    def test_one_alone_fails(self, stage: Callable[[Script], Stage]) -> None:
        """A workload that never gets a request is a failure."""
        made = stage(_in_turn(V1))
        with pytest.raises(RequirementFailed, match="wanted some at each of v1, v2"):
            made.each(CALL, [made.v1, made.v2])

    def test_losses_fail(self, stage: Callable[[Script], Stage]) -> None:
        """Requests that are lost after settling are a failure."""
        made = stage(_after(100, _in_turn(V1, V2), _in_turn(V1, V2, None)))
        with pytest.raises(NotReached, match="were lost"):
            made.each(CALL, [made.v1, made.v2])

    def test_losses_on_the_direct_way_too_are_inconclusive(self, stage: Callable[[Script], Stage]) -> None:
        """What is lost without any split is not the split's doing."""
        made = stage(_in_turn(V1, V2, None))
        made.direct = [Call(source="t1/a", client="cli-a", server="t1/v1", host="v1", port=8080)]
        with pytest.raises(Inconclusive, match="which no split explains"):
            made.each(CALL, [made.v1, made.v2])

    def test_losses_of_a_direct_call_fail(self, stage: Callable[[Script], Stage]) -> None:
        """When the direct way itself is judged, its losses are the mesh's."""
        made = stage(_in_turn(V1, None))
        made.direct = [CALL]
        with pytest.raises(NotReached):
            made.each(CALL, [made.v1])


class TestPorts:
    """Arrivals on listening ports."""

    def test_right_ports_pass(self, stage: Callable[[Script], Stage]) -> None:
        """Each workload on its own port."""
        made = stage(_in_turn(("v1-0", 8080), ("v2-0", 8081)))
        made.on_ports(CALL, {made.v1: 8080, made.v2: 8081})

    def test_wrong_port_fails(self, stage: Callable[[Script], Stage]) -> None:
        """One arrival on another port is enough."""
        made = stage(_after(150, _in_turn(("v1-0", 8080), ("v2-0", 8081)), _in_turn(V1, V2)))
        with pytest.raises(RequirementFailed, match="v2-0:8080"):
            made.on_ports(CALL, {made.v1: 8080, made.v2: 8081})


class TestPower:
    """Controls that a cluster without a mesh does not meet."""

    @pytest.mark.parametrize("script", [_in_turn(V1), _in_turn(*[V1] * 9, V2)])
    def test_a_split_is_seen(self, stage: Callable[[Script], Stage], script: Script) -> None:
        """Nine tenths at the backend are enough."""
        made = stage(script)
        made.power_reaches(CALL, [made.v1])

    def test_even_spread_is_inconclusive(self, stage: Callable[[Script], Stage]) -> None:
        """A plain Service is never a failure of the requirement at hand."""
        made = stage(_in_turn(V1, V2))
        with pytest.raises(Inconclusive, match="not in effect"):
            made.power_reaches(CALL, [made.v1])
        with pytest.raises(Inconclusive, match="all on port 8081"):
            made.power_port(CALL, 8081)
        assert made.testbed.failed_controls == 2

    def test_patience_is_cut_after_two(self, stage: Callable[[Script], Stage]) -> None:
        """The third control that cannot hold takes a quarter of the time."""
        made = stage(_in_turn(V1, V2))
        waits = []
        for _ in range(3):
            started = made.now
            with pytest.raises(Inconclusive):
                made.power_reaches(CALL, [made.v1])
            waits.append(made.now - started)
        assert waits[2] < waits[0] / 2


def test_mostly_is_a_claim(stage: Callable[[Script], Stage]) -> None:
    """The same looseness as a requirement: failing it fails the mesh."""
    made = stage(_in_turn(V1, V2))
    with pytest.raises(RequirementFailed):
        made.mostly(CALL, [made.v2])


def test_rarely_has_a_bound(stage: Callable[[Script], Stage]) -> None:
    """A twentieth passes, a half does not."""
    rare = stage(_in_turn(*[V1] * 19, V2))
    rare.rarely(CALL, rare.v2)
    often = stage(_in_turn(V1, V2))
    with pytest.raises(RequirementFailed, match="v2 got 50 of 100"):
        often.rarely(CALL, often.v2)


def test_load_is_reported_not_judged(stage: Callable[[Script], Stage]) -> None:
    """Losses under constant load stand in the evidence."""
    made = stage(_in_turn(V1, None))
    with made.load(CALL):
        pass
    event = made.evidence.document()["timeline"][-1]
    assert event["event"] == "constant load"
    assert event["lost"] * 2 == event["sent"]


class TestWarning:
    """Events on a split."""

    def test_warning_that_names_the_backend(self, stage: Callable[[Script], Stage]) -> None:
        """Type and mention are what counts."""
        made = stage(_in_turn(V1))
        made.events = [{"type": "Warning", "message": "backend v1 has no port 8080"}]
        made.await_warning(SPLIT, "v1")

    @pytest.mark.parametrize("event", [{"type": "Normal", "message": "v1"}, {"type": "Warning", "message": "v2"}])
    def test_other_events_do_not_count(self, stage: Callable[[Script], Stage], event: dict[str, Any]) -> None:
        """The failure tells the events that there were."""
        made = stage(_in_turn(V1))
        made.events = [event]
        with pytest.raises(RequirementFailed, match=f"its events are: {event['type']}: {event['message']}"):
            made.await_warning(SPLIT, "v1")
