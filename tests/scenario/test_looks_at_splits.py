"""What rows of splits ask beside who is reached: warnings, requests that arrive twice, a split that moves, readings."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from pytest_smi.errors import HarnessError
from pytest_smi.scenario.verdict import NotReached, RequirementFailed
from pytest_smi.testbed.probing.observation import Observation, Outcome
from pytest_smi.testbed.probing.plan import ProbeBatch
from pytest_smi.testbed.workloads import Workload
from tests.scenario.scripted import Place, in_turn, lost
from tests.scenario.test_routing import ABOUT_SPLIT, CALL, SPLIT, V1, V2, TwoServers

LOST = Outcome.NOT_DELIVERED
V1_PLACE = ("v1-x", 8080)


class TestNoWarning:
    """A right split raises no Warning, seen when one that is due has been raised or is overdue."""

    @pytest.mark.parametrize("due", [True, False])
    def test_silence_passes(self, due: bool) -> None:
        """Be it a mesh that warns of the wrong split, or one that never warns."""
        made = TwoServers(in_turn(V1))
        wrong = replace(SPLIT, name="wrong")
        about = {"kind": "TrafficSplit", "name": "wrong" if due else "another"}
        made.testbed.objects.listed = [{"type": "Warning", "message": "v2 has no port", "involvedObject": about}]
        made.smi.no_warning(SPLIT, ["v1"], by=(wrong, "v2"))
        (told,) = made.events("a Warning that is due")
        assert told["told"].startswith("after" if due else "none")

    @pytest.mark.parametrize(("message", "fails"), [("backend v1 is odd", True), ("this kind is deprecated", False)])
    def test_only_what_names_a_backend_fails(self, message: str, fails: bool) -> None:
        """A Warning about something else is nothing that the row asks for."""
        made = TwoServers(in_turn(V1))
        made.testbed.objects.listed = [{"type": "Warning", "message": message, "involvedObject": ABOUT_SPLIT}]
        if not fails:
            made.smi.no_warning(SPLIT, ["v1"], by=(replace(SPLIT, name="wrong"), "v2"))
            return
        with pytest.raises(RequirementFailed, match="backend v1 is odd"):
            made.smi.no_warning(SPLIT, ["v1"], by=(replace(SPLIT, name="wrong"), "v2"))


class Mirroring(TwoServers):
    """Every fiftieth request arrives twice."""

    def observe(self, servers: Sequence[Workload], batches: Sequence[ProbeBatch]) -> list[Observation]:
        """Add the arrivals."""
        return [
            replace(
                seen,
                probes=tuple(
                    probe if number % 50 else replace(probe, arrivals=probe.arrivals * 2)
                    for number, probe in enumerate(seen.probes)
                ),
            )
            for seen in super().observe(servers, batches)
        ]


class TestOnce:
    """Each request arrives once."""

    def test_once_passes(self) -> None:
        """Whoever gets it."""
        TwoServers(in_turn(V1, V2)).smi.once(CALL)

    def test_some_that_arrive_twice_fail(self) -> None:
        """Also when they are few, and the reason shows one."""
        with pytest.raises(RequirementFailed, match=r"10 of 500 requests arrived more than once .*v1-x-0:8080, v1-x-0"):
            Mirroring(in_turn(V1)).smi.once(CALL)

    def test_losses_fail(self) -> None:
        """A request that arrives nowhere reaches no backend."""
        with pytest.raises(NotReached, match="were lost"):
            TwoServers(in_turn(V1, LOST)).smi.once(CALL)


class Hanging(TwoServers):
    """So many of a hundred requests have no end."""

    def __init__(self, hundredths: int) -> None:
        super().__init__(in_turn(V1))
        self.hundredths = hundredths

    def observe(self, servers: Sequence[Workload], batches: Sequence[ProbeBatch]) -> list[Observation]:
        """Take their arrivals away."""
        return [
            replace(
                seen,
                probes=tuple(
                    lost(probe.nonce) if number * 100 < self.hundredths * len(seen.probes) else probe
                    for number, probe in enumerate(seen.probes)
                ),
            )
            for seen in super().observe(servers, batches)
        ]


class TestEnds:
    """Each request ends, and arrives once at most."""

    @pytest.mark.parametrize("place", [V1, LOST])
    def test_answers_and_refusals_pass(self, place: Place | Outcome) -> None:
        """A refusal is an end."""
        TwoServers(in_turn(place)).smi.ends(CALL)

    @pytest.mark.parametrize(("hundredths", "fails"), [(40, False), (60, True)])
    def test_most_without_end_fail(self, hundredths: int, fails: bool) -> None:
        """A busy node loses some."""
        made = Hanging(hundredths)
        if not fails:
            made.smi.ends(CALL)
            return
        with pytest.raises(NotReached, match="24 of 40 requests had no end"):
            made.smi.ends(CALL)

    def test_storm_fails(self) -> None:
        """Whether or not each request has its answer."""
        with pytest.raises(RequirementFailed, match="arrived more than once"):
            Mirroring(in_turn(V1)).smi.ends(CALL)


class TestSplitThatMoves:
    """A split that is given another root."""

    def test_its_former_root_is_known_to_have_none(self) -> None:
        """So that the split is a state before the plain Service there."""
        made = TwoServers(in_turn(V1))
        for server in (made.v1, made.v2):
            made.smi.give_service(server)
        former, new = made.smi.service("former", [made.v1, made.v2]), made.smi.service("new", [made.v1, made.v2])
        client = made.smi.client("a")
        made.smi.apply(made.smi.split(former, {made.v1: 100}))
        made.smi.control_reaches(client.get(former), [made.v1])
        made.smi.apply(made.smi.split(new, {made.v1: 100}))
        made.script = in_turn(V1, V2)
        made.smi.each(client.get(former), [made.v1, made.v2])
        assert made.events("shares settled")[-1]["not_before"] == ["100.0% at v1-x:8080"]


class TestLandings:
    """Where requests go, for readings."""

    def test_few_count_for_nothing(self) -> None:
        """Two of forty may be lost or go astray."""
        made = TwoServers(in_turn(*[V1] * 19, LOST))
        assert made.smi.landings(CALL) == {V1_PLACE: 38}

    def test_lost_ones_are_told_by_a_healthy_harness(self) -> None:
        """And are no reading of a broken one."""
        made = TwoServers(in_turn(V1, LOST))
        assert made.smi.landings(CALL) == {V1_PLACE: 20, None: 20}
        made.testbed.broken = "the server is dead"
        with pytest.raises(HarnessError, match="the server is dead"):
            made.smi.landings(CALL)
