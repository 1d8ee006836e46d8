"""Before a split is judged, every server is seen to be reached by its own Service: scripted traffic, an injected clock."""

from collections.abc import Mapping, Sequence
from types import SimpleNamespace

import pytest

from pytest_smi.core.limits import Limits
from pytest_smi.scenario import expectations
from pytest_smi.scenario.evidence import Evidence
from pytest_smi.scenario.scenario import Scene
from pytest_smi.scenario.verdict import Inconclusive, NotReached
from pytest_smi.testbed.probing.observation import Arrival, Observation, Probe
from pytest_smi.testbed.probing.plan import Call, Volley
from pytest_smi.testbed.workloads import Pod, Workload


def workload(name: str) -> Workload:
    pod = Pod("t1", f"{name}-1", "10.0.0.1", name)
    return Workload(name=name, namespace="t1", account=name, host=name, replicas=1, joined=True, title=name, await_pods=lambda _: [pod])


A, C, V1, V2, TCP_ONLY, NO_SERVICE = map(workload, ("a", "c", "v1", "v2", "tcp-only", "no-service"))


class NewServers(Scene):
    """A scene without a cluster, on a mesh without access; `known_at` says when clients' proxies know a server."""

    def __init__(self, known_at: Mapping[str, float]) -> None:
        self.now, self.known_at = 0.0, known_at
        self.calls: set[tuple[str, str, int]] = set()
        self.clock, self.versions, self.owed = (lambda: self.now), {}, []
        self.limits, self.evidence = Limits(settle_deadline=10, settle_rounds=3, hold_probes=20, hold_seconds=1), Evidence(self.clock)
        self.testbed = SimpleNamespace(failed_controls=0)  # type: ignore[assignment]
        self.servers = [V1, V2, TCP_ONLY, NO_SERVICE]
        self._own_ports = {V1.key: {"8080/TCP": 8080}, V2.key: {"9000/TCP": 9000, "1024/TCP": 8080}, TCP_ONLY.key: {"9000/TCP": 9000}}

    def blame(self, error: NotReached, calls: Sequence[Call]) -> None:  # type: ignore[override]
        """The harness is healthy here."""
        raise error

    def observe(self, _testbed: object, _servers: object, volleys: Sequence[Volley]) -> list[Observation]:
        self.calls |= {(volley.call.source, volley.call.server, volley.call.port) for volley in volleys}
        return [Observation(volley=volley, probes=(self._probe(volley.call),) * volley.repeat) for volley in volleys]

    def _probe(self, call: Call) -> Probe:
        known = self.now >= self.known_at.get(call.server, 0.0)
        arrivals = (Arrival(nonce="n", pod=f"{call.server}-1", port=8080, protocol="HTTP/1.1"),) if known else ()
        return Probe(nonce="n", outcome="answer", status=200 if known else 503, echo=known, arrivals=arrivals, ms=1.0)


@pytest.fixture
def scene(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> NewServers:
    made = NewServers(request.param)

    def pass_time(seconds: float) -> None:
        made.now += seconds

    monkeypatch.setattr(expectations, "observe", made.observe)
    monkeypatch.setattr(expectations, "pause", pass_time)
    return made


@pytest.mark.parametrize("scene", [{}], indirect=True)
def test_every_source_reaches_every_server_on_its_own_port(scene: NewServers) -> None:
    """By the first port that leads to HTTP; what has no such port, or no Service of its own, is left out."""
    scene.open_to_all(V1, V2, TCP_ONLY, NO_SERVICE, sources=[A, C])

    assert scene.calls == {(source, server, port) for source in ("t1/a-1", "t1/c-1") for server, port in (("t1/v1", 8080), ("t1/v2", 1024))}


@pytest.mark.parametrize("scene", [{"t1/v2": 5.0}], indirect=True)
def test_a_server_that_is_not_known_yet_is_waited_for(scene: NewServers) -> None:
    """A split that is applied afterwards finds every server known."""
    scene.open_to_all(V1, V2, sources=[A])

    assert scene.now >= 5.0


@pytest.mark.parametrize("scene", [{"t1/v2": float("inf")}], indirect=True)
def test_a_server_that_is_never_reached_decides_nothing(scene: NewServers) -> None:
    """It is neither proof that a split keeps it out nor a failure of the split."""
    with pytest.raises(Inconclusive, match="v2"):
        scene.open_to_all(V1, V2, sources=[A])


@pytest.mark.parametrize("scene", [{"t1/v2": float("inf")}], indirect=True)
def test_granting_alone_sends_nothing(scene: NewServers) -> None:
    """Where requests are counted, the control would be counted too."""
    scene.grant_all(V1, V2, sources=[A])

    assert scene.calls == set()
