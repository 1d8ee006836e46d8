"""Driving claims to a verdict, with scripted observations and an injected clock: no cluster, no waiting."""

from collections.abc import Callable, Sequence

import pytest

from pytest_smi.core.limits import Limits
from pytest_smi.errors import HarnessError
from pytest_smi.scenario import expectations
from pytest_smi.scenario.evidence import Evidence
from pytest_smi.scenario.expectations import Expectations
from pytest_smi.scenario.verdict import Claim, Inconclusive, NotReached, RequirementFailed, allowed, closed, control, denied
from pytest_smi.testbed.probing.observation import Arrival, Fate, Observation, Probe
from pytest_smi.testbed.probing.plan import Call, Volley

A = Call(source="t1/a", client="cli-a", server="t1/srv", host="srv", port=8080)
C = Call(source="t1/c", client="cli-c", server="t1/srv", host="srv", port=8080)
OTHER = Call(source="t1/a", client="cli-a", server="t1/other", host="other", port=8080)
LIMITS = Limits(settle_deadline=10, settle_rounds=3, hold_probes=20, hold_seconds=1)


class Clock:
    """Time that passes only when the code under test pauses."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class FakeTestbed:
    """Stands in for the cluster: healthy unless told otherwise."""

    def __init__(self, broken: str = "") -> None:
        self.failed_controls = 0
        self._broken = broken

    def journals(self, _servers: object) -> list["FakeTestbed"]:
        return [self]

    def check_alive(self, _port: int) -> None:
        if self._broken:
            raise HarnessError(self._broken)

    def prober(self, _pod: str) -> "FakeTestbed":
        return self

    def resolve(self, _host: str) -> None:
        return None


class Stage(Expectations):
    """A scene without a cluster."""

    def __init__(self, clock: Clock, broken: str = "") -> None:
        self.testbed = FakeTestbed(broken)  # type: ignore[assignment]
        self.limits, self.servers, self.owed, self.clock = LIMITS, [], [], clock
        self.evidence = Evidence(clock)
        self.rounds = 0


Script = Callable[[Stage, Call, float], Fate]


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Stage]:
    """Build a stage whose traffic fares as a script says."""

    def build(script: Script, broken: str = "") -> Stage:
        clock = Clock()
        made = Stage(clock, broken)

        def observe(_testbed: object, _servers: object, volleys: Sequence[Volley]) -> list[Observation]:
            made.rounds += 1
            return [_observation(volley, script(made, volley.call, clock.now)) for volley in volleys]

        def pause(seconds: float) -> None:
            clock.now += seconds

        monkeypatch.setattr(expectations, "observe", observe)
        monkeypatch.setattr(expectations, "pause", pause)
        return made

    return build


def _observation(volley: Volley, fate: Fate) -> Observation:
    arrivals = () if fate is Fate.NO else (Arrival(nonce="n", pod="srv-1", port=8080, protocol="HTTP/1.1"),)
    probe = Probe(nonce="n", outcome="answer", status=None, echo=fate is Fate.OK, arrivals=arrivals, ms=1.0)
    return Observation(volley=volley, probes=(probe,) * volley.repeat)


def by_call(fates: dict[Call, Fate]) -> Script:
    return lambda _stage, call, _now: fates[call]


def test_right_mesh_settles_and_holds(stage: Callable[..., Stage]) -> None:
    """One probe, then the stated number, then the hold."""
    made = stage(by_call({A: Fate.OK, C: Fate.NO}))

    made.expect(allowed(A), denied(C))

    assert made.rounds == 3
    assert made.owed == []


def test_slow_mesh_is_waited_for(stage: Callable[..., Stage]) -> None:
    """A state that comes before the deadline is not failed for having been late."""
    made = stage(lambda _stage, _call, now: Fate.OK if now > 9 else Fate.NO)

    made.expect(allowed(A))


def test_deadline_needs_rounds_as_well_as_time(stage: Callable[..., Stage]) -> None:
    """A harness so slow that a few rounds eat the deadline does not decide."""

    def script(made: Stage, _call: Call, _now: float) -> Fate:
        made.clock.now += 100  # type: ignore[attr-defined]
        return Fate.OK if made.rounds >= LIMITS.settle_rounds - 1 else Fate.NO

    stage(script).expect(allowed(A), hold=False)


@pytest.mark.parametrize(
    ("claims", "fates", "error"),
    [
        ([allowed(A)], {A: Fate.NO}, NotReached),
        ([denied(C), control(A)], {A: Fate.OK, C: Fate.OK}, RequirementFailed),
        ([denied(C), control(A)], {A: Fate.NO, C: Fate.NO}, Inconclusive),
        ([closed(C)], {C: Fate.OK}, Inconclusive),
    ],
)
def test_state_that_never_comes(stage: Callable[..., Stage], claims: list[Claim], fates: dict[Call, Fate], error: type[Exception]) -> None:
    """Claims fail the mesh, controls make the assertion inconclusive."""
    with pytest.raises(error):
        stage(by_call(fates)).expect(*claims)


def test_broken_harness_is_not_the_mesh(stage: Callable[..., Stage]) -> None:
    """A server that does not answer itself explains why nothing got through."""
    with pytest.raises(Inconclusive, match="server is down"):
        stage(by_call({A: Fate.NO}), broken="server is down").expect(allowed(A))


def test_leak_during_the_hold_fails(stage: Callable[..., Stage]) -> None:
    """A denial that lapses after it settled is found."""
    made = stage(lambda made, call, _now: Fate.OK if call is A or made.rounds > 2 else Fate.NO)

    with pytest.raises(RequirementFailed, match="stay denied"):
        made.expect(allowed(A), denied(C))


def test_denial_without_a_control_is_owed(stage: Callable[..., Stage]) -> None:
    """Until something reaches the same server, a denial proves nothing; another server does not count."""
    made = stage(by_call({A: Fate.OK, C: Fate.NO, OTHER: Fate.OK}))

    made.expect(denied(C))
    made.expect(allowed(OTHER))
    assert [claim.call for claim in made.owed] == [C]

    made.expect(allowed(A))
    assert made.owed == []


def test_patience_with_controls_is_cut_after_two_failures(stage: Callable[..., Stage]) -> None:
    """When nothing works, the rest is found out sooner; the verdict can only be errored."""
    made = stage(by_call({A: Fate.NO}))
    made.testbed.failed_controls = 2

    with pytest.raises(Inconclusive):
        made.expect(control(A))

    assert made.clock() < LIMITS.settle_deadline
