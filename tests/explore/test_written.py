"""Counterexamples as files: what kubectl applies, what people read, and what a replay reads back."""

import json
import random

import pytest
import yaml

from pytest_smi.errors import UsageProblem
from pytest_smi.explore.case import LATE, Case, Step, opening
from pytest_smi.explore.worlds import random_case
from pytest_smi.explore.written import BESIDE, README, REQUEST, change_of, files_of, read_case, request_of
from pytest_smi.matrix.exploration import Cell, Counterexample
from tests.explore.simulated import BOUNDS, VERSIONS, manifests


def counterexample(case: Case) -> Counterexample:
    return Counterexample(
        number=1,
        world=3,
        fault="leak",
        summary="a: GET v1.t1:8080/x: leak",
        requirement="TA-06",
        shrunk=True,
        repeated=True,
        found_again=2,
        beside=tuple(manifests(opening(VERSIONS))) if case.open else (),
        steps=tuple(
            change_of(step, before, manifests) for step, before in zip(case.steps, (None, *case.states()), strict=False)
        ),
        request=request_of(case.asks[0], reuse=case.reuse),
        table=(Cell(client="a", request="GET /x", expected="denied", seen="3 of 3 arrived", mark="leak"),),
    )


def files(case: Case) -> dict[str, bytes]:
    return files_of(counterexample(case), mesh="reference", seed=7, where="smi-report/counterexamples/1")


@pytest.mark.parametrize("kind", ["access", "split", "both"])
def test_a_case_is_read_back_as_it_was(kind: str) -> None:
    for number in range(25):
        case = random_case(random.Random(number), BOUNDS, kind)
        steps = tuple(step for step in case.steps if step != Step())
        short = Case(steps=steps, asks=case.asks[:1], open=case.open, reuse=case.reuse)
        read = read_case(files(short), "there")
        assert [list(state) for state in read.states()] == [list(state) for state in short.states()]
        assert (read.asks, read.open, read.reuse) == (short.asks, short.open, short.reuse)
        assert [one for one in read.things if one.name != LATE] == [one for one in short.things if one.name != LATE]


def test_the_files_are_manifests_in_order_and_a_page_of_text() -> None:
    case = next(
        case
        for number in range(50)
        if len((case := random_case(random.Random(number), BOUNDS, "access")).steps) > 1 and case.steps[1].drop
    )
    found = files(case)
    assert {README, REQUEST, "step-1-apply.yaml", "step-2-delete.yaml"} <= set(found)
    assert BESIDE not in found
    for name, data in found.items():
        if name.endswith(".yaml"):
            assert all({"apiVersion", "kind", "metadata"} <= set(one) for one in yaml.safe_load_all(data)), name
    text = found[README].decode()
    assert "pytest --mesh=reference --smi-replay smi-report/counterexamples/1" in text
    assert "requirement  TA-06" in text
    assert "world 3 of seed 7, and in 2 more" in text
    assert "expected  actual" in text


@pytest.mark.parametrize(
    ("name", "data"),
    [
        (REQUEST, b"{"),
        (REQUEST, json.dumps({"client": "stranger"}).encode()),
        ("step-1-apply.yaml", b"kind: TrafficTarget"),
        ("step-1-apply.yaml", b"{"),
        ("step-1-apply.yaml", b"- 1"),
    ],
)
def test_what_cannot_be_read_is_said(name: str, data: bytes) -> None:
    good = files(random_case(random.Random(1), BOUNDS, "access"))
    with pytest.raises(UsageProblem, match="there"):
        read_case(good | {name: data}, "there")


def test_a_folder_without_a_request_is_no_counterexample() -> None:
    with pytest.raises(UsageProblem, match=r"lacks 'request\.json'"):
        read_case({}, "there")
