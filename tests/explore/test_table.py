"""The truth table: what the oracle expects of each cell, and what counts as a leak or a refusal."""

from collections import Counter
from dataclasses import replace
from fractions import Fraction

from pytest_smi.explore.case import Ask, Case, ServiceObject, Step, Thing, opening
from pytest_smi.explore.placing import manifest_of
from pytest_smi.explore.table import Expected, Fault, Seen, compared, expected, world_of
from pytest_smi.explore.told import cells, table_text
from pytest_smi.oracle import Call, Verdict
from pytest_smi.smi.model import Backend, HTTPMatch, HTTPRouteGroup, Rule, Subject, TrafficSplit, TrafficTarget
from tests.explore.simulated import VERSIONS, rendered

GET_X = Call(protocol="HTTP", method="GET", path="/x")
GROUP = HTTPRouteGroup(name="g1", namespace="t1", matches=(HTTPMatch(name="m1", path="/x", methods=("GET",)),))
TARGET = TrafficTarget(
    name="target-1",
    namespace="t1",
    destination=Subject(name="v1", namespace="t1"),
    rules=(Rule(kind="HTTPRouteGroup", name="g1"),),
    sources=(Subject(name="a", namespace="t1"),),
)
SPLIT = TrafficSplit(
    name="split",
    namespace="t1",
    service="root",
    backends=(Backend(service="v1", weight=90), Backend(service="v2", weight=10)),
)


def ask(client: str, service: str = "v1", port: int = 8080, call: Call = GET_X) -> Ask:
    return Ask(client=client, service=("t1", service), port=port, call=call)


def one(asked: Ask, *things: Thing, open_to_all: bool = False) -> Expected:
    """What is expected of one request in the world of these objects."""
    case = Case(steps=(Step(put=things),), asks=(asked,), open=open_to_all)
    (state,) = case.states()
    beside = opening(VERSIONS) if open_to_all else ()
    return expected(world_of(state, beside, rendered), state, case.asks, access=True)[asked]


def seen(sent: int, *places: tuple[str, int], delivered: int | None = None) -> Seen:
    return Seen(sent=sent, delivered=len(places) if delivered is None else delivered, arrivals=Counter(places))


def test_who_is_listed_may_arrive_and_nobody_else() -> None:
    assert one(ask("a"), GROUP, TARGET).verdict is Verdict.ALLOWED
    assert one(ask("a"), GROUP, TARGET).may == frozenset({("t1/v1", 8080)})
    assert {one(ask(name), GROUP, TARGET).verdict for name in ("b", "a of t2", "outside")} == {Verdict.DENIED}
    assert one(ask("a")).verdict is Verdict.DENIED


def test_a_target_without_a_destination_is_written_without_one_and_opens_nothing() -> None:
    target = replace(TARGET, destination=Subject(name="", namespace="t1"))
    assert set(manifest_of(target, rendered)["spec"]) == {"rules", "sources"}
    assert one(ask("a"), GROUP, target).verdict is Verdict.DENIED


def test_a_split_decides_the_shares_and_servers_behind_its_root_get_nothing_else() -> None:
    found = one(ask("a", "root"), SPLIT, open_to_all=True)
    assert found.weights == {"t1/v1": Fraction(9, 10), "t1/v2": Fraction(1, 10), "t1/v3": 0}
    assert found.may == frozenset({("t1/v1", 8080), ("t1/v2", 8080)})


def test_a_plain_service_over_several_servers_is_to_reach_each() -> None:
    found = one(ask("a", "root"), open_to_all=True)
    assert found.weights is None
    assert found.each == {"t1/v1", "t1/v2", "t1/v3"}


def test_through_a_split_only_backends_with_a_grant_are_reached() -> None:
    found = one(ask("a", "root"), GROUP, TARGET, SPLIT)
    assert (found.verdict, found.may) == (Verdict.OPEN, frozenset({("t1/v1", 8080)}))


def test_another_target_port_is_where_a_request_arrives() -> None:
    odd = ServiceObject(name="v1", over="v1", ports=(("8080/TCP", 8081),))
    assert one(ask("a", "root"), odd, SPLIT, open_to_all=True).may == frozenset({("t1/v1", 8081), ("t1/v2", 8080)})


def test_a_port_that_a_service_lacks_is_not_asked() -> None:
    case = Case(steps=(Step(),), asks=(ask("a", "root", 9000, Call(protocol="TCP")),))
    (state,) = case.states()
    assert expected(world_of(state, (), rendered), state, case.asks, access=True) == {}


def faults(wanted: Expected, got: Seen) -> list[Fault]:
    return [found.fault for found in compared({ask("a"): wanted}, {ask("a"): got})]


def test_leaks_refusals_and_what_is_neither() -> None:
    place = ("t1/v1", 8080)
    allowed, denied = one(ask("a"), GROUP, TARGET), one(ask("b"), GROUP, TARGET)
    assert faults(denied, seen(3, place)) == [Fault.LEAK]
    assert faults(denied, seen(3, place, delivered=0)) == [Fault.LEAK], "it arrived, whatever the client was told"
    assert faults(denied, seen(3)) == []
    assert faults(allowed, seen(3, place, place)) == [Fault.REFUSAL]
    assert faults(allowed, seen(3, place, place, place)) == []
    assert faults(allowed, seen(3, place, place, ("t1/v3", 8080))) == [Fault.LEAK]
    assert faults(allowed, Seen(sent=2, slow=1, delivered=1, arrivals=Counter([place, place]))) == [], "slow"


def test_what_is_open_agrees_with_everything() -> None:
    unbounded = Expected(verdict=Verdict.OPEN, may=None, questions=("AMB-26",))
    assert faults(unbounded, seen(3, ("t1/v3", 8080))) == faults(unbounded, seen(3)) == []


def test_the_table_shows_expected_and_actual_side_by_side() -> None:
    table = {asked: one(asked, GROUP, TARGET) for asked in (ask("a"), ask("b"))}
    got = {ask("a"): seen(3), ask("b"): seen(3, ("t1/v1", 8080))}
    assert table_text(cells(table, got, compared(table, got))).splitlines() == [
        "GET v1.t1:8080/x",
        "     expected  actual",
        "  a  allowed   0 of 3 arrived                REFUSAL",
        "  b  denied    1 of 3 arrived at t1/v1:8080  LEAK",
    ]


def test_texts_of_a_mesh_cannot_steer_a_terminal() -> None:
    asked = ask("a", call=Call(protocol="HTTP", method="GET", path="/\x1b[2J"))
    assert "\x1b" not in table_text(cells({asked: one(asked)}, {}, ()))
