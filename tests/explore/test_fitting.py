"""The requirement beside a counterexample, where one fits."""

from collections import Counter
from dataclasses import replace

import pytest

from pytest_smi.explore.case import Case, ServiceObject, Step, Thing
from pytest_smi.explore.fitting import requirement_of
from pytest_smi.explore.table import Disagreement, Expected, Fault, Place, Seen
from pytest_smi.oracle import Call, Verdict
from pytest_smi.smi.model import HTTPRouteGroup, Rule, Subject, TCPRoute, TrafficSplit
from tests.explore.test_table import GROUP, SPLIT, TARGET, ask

V1, DENIED = ("t1/v1", 8080), Expected(verdict=Verdict.DENIED, may=frozenset())


FOREIGN = ("t2/v1", 8080)
RULE, ROUTE = TARGET.rules[0], TCPRoute(name="r1", namespace="t1", ports=(9090,))


def patterned(path: str) -> HTTPRouteGroup:
    return replace(GROUP, matches=(replace(GROUP.matches[0], path=path),))


def fits(
    client: str, *things: Thing, place: Place = V1, expected: Expected = DENIED, split: bool = False
) -> str | None:
    case = Case(steps=(Step(put=things),), asks=(ask(client, "root" if split else "v1"),), open=split)
    seen = Seen(sent=3, delivered=3, arrivals=Counter({place: 3}))
    return requirement_of(case, Disagreement(ask=case.asks[0], fault=Fault.LEAK, expected=expected, seen=seen))


@pytest.mark.parametrize(
    ("found", "requirement"),
    [
        (fits("a"), "TA-01"),
        (fits("outside", GROUP, TARGET), "TA-22"),
        (fits("b", GROUP, TARGET), "TA-06"),
        (fits("a of t2", GROUP, TARGET), "TA-27"),
        (fits("a", GROUP, TARGET), "TA-07"),
        (fits("a", TARGET), "TA-19"),
        (fits("a", GROUP), "TS-01"),
        (fits("b", GROUP, TARGET, place=("t2/v1", 8080)), "TA-28"),
        (fits("b", SPLIT), "TA-68"),
        (fits("b", GROUP, replace(TARGET, sources=())), "TA-58"),
        (fits("a", GROUP, replace(TARGET, rules=())), "TA-57"),
        (fits("a", replace(GROUP, matches=()), TARGET), "TS-46"),
        (fits("a", GROUP, replace(TARGET, rules=(replace(RULE, matches=()),))), "TA-73"),
        (fits("a", GROUP, replace(TARGET, rules=(RULE, Rule(kind="TCPRoute", name="r1"))), ROUTE), "TA-72"),
        (fits("a of t2", GROUP, replace(TARGET, sources=(Subject(name="a", namespace=""),))), "TA-75"),
        (fits("a", GROUP, replace(TARGET, destination=Subject(name="v1", namespace="")), place=FOREIGN), "TA-74"),
        (fits("a", GROUP, replace(TARGET, destination=Subject(name="", namespace="t1"))), "TA-59"),
        (fits("a", GROUP, TARGET, replace(SPLIT, matches=(GROUP.name,))), "TS-47"),
        (fits("a", ROUTE, replace(TARGET, rules=(Rule(kind="TCPRoute", name="r1"),))), "TA-48"),
        (fits("a", GROUP, replace(TARGET, sources=(Subject(name="a", namespace=""),))), "TA-07"),
        (fits("a", patterned("x"), TARGET), "TS-03"),
        (fits("a", patterned("/a|x"), TARGET), "TS-06"),
        (fits("a", patterned("/a|/b"), TARGET), "TA-07"),
        (fits("a", patterned("("), TARGET), "TS-13"),
        (fits("a", GROUP, replace(TARGET, port=9000)), "TA-45"),
        (fits("b", GROUP, replace(TARGET, port=8080)), "TA-06"),
        (
            fits(
                "a",
                SPLIT,
                split=True,
                expected=Expected(verdict=Verdict.ALLOWED, may=frozenset({("t1/v1", 8081)})),
            ),
            "SP-24",
        ),
    ],
)
def test_a_leak_belongs_to_the_requirement_that_it_breaks(found: str | None, requirement: str) -> None:
    assert found == requirement


def test_a_refusal_by_a_rule_that_names_no_routes_is_that_of_such_rules() -> None:
    """Elsewhere it is the plain grant that fails."""

    def of(rules: tuple[Rule, ...]) -> str | None:
        case = Case(steps=(Step(put=(GROUP, replace(TARGET, rules=rules))),), asks=(ask("a", "v1"),))
        wanted = Expected(verdict=Verdict.ALLOWED, may=frozenset({V1}))
        wrong = Disagreement(ask=case.asks[0], fault=Fault.REFUSAL, expected=wanted, seen=Seen(sent=3))
        return requirement_of(case, wrong)

    rule = Rule(kind="HTTPRouteGroup", name=GROUP.name)
    assert of((rule,)) == "TA-41"
    assert of((replace(rule, matches=(GROUP.matches[0].name,)),)) == "TA-05"


