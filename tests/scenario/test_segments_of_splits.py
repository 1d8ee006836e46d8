"""SP-38 and SP-39 are decided on a mesh whose roots select every backend as on one whose roots do not."""

import random
from collections.abc import Callable

import pytest

from conformance import test_traffic_split_segments as segments
from pytest_smi.scenario.scenario import Inconclusive, RequirementFailed, Scenario
from pytest_smi.testbed.probing.observation import Outcome
from pytest_smi.testbed.probing.plan import Call
from tests.scenario.scripted import Place, Scripted

Mesh = Callable[[bool, list[str], list[str], random.Random], Place | Outcome]
"""From whether a request matches, the backends and the pods behind the root, to where it goes."""
SP_38, SP_39 = segments.test_other_requests_go_to_the_root, segments.test_root_means_its_ordinary_endpoints


def right(matches: bool, backends: list[str], behind: list[str], dice: random.Random) -> Place:
    """By the backends' Services, which lead to 8081, or by the root, which leads to 8080."""
    return (dice.choice(backends), 8081) if matches else (dice.choice(behind), 8080)


def deaf(_matches: bool, _backends: list[str], behind: list[str], dice: random.Random) -> Place:
    """Knows of no split."""
    return dice.choice(behind), 8080


def greedy(_matches: bool, backends: list[str], _behind: list[str], dice: random.Random) -> Place:
    """Splits what does not match as well."""
    return dice.choice(backends), 8081


def lossy(matches: bool, backends: list[str], behind: list[str], dice: random.Random) -> Place | Outcome:
    """Fails what does not match."""
    return (dice.choice(backends), 8081) if matches else Outcome.NOT_DELIVERED


def lazy(matches: bool, backends: list[str], behind: list[str], dice: random.Random) -> Place:
    """Takes the first endpoint for all of the root."""
    return (dice.choice(backends), 8081) if matches else (behind[0], 8080)


def play(row: Callable[[Scenario], None], mesh: Mesh, *, selects: bool) -> None:
    """Play a row on a scripted mesh that follows every split within three seconds."""
    dice = random.Random(f"{row.__name__} {mesh.__name__} {selects}")
    made = Scripted(lambda *_: Outcome.DELIVERED, root_selects_backends=selects, latency=0.5)
    objects = made.testbed.objects

    def script(call: Call, _number: int, _now: float) -> Place | Outcome:
        name = call.server.partition("/")[2]
        if not name.startswith("app-"):
            return f"{name}-0", 8081
        splits = objects.of_kind("TrafficSplit")
        backends = [f"{backend['service']}-0" for backend in splits[0]["backends"]] if splits else []
        root = next(root for root in made.smi.deployment._roots if root.endswith(name))
        behind = [f"{workload.name}-0" for workload in made.smi.deployment._selected(root)]
        if not splits:
            return dice.choice(behind), 8080
        return mesh(("x-canary", "yes") in call.requests[0].headers, backends, behind, dice)

    made.script = script
    row(made.smi)
    made.smi.conclude()


@pytest.mark.parametrize("selects", [False, True])
@pytest.mark.parametrize("row", [SP_38, SP_39])
def test_a_right_mesh_passes(row: Callable[[Scenario], None], selects: bool) -> None:
    """No bug of the suite, whatever the profile says of roots."""
    play(row, right, selects=selects)


@pytest.mark.parametrize("selects", [False, True])
@pytest.mark.parametrize(("row", "mesh"), [(SP_38, greedy), (SP_38, lossy), (SP_39, lazy)])
def test_a_wrong_mesh_fails(row: Callable[[Scenario], None], mesh: Mesh, selects: bool) -> None:
    """Each in the requirement that it breaks."""
    with pytest.raises(RequirementFailed):
        play(row, mesh, selects=selects)


def test_the_failure_tells_the_ports() -> None:
    """They are what is wrong where the root selects every backend."""
    with pytest.raises(RequirementFailed, match=r"expected v1-x on 8080, v2-x on 8080, found \d+ at v1-x:8081"):
        play(SP_38, greedy, selects=True)


@pytest.mark.parametrize("selects", [False, True])
@pytest.mark.parametrize("row", [SP_38, SP_39])
def test_a_mesh_without_the_split_is_inconclusive(row: Callable[[Scenario], None], selects: bool) -> None:
    """Requests that go to the root are no evidence while the split is not in effect."""
    with pytest.raises(Inconclusive):
        play(row, deaf, selects=selects)
