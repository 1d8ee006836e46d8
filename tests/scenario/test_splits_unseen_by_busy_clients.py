"""Proxies that decide at a client's first request whether a Service is split: the suite leaves the root alone between two looks."""

from collections.abc import Sequence
from types import SimpleNamespace

import pytest

from pytest_smi.core.limits import Limits
from pytest_smi.scenario import shares
from pytest_smi.scenario.evidence import Evidence
from pytest_smi.scenario.routing import Routing
from pytest_smi.scenario.verdict import Inconclusive, NotReached
from pytest_smi.testbed.probing.observation import Arrival, Observation, Probe
from pytest_smi.testbed.probing.plan import Call, Volley
from pytest_smi.testbed.workloads import Pod, Workload

CALL = Call(source="t1/a", client="cli-a", server="t1/app", host="app", port=8080)
EVICTION = 5.0
"""Seconds after which the simulated proxy forgets a destination that is not used."""


class SlowToNotice(Routing):
    """A scene whose client's proxy keeps what it decided at first, until it is left alone for EVICTION seconds."""

    def __init__(self, *, idle_before: float, root: str = "app") -> None:
        self.now, self.last, self.knows_split = 0.0, -100.0, False
        self.split_reaches_the_proxy_at = 3.0
        self.v2_reaches_the_proxy_at = 0.0
        self.testbed = SimpleNamespace(failed_controls=0)  # type: ignore[assignment]
        self.clock = lambda: self.now
        self.limits, self.evidence = Limits(settle_deadline=60), Evidence(self.clock)
        self.v1, self.v2 = _workload("v1"), _workload("v2")
        self.servers, self.idle_before = [self.v1, self.v2], idle_before
        self._own_ports = {}
        split = {"apiVersion": "split.smi-spec.io/v1alpha2", "kind": "TrafficSplit", "spec": {"service": root}}
        self._applied = {("TrafficSplit", "t1", "split"): split}

    def observe(self, _testbed: object, _servers: object, volleys: Sequence[Volley]) -> list[Observation]:
        """Answer from v1 alone when the proxy knows the split, or does not know v2 yet, else from both in turn."""
        if self.now - self.last >= EVICTION:
            self.knows_split = self.now >= self.split_reaches_the_proxy_at
        self.last = self.now
        seen = [
            Observation(volley=volley, probes=tuple(self._probe(i, nonce) for i, nonce in enumerate(volley.nonces))) for volley in volleys
        ]
        self.now += 0.1
        return seen

    def _probe(self, number: int, nonce: str) -> Probe:
        pod = "v1-1" if self.knows_split or self.now < self.v2_reaches_the_proxy_at or number % 2 else "v2-1"
        arrival = Arrival(nonce=nonce, pod=pod, port=8080, protocol="HTTP/1.1")
        return Probe(nonce=nonce, outcome="answer", status=200, echo=True, arrivals=(arrival,), ms=1.0)

    def blame(self, error: NotReached, calls: Sequence[Call]) -> None:  # type: ignore[override]
        """The harness is healthy here."""
        raise error


def _workload(name: str) -> Workload:
    pod = Pod("t1", f"{name}-1", "10.0.0.1", name)
    made = Workload(name=name, namespace="t1", account=name, host=name, replicas=1, joined=True, title=name, await_pods=lambda _: [pod])
    assert made.pods
    return made


@pytest.fixture
def stage(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> SlowToNotice:
    """A scene on a virtual clock."""
    made = SlowToNotice(**request.param)

    def pass_time(seconds: float) -> None:
        made.now += seconds

    monkeypatch.setattr(shares, "pause", pass_time)
    monkeypatch.setattr(shares, "observe", made.observe)
    return made


@pytest.mark.parametrize(
    "stage", [{"idle_before": 10.0}, {"idle_before": 10.0, "root": "app.t1.svc"}, {"idle_before": 10.0, "root": "app-tcp"}], indirect=True
)
def test_left_alone_the_split_shows(stage: SlowToNotice) -> None:
    """With idleBefore the client changes over, and the evidence states the wait."""
    stage.power_reaches(CALL, [stage.v1], least=1.0)

    assert stage.now < stage.limits.settle_deadline
    (settled,) = [event for event in stage.evidence.document()["timeline"] if event["event"] == "shares settled"]
    assert settled["idle_between"] == 10.0


@pytest.mark.parametrize("stage", [{"idle_before": 10.0}], indirect=True)
def test_a_server_that_is_not_known_yet_is_not_one_that_the_split_keeps_out(stage: SlowToNotice) -> None:
    """While the proxy knows v1 alone everything goes there, split or no split: counting must not begin by that."""
    stage.v2_reaches_the_proxy_at = 0.15

    counts = stage.only(CALL, [stage.v1], trials=200)

    assert counts == {"v1": 200}
    assert stage.knows_split


@pytest.mark.parametrize("stage", [{"idle_before": 0.0}, {"idle_before": 10.0, "root": "other"}], indirect=True)
def test_busy_client_never_sees_it(stage: SlowToNotice) -> None:
    """Without the wait, polling keeps the proxy from noticing: which is why the field exists."""
    with pytest.raises(Inconclusive):
        stage.power_reaches(CALL, [stage.v1], least=1.0)


@pytest.mark.parametrize("stage", [{"idle_before": 10.0}], indirect=True)
def test_mesh_without_the_split_costs_no_more_than_the_deadline(stage: SlowToNotice) -> None:
    """The waits are bounded: the least number of rounds does not stretch the deadline."""
    stage.split_reaches_the_proxy_at = float("inf")

    with pytest.raises(Inconclusive):
        stage.power_reaches(CALL, [stage.v1], least=1.0)

    assert stage.now <= stage.limits.settle_deadline + 2 * stage.idle_before