@pytest.mark.parametrize(("path", "requirement"), [("/x", "TA-77"), (None, "TA-77"), ("/other", "TA-09")])
def test_a_refusal_under_two_targets_is_that_of_overlapping_routes_where_they_overlap(
    path: str | None, requirement: str
) -> None:
    group = replace(GROUP, name="g2", matches=(replace(GROUP.matches[0], name="m2", path=path),))
    rules = (Rule(kind="HTTPRouteGroup", name="g2"),)
    second = replace(TARGET, name="target-2", rules=rules, sources=(Subject(name="b", namespace="t1"),))
    case = Case(steps=(Step(put=(GROUP, group, TARGET, second)),), asks=(ask("a"),))
    wanted = Expected(verdict=Verdict.ALLOWED, may=frozenset({V1}))
    wrong = Disagreement(ask=case.asks[0], fault=Fault.REFUSAL, expected=wanted, seen=Seen(sent=3))
    assert requirement_of(case, wrong) == requirement


@pytest.mark.parametrize(
    ("pattern", "requirement"),
    [("^/x$", "TS-07"), ("/x|/y", "TS-06"), ("/y|/z", "TA-41"), ("(", "TS-13"), ("/x", "TA-41")],
)
def test_a_refusal_is_that_of_a_pattern_only_if_it_matches_the_request(pattern: str, requirement: str) -> None:
    case = Case(steps=(Step(put=(patterned(pattern), TARGET)),), asks=(ask("a"),))
    wanted = Expected(verdict=Verdict.ALLOWED, may=frozenset({V1}))
    wrong = Disagreement(ask=case.asks[0], fault=Fault.REFUSAL, expected=wanted, seen=Seen(sent=3))
    assert requirement_of(case, wrong) == requirement


def test_a_request_that_arrives_twice_is_a_matter_of_splits() -> None:
    """One whose backend is the root of another, or any; without a split no requirement speaks of it."""
    chained = replace(SPLIT, name="other", service=SPLIT.backends[0].service)

    def of(*splits: TrafficSplit) -> str | None:
        case = Case(steps=(Step(put=splits),), asks=(ask("a", "root"),), open=True)
        return requirement_of(
            case, Disagreement(ask=case.asks[0], fault=Fault.TWICE, expected=DENIED, seen=Seen(sent=3))
        )

    assert (of(SPLIT), of(SPLIT, chained), of()) == ("SP-20", "SP-75", None)


@pytest.mark.parametrize(("protocol", "requirement"), [("TCP", "TA-49"), ("HTTP", None)])
def test_connections_that_are_refused_where_all_is_open(protocol: str, requirement: str | None) -> None:
    """What stands open grants raw TCP by a TCPRoute; that HTTP is refused there too no requirement speaks of."""
    case = Case(steps=(Step(),), asks=(ask("a", call=Call(protocol=protocol)),), open=True)
    wanted = Expected(verdict=Verdict.ALLOWED, may=frozenset({V1}))
    wrong = Disagreement(ask=case.asks[0], fault=Fault.REFUSAL, expected=wanted, seen=Seen(sent=3))
    assert requirement_of(case, wrong) == requirement


@pytest.mark.parametrize(
    ("path", "requirement"), [(".*", "TS-02"), ("/x.*", "TS-05"), ("/[xy]", "TS-05"), ("/x", "TA-05")]
)
def test_a_refusal_of_a_pattern_that_is_no_plain_path_is_that_of_patterns(path: str, requirement: str) -> None:
    rules = (replace(RULE, matches=(GROUP.matches[0].name,)),)
    case = Case(steps=(Step(put=(patterned(path), replace(TARGET, rules=rules))),), asks=(ask("a"),))
    wanted = Expected(verdict=Verdict.ALLOWED, may=frozenset({V1}))
    wrong = Disagreement(ask=case.asks[0], fault=Fault.REFUSAL, expected=wanted, seen=Seen(sent=3))
    assert requirement_of(case, wrong) == requirement


def test_shares_belong_to_the_split_of_the_root_that_was_asked() -> None:
    """A backend of weight 0 that gets something, what no segment takes, and a backend without the port."""
    other = replace(SPLIT, name="other", service="twin")
    idle = replace(SPLIT, backends=(SPLIT.backends[0], replace(SPLIT.backends[1], weight=0)))
    spread = Expected(verdict=Verdict.ALLOWED, may=None, each=frozenset({"t1/v1", "t1/v2"}))
    split = Expected(verdict=Verdict.ALLOWED, may=frozenset({V1}))
    portless = ServiceObject(name="v2", over="v2", ports=(("8081/TCP", 8081),))

    def of(fault: Fault, expected: Expected, *things: Thing, place: Place = ("t1/v2", 8080)) -> str | None:
        case = Case(steps=(Step(put=things),), asks=(ask("a", "root"),), open=True)
        seen = Seen(sent=3, delivered=3, arrivals=Counter({place: 3}))
        return requirement_of(case, Disagreement(ask=case.asks[0], fault=fault, expected=expected, seen=seen))

    assert of(Fault.SHARES, split, idle, other) == "SP-04"
    assert of(Fault.SHARES, split, SPLIT, other) == "SP-01"
    assert of(Fault.SHARES, spread, replace(SPLIT, matches=("g1",))) == "SP-38"
    assert of(Fault.SHARES, split, replace(SPLIT, matches=("g1",))) == "SP-40"
    assert of(Fault.REFUSAL, split, SPLIT, portless) == "SP-26"
    assert of(Fault.REFUSAL, split, SPLIT, replace(portless, ports=(("8080/TCP", 8080),)), place=V1) == "SP-01"
