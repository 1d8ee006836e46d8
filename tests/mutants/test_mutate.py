"""Tests of the mutants: each is one change, inside of a function, and still Python."""

import ast
from pathlib import Path

from pytest_smi.core.catalogue import load
from tests.mutants.__main__ import draw
from tests.mutants.asking import ROOT
from tests.mutants.crews import SURVIVED, Outcome, crews, told_apart
from tests.mutants.deciding import DECIDING, MESH
from tests.mutants.mutate import mutants
from tests.mutants.notes import Notes
from tests.mutants.trial import nearest, told

CODE = '''
"""Module."""
LIMIT = 3


class Policy:
    """Class."""

    def allows(self, ports: tuple[int, ...] = (1,), port: int = 0) -> bool:
        """Text with 1 number."""
        for one in ports:
            if not one:
                continue
        if port < 0:
            raise ValueError(f"wrong: {port + 1}")
        return any(one == port for one in ports if one) and port > 1
'''
ALL = "any((one == port for one in ports if one))"


def test_each_is_one_change() -> None:
    """Conditions, operators, constants and names; nothing of defaults, docstrings, errors and the module's top."""
    found = [(one.line, one.change) for one in mutants(CODE)]

    assert found == [
        (12, "not one -> one"),
        (13, "continue -> break"),
        (14, "port < 0 -> port <= 0"),
        (14, "0 -> 1"),
        (16, f"{ALL} and port > 1 -> {ALL} or port > 1"),
        (16, "any -> all"),
        (16, "one == port -> one != port"),
        (16, "for one in ports if one -> for one in ports"),
        (16, "port > 1 -> port >= 1"),
        (16, "1 -> 2"),
    ]
    healthy = ast.unparse(ast.parse(CODE))
    texts = [one.text for one in mutants(CODE)]
    assert len({*texts, healthy}) == len(found) + 1
    assert all(ast.parse(text) for text in texts)


def test_a_seed_draws_the_same() -> None:
    """So that a figure can be measured again; every deciding module is there and has mutants."""
    assert [told(*one) for one in draw(5, 7)] == [told(*one) for one in draw(5, 7)]
    assert [told(*one) for one in draw(5, 7)] != [told(*one) for one in draw(5, 8)]
    assert all((ROOT / path).is_file() for path in DECIDING)
    assert {path for path, _ in draw(10_000, 1)} == set(DECIDING)


def test_the_nearest_requirements_are_asked_first() -> None:
    """Those that the module's own faults break, and those that it decides as said; no module has none."""
    known = {record.requirement for record in load()}

    assert nearest(f"{MESH}/metrics/permissions.py") == ["TM-55", "TM-56", "TM-57", "TM-58", "TM-59"]
    assert "SP-01" in nearest(f"{MESH}/weights.py")
    assert [path for path in DECIDING if not nearest(path) or not known.issuperset(nearest(path))] == []


POLICY, SPLITS, METRICS, BOTH = (
    f"pytest_smi/reference/mesh/{name}.py" for name in ("policy", "splits", "metrics/windows", "smi_parse")
)


def test_those_that_share_a_run_are_looked_at_by_different_requirements() -> None:
    """In the order of the draw; one that two APIs look at leaves room for the third alone."""
    assert crews([POLICY, POLICY, SPLITS, METRICS, BOTH]) == [[0, 2, 3], [1], [4]]
    assert crews([BOTH, METRICS, SPLITS]) == [[0, 1], [2]]


def test_what_fails_within_one_lane_is_its_mutant_s_doing() -> None:
    """Across lanes it may be anybody's, and in a lane that nobody changed it is nobody's that could be named."""
    three = [POLICY, SPLITS, METRICS]
    survived = Outcome(word="survived")
    assert told_apart(three, [], []) == [survived] * 3
    assert told_apart(three, ["SP-01"], ["SP-04"]) == [survived, Outcome(word="killed", by=("SP-01",)), survived]
    assert told_apart(three, [], ["TM-04"]) == [survived, survived, Outcome(word="stopped", by=("TM-04",))]
    assert told_apart(three, ["TA-01", "SP-01"], []) == [None] * 3
    assert told_apart([POLICY, METRICS], ["SP-01"], []) == [None] * 2
    assert told_apart([BOTH, METRICS], ["TA-01", "SP-01"], [])[1] == survived


def test_a_run_that_was_cut_short_goes_on_from_its_notes(tmp_path: Path) -> None:
    """What was answered is not asked again, also by the next run; another question is."""
    path = tmp_path / "notes.jsonl"
    killed = Outcome(word="killed", by=("SP-01",))
    Notes(path).keep("near", "a mutant", killed)
    asked: list[str] = []

    def ask() -> Outcome:
        asked.append("all")
        return SURVIVED

    with path.open("a") as file:
        file.write('{"question": "all", "mut\n')  # cut short while it was written
    again = Notes(path)
    assert again.asked("near", "a mutant", ask) == killed
    assert asked == []
    assert again.asked("all", "a mutant", ask) == SURVIVED
    assert asked == ["all"]
    assert Notes(path).known("all", "a mutant") == SURVIVED
    assert Notes(None).known("near", "a mutant") is None
