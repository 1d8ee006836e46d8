"""`-n auto`: the least of what the profile, the nodes and this machine carry, and the reason in the header, once."""

import os
from pathlib import Path

import pytest

from pytest_smi.doctor.capacity import Room
from pytest_smi.session.auto_workers import decide, of_nodes, of_this_machine

LARGE = Room(pods=100, nodes=3, short_of="cpu")
FULL = Room(pods=2, nodes=1, short_of="memory")
MESH = (6, "the profile of some has workers.most 6")


@pytest.mark.parametrize(
    ("bounds", "number", "words"),
    [
        ([MESH, *of_nodes(LARGE, ["access"])], 6, "workers.most 6"),
        ([MESH, *of_nodes(FULL, ["access"])], 1, "room for 2 more pods, by what those ask for (memory)"),
        ([MESH, *of_nodes("it takes permission to list nodes", ["access"])], 6, "workers.most 6"),
        ([MESH, of_this_machine(2)], 2, "2 processor(s)"),
        ([MESH, (3, "another mesh's profile")], 3, "another mesh"),
        ([], 1, "no mesh is known"),
    ],
)
def test_the_least_bound_decides(bounds: list[tuple[int, str]], number: int, words: str) -> None:
    """And says so; there is always one worker."""
    found, reason = decide(bounds)

    assert found == number
    assert reason.startswith(f"-n auto: {number} worker")
    assert words in reason


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """A run of nothing but its header, in a process of its own."""
    return pytester.runpytest_subprocess("--mesh=reference", "-k", "nothing-has-this-name", "-v", *arguments)


@pytest.mark.slow
def test_auto_is_said_once_with_its_reason(pytester: pytest.Pytester) -> None:
    """For the embedded cluster the processors of this machine, or the profile."""
    done = run(pytester, "-n", "auto")

    told = [line for line in done.outlines if line.startswith("-n auto: ")]
    expected = min(8, len(os.sched_getaffinity(0)))
    assert len(told) == 1, done.outlines
    assert told[0].startswith(f"-n auto: {expected} worker")


@pytest.mark.slow
def test_the_profile_decides(pytester: pytest.Pytester, tmp_path: Path) -> None:
    """Its key is `workers.most`."""
    import yaml

    from pytest_smi.profiles.load import known_profiles

    document = yaml.safe_load(known_profiles()["reference"].read_text())
    document["workers"] = {"most": 1}
    path = tmp_path / "reference.yaml"
    path.write_text(yaml.safe_dump(document))

    done = run(pytester, "-n", "auto", f"--mesh-profile={path}")

    assert "-n auto: 1 worker: the profile of reference has workers.most 1" in done.outlines


def test_others_decide_without_a_mesh(pytester: pytest.Pytester) -> None:
    """A project's own `-n auto` is as it was."""
    pytester.makepyfile("def test_one(): pass")

    done = pytester.runpytest_subprocess("-n", "auto")

    done.assert_outcomes(passed=1)
    assert not any("workers.most" in line for line in done.outlines)
