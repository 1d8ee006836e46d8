"""What a mesh is known to get wrong is left out of worlds, and nothing else."""

import random

from pytest_smi.explore.avoiding import without_known, written_out
from pytest_smi.explore.case import Case, Step, identity
from pytest_smi.explore.worlds import random_case
from pytest_smi.smi.model import TrafficTarget
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
        assert all(rule.matches for rule in rules)


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
