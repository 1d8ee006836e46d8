"""What a mesh is known to get wrong is left out of worlds, and nothing else."""

import random
from dataclasses import replace

import pytest

from pytest_smi.explore.avoiding import without_known, written_out
from pytest_smi.explore.case import Case, Step, Thing, identity
from pytest_smi.explore.worlds import random_case
from pytest_smi.smi.model import HTTPRouteGroup, Subject, TrafficTarget
from tests.explore.simulated import BOUNDS
from tests.explore.test_table import GROUP, TARGET, ask


def test_every_rule_names_routes_that_its_group_has() -> None:
    for number in range(20):
        case = written_out(random_case(random.Random(number), BOUNDS, "access"))
        there = {identity(one) for one in case.things}
        targets = [one for one in case.things if isinstance(one, TrafficTarget)]
        rules = [
            rule
            for one in targets
            for rule in one.rules
            if rule.kind == "HTTPRouteGroup" and (rule.kind, one.namespace, rule.name) in there
        ]
        assert all(rule.matches is not None for rule in rules)


def test_a_target_before_its_group_is_written_out_too() -> None:
    case = written_out(Case(steps=(Step(put=(TARGET,)), Step(put=(GROUP,))), asks=(ask("a", "v1"),)))
    (target,) = case.steps[0].put
    assert isinstance(target, TrafficTarget)
    assert target.rules[0].matches == tuple(match.name for match in GROUP.matches)


def test_requests_of_tcp_are_left_out_only_where_they_are_known_to_leak() -> None:
    case = random_case(random.Random(1), BOUNDS, "access")
    assert "TCP" in {one.call.protocol for one in case.asks}
    assert "TCP" not in {one.call.protocol for one in without_known(case, ["TA-55"]).asks}
    assert without_known(case, ["TA-07", "SP-01"]) == case


def test_clients_outside_the_mesh_are_left_out_where_they_are_known_to_get_through() -> None:
    case = Case(steps=(Step(),), asks=(ask("a", "v1"), ask("outside", "v1")))
    assert [one.client for one in without_known(case, ["TA-22"]).asks] == ["a"]
    alone = Case(steps=(Step(),), asks=(ask("outside", "v1"),))
    assert without_known(alone, ["TA-22"]) == alone


def test_ports_of_destinations_are_left_out_where_they_are_known_to_be_ignored() -> None:
    case = Case(steps=(Step(put=(GROUP, replace(TARGET, port=8080))),), asks=(ask("a"),))
    assert without_known(case, ["TA-45"]).things == (GROUP, TARGET)
    assert without_known(case, ["TA-47"]) == case


@pytest.mark.parametrize(
    ("requirement", "pattern", "left"),
    [("TS-06", "/a|/b", "/a"), ("TS-07", "^/x$", "/x"), ("TS-13", "(", "/x"), ("TS-13", "/v[12]/(cat|dog)", None)],
)
def test_patterns_that_are_known_to_be_misread_are_written_otherwise(
    requirement: str, pattern: str, left: str | None
) -> None:
    group = replace(GROUP, matches=(replace(GROUP.matches[0], path=pattern),))
    case = Case(steps=(Step(put=(group,)),), asks=(ask("a"),))
    (found,) = without_known(case, [requirement]).things
    assert isinstance(found, HTTPRouteGroup)
    assert found.matches[0].path == (pattern if left is None else left)


@pytest.mark.parametrize(
    ("requirement", "thing"),
    [
        ("TA-57", replace(TARGET, rules=())),
        ("TA-58", replace(TARGET, sources=())),
        ("TA-59", replace(TARGET, destination=Subject(name="", namespace="t1"))),
        ("TS-46", replace(GROUP, name="g2", matches=())),
    ],
)
def test_objects_that_lack_what_is_known_to_open_everything_are_left_out(requirement: str, thing: Thing) -> None:
    case = Case(steps=(Step(put=(GROUP, thing)),), asks=(ask("a"),))
    assert without_known(case, [requirement]).things == (GROUP,)


@pytest.mark.parametrize("requirement", ["TA-74", "TA-75"])
def test_subjects_get_the_namespace_of_their_target_where_none_is_known_to_be_misread(requirement: str) -> None:
    nowhere = Subject(name="v1", namespace="")
    target = replace(TARGET, destination=nowhere, sources=(nowhere, *TARGET.sources))
    (found,) = without_known(Case(steps=(Step(put=(target,)),), asks=(ask("a"),)), [requirement]).things
    assert isinstance(found, TrafficTarget)
    assert {one.namespace for one in (found.destination, *found.sources)} == {"t1"}
