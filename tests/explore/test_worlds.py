"""Random worlds: repeatable by seed, within what versions can say, mostly decided by the specification."""

import random
from collections import Counter

import pytest

from pytest_smi.explore.bounds import Bounds
from pytest_smi.explore.case import ServiceObject, opening, with_cleaning
from pytest_smi.explore.table import expected, world_of
from pytest_smi.explore.worlds import empty_case, kinds_of, random_case
from pytest_smi.smi.model import HTTPRouteGroup, SmiObject, TrafficSplit, TrafficTarget
from pytest_smi.smi.ports import without_ports
from pytest_smi.smi.render import render
from pytest_smi.smi.versions import NotExpressible
from tests.explore.simulated import BOUNDS, VERSIONS, rendered


def test_a_seed_always_gives_the_same_world() -> None:
    for kind in kinds_of(BOUNDS):
        assert random_case(random.Random("7:3"), BOUNDS, kind) == random_case(random.Random("7:3"), BOUNDS, kind)
    assert random_case(random.Random("7:3"), BOUNDS, "access") != random_case(random.Random("7:4"), BOUNDS, "access")


@pytest.mark.parametrize("access", ["v1alpha1", "v1alpha2", "v1alpha3"])
def test_worlds_say_only_what_the_versions_have_words_for(access: str) -> None:
    versions = {"access": access, "specs": {"v1alpha1": "v1alpha2", "v1alpha2": "v1alpha3"}.get(access, "v1alpha4")}
    versions["split"] = {"v1alpha1": "v1alpha1", "v1alpha2": "v1alpha2"}.get(access, "v1alpha4")

    def says(record: SmiObject) -> bool:
        try:
            return bool(render(without_ports(record, versions), versions))
        except NotExpressible:
            return False

    bounds = Bounds(versions=versions, features=frozenset({"tcp", "udp"}), says=says)
    for number in range(12):
        for kind in kinds_of(bounds):
            case = random_case(random.Random(number), bounds, kind)
            assert all(says(one) for one in case.things if not isinstance(one, ServiceObject)), case


@pytest.mark.parametrize("kind", ["access", "split", "both"])
def test_most_answers_are_decided_and_many_requests_arrive(kind: str) -> None:
    verdicts: Counter[str] = Counter()
    for number in range(15):
        case = random_case(random.Random(number), BOUNDS, kind)
        beside = opening(VERSIONS) if case.open else ()
        for state in case.states():
            table = expected(world_of(state, beside, rendered), state, case.asks, access=True)
            verdicts.update(str(one.verdict) for one in table.values())
    assert verdicts["open"] < 0.1 * verdicts.total(), verdicts
    assert verdicts["allowed"] > 0.03 * verdicts.total(), verdicts


def test_some_splits_meet_at_a_root_and_some_segments_have_a_path() -> None:
    """Neither is left out for being half open: a request must not arrive twice, and one that meets all is selected."""
    chained = paths = 0
    for number in range(60):
        things = random_case(random.Random(number), BOUNDS, "split").things
        splits = [one for one in things if isinstance(one, TrafficSplit)]
        roots = {(one.namespace, one.service) for one in splits}
        chained += any((one.namespace, backend.service) in roots for one in splits for backend in one.backends)
        paths += any(match.path for one in things if isinstance(one, HTTPRouteGroup) for match in one.matches)
    assert 2 <= chained <= 15
    assert 2 <= paths <= 40


def test_a_mesh_without_access_gets_splits_alone_and_one_without_both_nothing() -> None:
    assert kinds_of(Bounds(versions={"split": "v1alpha4"}, features=frozenset(), says=lambda _: True)) == ("split",)
    nothing = Bounds(versions={}, features=frozenset(), says=lambda _: True, splits=False)
    assert kinds_of(nothing) == ()


def test_features_that_a_mesh_lacks_are_not_asked_for() -> None:
    plain = Bounds(versions=VERSIONS, features=frozenset(), says=lambda _: True)
    for number in range(20):
        case = random_case(random.Random(number), plain, "access")
        assert {ask.call.protocol for ask in case.asks} == {"HTTP"}
        assert {ask.version for ask in case.asks} == {"1.1"}


def test_every_case_ends_by_taking_away_what_is_in_effect() -> None:
    case = with_cleaning(random_case(random.Random(5), BOUNDS, "access"))
    *_, last = case.states()
    assert not [one for one in last.values() if isinstance(one, TrafficTarget | TrafficSplit)]
    assert with_cleaning(empty_case(BOUNDS)) == empty_case(BOUNDS)


@pytest.mark.parametrize("specs", ["v1alpha1", "v1alpha4"])
def test_what_stands_open_names_its_matches(specs: str) -> None:
    """Some meshes grant nothing by a rule without `matches` (TA-41): a split would have no request to divide there."""
    things = opening({**VERSIONS, "specs": specs})
    names = {
        (one.namespace, one.name): tuple(match.name for match in one.matches)
        for one in things
        if isinstance(one, HTTPRouteGroup)
    }
    named = [
        (rule.matches, names[one.namespace, rule.name])
        for one in things
        if isinstance(one, TrafficTarget)
        for rule in one.rules
        if rule.kind == "HTTPRouteGroup"
    ]
    assert named
    assert all(found == wanted for found, wanted in named)
