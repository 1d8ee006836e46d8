"""The search as a whole on simulated meshes: right ones pass, wrong ones are found and made small, and it ends."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from pytest_smi.errors import ClusterError
from pytest_smi.explore.budget import Budget, read_budget
from pytest_smi.explore.case import Ask, Thing
from pytest_smi.explore.search import Search
from pytest_smi.explore.table import Seen
from pytest_smi.matrix.exploration import Exploration
from pytest_smi.smi.model import HTTPRouteGroup, TCPRoute, TrafficSplit, TrafficTarget
from tests.explore.simulated import BOUNDS, SimulatedStage, manifests, player_on


def search(stage: SimulatedStage, budget: str = "24", *, seed: int = 1, **others: Any) -> Search:
    return Search(
        stage,
        player_on(stage),
        BOUNDS,
        manifests=manifests,
        seed=seed,
        budget=read_budget(budget),
        clock=stage.clock,
        **others,
    )


@pytest.mark.parametrize("seed", [1, 2])
def test_a_right_mesh_has_no_counterexample(seed: int) -> None:
    found = search(SimulatedStage(), "20", seed=seed).run()
    assert found.counterexamples == ()
    assert (found.worlds, found.stopped, found.unsettled) == (20, "count", 0)
    assert found.states > 20
    assert found.requests > 1000


def methods_ignored(one: Thing) -> Thing:
    if not isinstance(one, HTTPRouteGroup):
        return one
    return replace(one, matches=tuple(replace(match, methods=("*",)) for match in one.matches))


def first_source_only(one: Thing) -> Thing:
    return replace(one, sources=one.sources[:1]) if isinstance(one, TrafficTarget) else one


def ports_ignored(one: Thing) -> Thing:
    return replace(one, ports=()) if isinstance(one, TCPRoute) else one


def weights_ignored(one: Thing) -> Thing:
    if not isinstance(one, TrafficSplit):
        return one
    return replace(one, backends=tuple(replace(each, weight=min(each.weight, 1)) for each in one.backends))


def splits_unseen(one: Thing) -> Thing | None:
    return None if isinstance(one, TrafficSplit) else one


@pytest.mark.parametrize("misread", [methods_ignored, first_source_only, ports_ignored, weights_ignored, splits_unseen])
def test_a_wrong_mesh_is_found_and_the_counterexample_is_small(misread: Callable[[Thing], Thing | None]) -> None:
    found = search(SimulatedStage(misread)).run()
    assert found.counterexamples, misread
    for one in found.counterexamples:
        kinds = [item["kind"] for step in one.steps for item in step.put]
        assert kinds.count("TrafficTarget") + kinds.count("TrafficSplit") == 1, one
        assert (one.shrunk, one.repeated) == (True, True)
        assert [cell.mark for cell in one.table if cell.mark], one.table


def test_what_stays_after_it_was_deleted_is_found_and_the_mesh_is_set_up_anew() -> None:
    stage = SimulatedStage(remembers=True)
    found = search(stage, "10").run()
    assert stage.freshened
    deleted = [one for one in found.counterexamples if any(step.drop for step in one.steps)]
    assert deleted
    assert deleted[0].requirement in ("TA-15", "TA-19", "SP-14")


def test_the_record_says_what_was_refused_and_what_was_left_out() -> None:
    stage = SimulatedStage()
    stage.refused = {"TrafficTarget refused by its definition": 2}
    found = search(stage, "1", notes=("splits were left out",)).run()
    assert found.notes == ("splits were left out", "taken as never sent: 2 TrafficTarget refused by its definition")


class OpenToOutsiders(SimulatedStage):
    """A mesh that lets everybody in from outside, whatever is stored."""

    def look(self, asks: Sequence[Ask], times: int, *, reuse: bool = False) -> Mapping[Ask, Seen]:
        found = super().look(asks, times, reuse=reuse)
        let_in = Seen(sent=times, delivered=times, arrivals=Counter({("t1/v1", 8080): times}))
        return {ask: let_in if ask.client == "outside" else seen for ask, seen in found.items()}


def test_what_needs_no_object_is_found_without_setting_up_anew() -> None:
    """Nothing is there that the mesh could have to forget, and it costs minutes on a real one."""
    stage = OpenToOutsiders()
    found = search(stage, "1").run()
    (one,) = found.counterexamples
    assert (one.requirement, one.shrunk, one.repeated) == ("TA-22", True, True)
    assert not any(step.put for step in one.steps)
    assert stage.freshened == 0


def test_the_same_mistake_is_told_once() -> None:
    found = search(SimulatedStage(splits_unseen), "30").run()
    shapes = [(one.fault, one.requirement, len(one.steps)) for one in found.counterexamples]
    assert sum(one.found_again for one in found.counterexamples) > 0
    assert len(found.counterexamples) <= 8, shapes


def unnamed_refused_and_methods_ignored(one: Thing) -> Thing:
    if isinstance(one, TrafficTarget):
        return replace(one, rules=tuple(rule for rule in one.rules if rule.matches is not None))
    return methods_ignored(one)


def test_what_is_known_does_not_hide_what_lies_behind_it() -> None:
    """Almost every world has a rule that names no routes; once that is known to fail, worlds do without."""
    found = search(SimulatedStage(unnamed_refused_and_methods_ignored)).run()
    faults = [(one.requirement, one.fault) for one in found.counterexamples]
    assert ("TA-41", "refusal") in faults
    assert {fault for requirement, fault in faults if requirement != "TA-41"} >= {"leak"}
    assert sum(one.found_again for one in found.counterexamples if one.requirement == "TA-41") <= 1


def test_a_declared_gap_is_counted_and_not_reported() -> None:
    found = search(SimulatedStage(first_source_only)).run()
    ids = {one.requirement for one in found.counterexamples}
    again = search(SimulatedStage(first_source_only), gap=lambda name: "known" if name in ids else None).run()
    assert again.counterexamples == ()
    assert set(again.declared) == ids


def test_it_stops_at_its_time() -> None:
    stage = SimulatedStage()
    found = search(stage, "10s").run()
    assert (found.stopped, found.seconds < 12) == ("time", True)


def test_an_interrupt_ends_it_with_what_it_has_and_goes_on() -> None:
    stage, kept = SimulatedStage(splits_unseen), list[Exploration]()

    def interrupted(requests: int) -> None:
        if kept and kept[-1].counterexamples:
            raise KeyboardInterrupt

    stage.at_request = interrupted
    with pytest.raises(KeyboardInterrupt):
        search(stage, progress=kept.append).run()
    assert kept[-1].stopped == "interrupted"
    assert len(kept[-1].counterexamples) == 1


def test_a_broken_cluster_ends_it_with_what_it_has() -> None:
    stage = SimulatedStage()

    def broken(requests: int) -> None:
        if requests > 20_000:
            raise ClusterError("the API server is gone")

    stage.at_request = broken
    found = search(stage).run()
    assert found.stopped == "the API server is gone"
    assert found.worlds > 1


def test_a_mesh_that_claims_nothing_is_not_searched() -> None:
    stage = SimulatedStage()
    nothing = Search(
        stage,
        player_on(stage),
        replace(BOUNDS, versions={}, splits=False),
        manifests=manifests,
        seed=1,
        budget=Budget(text="5", worlds=5),
        clock=stage.clock,
    )
    assert nothing.run().stopped.startswith("nothing to explore")


@pytest.mark.parametrize(
    ("text", "seconds", "worlds"), [("90s", 90, None), ("5m", 300, None), ("1.5h", 5400, None), ("12", None, 12)]
)
def test_budgets(text: str, seconds: float | None, worlds: int | None) -> None:
    assert read_budget(text) == Budget(text=text, seconds=seconds, worlds=worlds)


@pytest.mark.parametrize("text", ["", "0", "0s", "-1", "5d", "m", "1e3", "٣", "5 m"])
def test_what_is_no_budget(text: str) -> None:
    with pytest.raises(ValueError, match="90s, 5m or 1h"):
        read_budget(text)
