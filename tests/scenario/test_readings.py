"""Readings of what the specification leaves open: what is let in, what stops a mesh, what may not even be stored."""

import pytest

from pytest_smi.cluster.connection import Answer
from pytest_smi.cluster.wait import DeadlinePassed
from pytest_smi.scenario.policies import match
from pytest_smi.scenario.refusals import Refusal
from pytest_smi.scenario.verdict import Inconclusive
from pytest_smi.testbed.probing.observation import Outcome
from pytest_smi.testbed.probing.plan import Call
from tests.scenario.scripted import Place, in_turn
from tests.scenario.test_routing import CALL, SPLIT, V1, TwoServers

LOST = Outcome.NOT_DELIVERED


class TestLetIn:
    """Whether calls get through."""

    @pytest.mark.parametrize(
        ("turns", "expected"), [([V1], True), ([LOST], False), ([*[V1] * 9, LOST], True), ([*[LOST] * 9, V1], False)]
    )
    def test_one_in_ten_may_go_astray(self, turns: list[Place | Outcome], expected: bool) -> None:
        """A busy node loses a request, and a proxy may keep a connection a moment longer."""
        assert TwoServers(in_turn(*turns)).smi.let_in(CALL) == [expected]

    def test_half_of_them_is_no_reading(self) -> None:
        """A mesh that cannot decide is not told to let in, nor to deny."""
        with pytest.raises(Inconclusive, match="50% of the requests were let in"):
            TwoServers(in_turn(V1, LOST)).smi.let_in(CALL)


class Stoppable(TwoServers):
    """A mesh that takes note of no grant while the split stands; `down`: its servers are, too."""

    def __init__(self, *, stops: bool = True, down: bool = False) -> None:
        super().__init__(self._place)
        self.stops, self.down = stops, down

    def _place(self, _call: Call, _number: int, _now: float) -> Place | Outcome:
        kinds = {kind for kind, _, _ in self.testbed.objects.applied}
        granted = "TrafficTarget" in kinds and not (self.stops and "TrafficSplit" in kinds)
        return V1 if granted and not self.down else LOST

    def stopped(self) -> bool:
        """Whether the split stops a grant that is made after it."""
        self.smi.apply(SPLIT)
        return self.smi.stopped(lambda: self.smi.control_later_grant(self.smi.client("a"), self.v1), SPLIT)


class TestStopped:
    """Whether objects stop what is made later."""

    def test_a_mesh_that_goes_on_is_not_stopped(self) -> None:
        """And the object stays, to be looked at."""
        made = Stoppable(stops=False)
        assert not made.stopped()
        assert made.testbed.objects.of_kind("TrafficSplit")

    def test_what_works_without_the_object_was_stopped_by_it(self) -> None:
        """The control that was lost on the way costs later ones no patience."""
        made = Stoppable()
        assert made.stopped()
        assert made.testbed.failed_controls == 0
        assert not made.testbed.objects.of_kind("TrafficSplit")

    @pytest.mark.parametrize(("stops", "looked"), [(True, [True]), (False, [])])
    def test_what_is_required_meanwhile_is_looked_at_while_it_stands(self, stops: bool, looked: list[bool]) -> None:
        """And only where nothing takes effect."""
        made, found = Stoppable(stops=stops), list[bool]()

        def meanwhile() -> None:
            found.append(bool(made.testbed.objects.of_kind("TrafficSplit")))

        made.smi.apply(SPLIT)
        made.smi.stopped(
            lambda: made.smi.control_later_grant(made.smi.client("a"), made.v1), SPLIT, meanwhile=meanwhile
        )
        assert found == looked

    def test_servers_that_are_down_are_no_reading(self) -> None:
        """What does not work without the object either was not stopped by it."""
        with pytest.raises(Inconclusive):
            Stoppable(down=True).stopped()

    def test_a_name_that_does_not_resolve_while_it_stands_is_no_effect_either(self) -> None:
        """Some meshes serve the names of Services by their own DNS, which stops with the rest; a plain object that was
        made for the scene goes with the others."""
        made, beside = Stoppable(), {"kind": "Service", "metadata": {"name": "beside", "namespace": "t1"}}
        made.smi.put(beside)
        made.smi.apply(SPLIT)

        def later() -> None:
            if made.testbed.objects.of_kind("TrafficSplit"):
                raise DeadlinePassed("the name does not resolve")
            made.smi.control_later_grant(made.smi.client("a"), made.v1)

        assert made.smi.stopped(later, SPLIT, beside)
        assert not made.testbed.objects.of_kind("TrafficSplit")
        assert "beside" not in {name for _, _, name in made.testbed.objects.applied}

    def test_a_name_that_never_resolves_is_no_reading(self) -> None:
        """The cluster's DNS may be down."""
        made = Stoppable()
        made.smi.apply(SPLIT)

        def later() -> None:
            raise DeadlinePassed("the name does not resolve")

        with pytest.raises(DeadlinePassed):
            made.smi.stopped(later, SPLIT)


class TestUnlessRefused:
    """Objects that may be refused."""

    def refusing(self, monkeypatch: pytest.MonkeyPatch, answer: Answer) -> TwoServers:
        """A cluster that answers a dry run so."""
        made = TwoServers(in_turn(V1))
        monkeypatch.setattr(made.testbed.objects, "dry_run", lambda _: answer)
        return made

    def test_what_is_stored_is_applied_with_the_others(self) -> None:
        """In this order."""
        made = TwoServers(in_turn(V1))
        group = made.smi.routes("routes", match("m", "/m"))
        assert made.smi.apply_unless_refused(group, SPLIT) is None
        assert [kind for kind, _, _ in made.testbed.objects.applied][-2:] == ["HTTPRouteGroup", "TrafficSplit"]

    def test_what_is_refused_is_not(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Neither it nor the others, and who refused it is told."""
        made = self.refusing(monkeypatch, Answer(status=422, body={"message": "spec.matches: Required value"}))
        group = made.smi.routes("routes")
        assert made.smi.apply_unless_refused(group, SPLIT) is Refusal.DEFINITION
        assert not made.testbed.objects.of_kind("TrafficSplit")

    def test_a_missing_permission_says_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is no refusal of the object."""
        made = self.refusing(monkeypatch, Answer(status=403, body={"message": "forbidden"}))
        with pytest.raises(Inconclusive, match="403"):
            made.smi.apply_unless_refused(made.smi.routes("routes"))
