"""Judging destinations, with scripted arrivals and a clock that only pauses move."""

from dataclasses import replace
from typing import Any

import pytest

from pytest_smi.core.limits import Limits
from pytest_smi.scenario.verdict import Inconclusive, NotReached, RequirementFailed, control
from pytest_smi.smi.model import TrafficSplit
from pytest_smi.testbed.probing.observation import Outcome
from pytest_smi.testbed.probing.plan import Call
from tests.scenario.scripted import Script, Scripted, after, in_turn

CALL = Call(source="t1/a", client="cli-a", server="t1/app", host="app", port=8080)
SPLIT = TrafficSplit(name="split", namespace="t1", service="app", backends=())
ABOUT_SPLIT = {"kind": "TrafficSplit", "name": "split"}
LIMITS = Limits(settle_deadline=2, settle_rounds=3, event_deadline=0.03, poll_interval=0.5)
LOST = Outcome.NOT_DELIVERED


class TwoServers(Scripted):
    """Servers v1 and v2 with one pod each; their Services have ports of their own when a test says so."""

    def __init__(self, script: Script) -> None:
        super().__init__(script, limits=LIMITS)
        self.v1, self.v2 = self.smi.server("v1", service=False), self.smi.server("v2", service=False)


V1, V2 = ("v1-x-0", 8080), ("v2-x-0", 8080)


class TestOnly:
    """All requests reach these workloads, each of them some, and nothing else."""

    def test_state_in_between_is_waited_out(self) -> None:
        """That one of them gets everything for a while is not yet the state that was asked for."""
        made = TwoServers(after(100, in_turn(V1), in_turn(V1, V2)))
        counts = made.smi.only(CALL, [made.v1, made.v2], trials=100)
        assert counts == {"v1-x": 50, "v2-x": 50}

    @pytest.mark.parametrize("script", [in_turn(V1), in_turn(V1, V2, ("v3-x-0", 8080))])
    def test_too_few_and_too_many_fail(self, script: Script) -> None:
        """One that stays without, and a stranger, are both told."""
        made = TwoServers(script)
        with pytest.raises(RequirementFailed, match="expected only v1-x, v2-x"):
            made.smi.only(CALL, [made.v1, made.v2], trials=100)


class TestShare:
    """The shares of a split."""

    def test_state_in_between_is_waited_out(self) -> None:
        """That the larger backend gets everything for a while is not taken for shares of 90 and 10."""
        made = TwoServers(after(300, in_turn(V1), in_turn(*[V1] * 9, V2)))
        made.smi.share(CALL, {made.v1: 90, made.v2: 10})
        assert made.sent > 300

    def test_backend_that_gets_nothing_fails(self) -> None:
        """When that state stays, it is the mesh's failure."""
        made = TwoServers(in_turn(V1))
        with pytest.raises(RequirementFailed, match=r"expected v1-x 90\.0%, v2-x 10\.0%"):
            made.smi.share(CALL, {made.v1: 90, made.v2: 10})


class TestEach:
    """Every workload gets something."""

    def test_spread_passes(self) -> None:
        """Both are reached, be it after a while."""
        made = TwoServers(after(100, in_turn(V1), in_turn(V1, V2)))
        counts = made.smi.each(CALL, [made.v1, made.v2])
        assert counts == {"v1-x": 250, "v2-x": 250}

    def test_one_alone_fails(self) -> None:
        """A workload that never gets a request is a failure."""
        made = TwoServers(in_turn(V1))
        with pytest.raises(RequirementFailed, match="expected some at each of v1-x, v2-x"):
            made.smi.each(CALL, [made.v1, made.v2])

    def test_losses_fail(self) -> None:
        """Requests that are lost after settling are a failure."""
        made = TwoServers(after(100, in_turn(V1, V2), in_turn(V1, V2, LOST)))
        with pytest.raises(NotReached, match="were lost"):
            made.smi.each(CALL, [made.v1, made.v2])

    def test_losses_on_the_direct_way_too_are_inconclusive(self) -> None:
        """What is lost without any split is not the split's doing."""
        made = TwoServers(in_turn(V1, V2, LOST))
        made.smi.give_service(made.v1)
        with pytest.raises(Inconclusive, match="which no split explains"):
            made.smi.each(CALL, [made.v1, made.v2])

    def test_what_policy_keeps_from_the_client_explains_no_losses(self) -> None:
        """The direct way is asked at the servers that the client has reached: nobody let it in at the others."""
        made = TwoServers(in_turn(LOST))
        made.smi.give_service(made.v1)
        made.smi.give_service(made.v2)
        client = made.smi.client()
        direct = client.get(made.v2)
        call = replace(direct, server="t1/app", host="app")
        made.script = lambda asked, *_: V2 if asked.server == direct.server else LOST
        made.smi.expect(control(direct), hold=False)
        made.script = lambda asked, number, _: V2 if asked.server == direct.server and number % 9 else LOST
        with pytest.raises(Inconclusive, match=r"v2-x.* loses requests as well.* of 100; nonce .* client saw reset"):
            made.smi.each(call, [made.v2])
        made.script = lambda asked, *_: V2 if asked.server == direct.server else LOST
        with pytest.raises(NotReached, match="found none anywhere"):
            made.smi.each(call, [made.v2])

    def test_a_direct_way_that_the_mesh_has_closed_loses_nothing(self) -> None:
        """Each request is turned away there; now and then is what a busy node does, too."""
        made = TwoServers(in_turn(LOST))
        made.smi.give_service(made.v1)
        with pytest.raises(NotReached, match="found none anywhere"):
            made.smi.each(CALL, [made.v1])
        made.script = lambda call, number, _: V1 if call.server != CALL.server and number % 9 else LOST
        with pytest.raises(Inconclusive, match="which no split explains"):
            made.smi.each(CALL, [made.v1])

    def test_a_direct_way_to_a_pod_that_is_down_is_not_the_meshs_doing(self) -> None:
        """A proxy turns requests away for a server that is not Ready, too."""
        made = TwoServers(in_turn(LOST))
        made.smi.give_service(made.v1)
        made.testbed.unready = made.v1.key
        with pytest.raises(Inconclusive, match=r"not healthy: 0 of 1 pod\(s\) of t1/v1-x are Ready"):
            made.smi.each(CALL, [made.v1])

    def test_losses_of_a_direct_call_fail(self) -> None:
        """When the direct way itself is judged, its losses are the mesh's."""
        made = TwoServers(in_turn(V1, LOST))
        made.smi.give_service(made.v1)
        with pytest.raises(NotReached):
            made.smi.each(made.smi.client().get(made.v1), [made.v1])


