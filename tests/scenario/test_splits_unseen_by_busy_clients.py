"""Proxies that decide at a client's first request whether a Service is split:
the suite leaves the root alone between two looks."""

from typing import Any

import pytest

from pytest_smi.core.limits import Limits
from pytest_smi.scenario.verdict import Inconclusive
from pytest_smi.testbed.probing.plan import Call
from tests.scenario.scripted import Place, Scripted

CALL = Call(source="t1/a", client="cli-a", server="t1/app", host="app", port=8080)
EVICTION = 5.0
"""Seconds after which the simulated proxy forgets a destination that is not used."""


class SlowToNotice(Scripted):
    """A client whose proxy keeps what it decided at first, until it is left alone for EVICTION seconds."""

    def __init__(self, *, idle_before: float, root: str = "app") -> None:
        super().__init__(self.arrive, limits=Limits(settle_deadline=60), idle_before=idle_before, latency=0.1)
        self.last, self.knows_split = -100.0, False
        self.split_reaches_the_proxy_at = 3.0
        self.v2_reaches_the_proxy_at = 0.0
        self.v1, self.v2 = self.smi.server("v1", service=False), self.smi.server("v2", service=False)
        meta = {"name": "split", "namespace": "t1"}
        self.smi.put(
            {
                "apiVersion": "split.smi-spec.io/v1alpha4",
                "kind": "TrafficSplit",
                "metadata": meta,
                "spec": {"service": root},
            }
        )

    def arrive(self, _call: Call, number: int, now: float) -> Place:
        """Arrive at v1 alone when the proxy knows the split, or does not know v2 yet, else at both in turn."""
        if now - self.last >= EVICTION:
            self.knows_split = now >= self.split_reaches_the_proxy_at
        self.last = now
        return ("v1-x-0" if self.knows_split or now < self.v2_reaches_the_proxy_at or number % 2 else "v2-x-0"), 8080


@pytest.fixture
def made(request: Any) -> SlowToNotice:
    return SlowToNotice(**request.param)


@pytest.mark.parametrize(
    "made",
    [{"idle_before": 10.0}, {"idle_before": 10.0, "root": "app.t1.svc"}, {"idle_before": 10.0, "root": "app-tcp"}],
    indirect=True,
)
def test_left_alone_the_split_shows(made: SlowToNotice) -> None:
    """With idleBefore the client changes over, and the evidence states the wait."""
    made.smi.control_reaches(CALL, [made.v1], least=1.0)

    assert made.clock.now < made.smi.limits.settle_deadline
    (settled,) = made.events("shares settled")
    assert settled["idle_between"] == 10.0


@pytest.mark.parametrize("made", [{"idle_before": 10.0}], indirect=True)
def test_a_server_that_is_not_known_yet_is_not_one_that_the_split_keeps_out(made: SlowToNotice) -> None:
    """While the proxy knows v1 alone everything goes there, split or no split: counting must not begin by that."""
    made.v2_reaches_the_proxy_at = 0.15

    counts = made.smi.only(CALL, [made.v1], trials=200)

    assert counts == {"v1-x": 200}
    assert made.knows_split


@pytest.mark.parametrize("made", [{"idle_before": 0.0}, {"idle_before": 10.0, "root": "other"}], indirect=True)
def test_busy_client_never_sees_it(made: SlowToNotice) -> None:
    """Without the wait, polling keeps the proxy from noticing: which is why the field exists."""
    with pytest.raises(Inconclusive):
        made.smi.control_reaches(CALL, [made.v1], least=1.0)


@pytest.mark.parametrize("made", [{"idle_before": 10.0}], indirect=True)
def test_mesh_without_the_split_costs_no_more_than_the_deadline(made: SlowToNotice) -> None:
    """The waits are bounded: the least number of rounds does not stretch the deadline."""
    made.split_reaches_the_proxy_at = float("inf")

    with pytest.raises(Inconclusive):
        made.smi.control_reaches(CALL, [made.v1], least=1.0)

    assert made.clock.now <= made.smi.limits.settle_deadline + 2 * made.smi.context.idle_before