class TestPorts:
    """Arrivals on listening ports."""

    def test_right_ports_pass(self) -> None:
        """Each workload on its own port."""
        made = TwoServers(in_turn(("v1-x-0", 8080), ("v2-x-0", 8081)))
        made.smi.on_ports(CALL, {made.v1: 8080, made.v2: 8081})

    def test_wrong_port_fails(self) -> None:
        """One arrival on another port is enough."""
        made = TwoServers(after(150, in_turn(("v1-x-0", 8080), ("v2-x-0", 8081)), in_turn(V1, V2)))
        with pytest.raises(RequirementFailed, match="v2-x:8080"):
            made.smi.on_ports(CALL, {made.v1: 8080, made.v2: 8081})


class TestPower:
    """Controls that a cluster without a mesh does not meet."""

    @pytest.mark.parametrize("script", [in_turn(V1), in_turn(*[V1] * 9, V2)])
    def test_a_split_is_seen(self, script: Script) -> None:
        """Nine tenths at the backend are enough."""
        made = TwoServers(script)
        made.smi.control_reaches(CALL, [made.v1])

    def test_even_spread_is_inconclusive(self) -> None:
        """A plain Service is never a failure of the requirement at hand."""
        made = TwoServers(in_turn(V1, V2))
        with pytest.raises(Inconclusive, match="not in effect"):
            made.smi.control_reaches(CALL, [made.v1])
        with pytest.raises(Inconclusive, match="all on port 8081"):
            made.smi.control_port(CALL, 8081)
        assert made.testbed.failed_controls == 2

    def test_patience_is_cut_after_two(self) -> None:
        """The third control that cannot hold takes a quarter of the time."""
        made = TwoServers(in_turn(V1, V2))
        waits = []
        for _ in range(3):
            started = made.clock.now
            with pytest.raises(Inconclusive):
                made.smi.control_reaches(CALL, [made.v1])
            waits.append(made.clock.now - started)
        assert waits[2] < waits[0] / 2


def test_mostly_is_a_claim() -> None:
    """The same looseness as a requirement: failing it fails the mesh."""
    made = TwoServers(in_turn(V1, V2))
    with pytest.raises(RequirementFailed):
        made.smi.mostly(CALL, [made.v2])


def test_rarely_has_a_bound() -> None:
    """A twentieth passes, a half does not."""
    rare = TwoServers(in_turn(*[V1] * 19, V2))
    rare.smi.rarely(CALL, rare.v2)
    often = TwoServers(in_turn(V1, V2))
    with pytest.raises(RequirementFailed, match="v2-x got 50 of 100"):
        often.smi.rarely(CALL, often.v2)


def test_load_is_reported_not_judged() -> None:
    """Losses under constant load stand in the evidence."""
    made = TwoServers(in_turn(V1, LOST))
    with made.smi.load(CALL):
        pass
    event = made.smi.evidence.document()["timeline"][-1]
    assert event["event"] == "constant load"
    assert event["lost"] * 2 == event["sent"]


class TestWarning:
    """Events on a split."""

    def test_warning_that_names_the_backend(self) -> None:
        """Type and mention are what counts."""
        made = TwoServers(in_turn(V1))
        made.testbed.objects.listed = [
            {"involvedObject": ABOUT_SPLIT, "type": "Warning", "message": "backend v1 has no port 8080"}
        ]
        made.smi.await_warning(SPLIT, "v1")

    @pytest.mark.parametrize("event", [{"type": "Normal", "message": "v1"}, {"type": "Warning", "message": "v2"}])
    def test_other_events_do_not_count(self, event: dict[str, Any]) -> None:
        """The failure tells the events that there were."""
        made = TwoServers(in_turn(V1))
        made.testbed.objects.listed = [{"involvedObject": ABOUT_SPLIT, **event}]
        with pytest.raises(RequirementFailed, match=f"its events are: {event['type']}: {event['message']}"):
            made.smi.await_warning(SPLIT, "v1")
