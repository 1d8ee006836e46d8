"""What a search found in matrix.json: signed with the rest, and lacking in files of runs without one."""

from dataclasses import replace

import jsonschema
import pytest

from pytest_smi.errors import ReportError
from pytest_smi.matrix.exploration import Cell, Change, Counterexample, Exploration
from pytest_smi.matrix.matrix import Matrix, matrix_schema
from tests.support.reports import a_matrix

FOUND = Exploration(
    seed=7,
    asked="5m",
    worlds=40,
    states=90,
    requests=3000,
    seconds=300.2,
    stopped="time",
    unsettled=1,
    declared={"TA-30": 2},
    notes=(),
    counterexamples=(
        Counterexample(
            number=1,
            world=3,
            fault="leak",
            summary="a: GET v1.t1:8080/x: leak",
            requirement=None,
            shrunk=True,
            repeated=True,
            found_again=0,
            beside=(),
            steps=(Change(put=({"kind": "TrafficTarget"},), drop=()),),
            request={"client": "a"},
            table=(Cell(client="a", request="GET /x", expected="denied", seen="3 of 3 arrived", mark="leak"),),
        ),
    ),
)


def test_it_is_read_back_as_it_was_written_and_fits_the_schema() -> None:
    matrix = a_matrix()[0]
    with_it = replace(matrix, runs=(replace(matrix.runs[0], exploration=FOUND),))
    document = with_it.to_json()
    assert document["runs"][0]["exploration"]["seed"] == 7
    assert Matrix.from_bytes(with_it.to_bytes()) == with_it
    jsonschema.validate(document, matrix_schema())


def test_a_file_of_a_run_without_a_search_has_no_such_field_and_keeps_its_bytes() -> None:
    matrix = a_matrix()[0]
    assert "exploration" not in matrix.to_json()["runs"][0]
    assert Matrix.from_bytes(matrix.to_bytes()).to_bytes() == matrix.to_bytes()
    jsonschema.validate(matrix.to_json(), matrix_schema())


def test_it_changes_neither_results_nor_conformance() -> None:
    matrix = a_matrix()[0]
    run = matrix.runs[0]
    with_it = replace(run, exploration=FOUND)
    assert (with_it.conformant, with_it.summary, with_it.apis) == (run.conformant, run.summary, run.apis)


def test_the_record_travels_as_json() -> None:
    assert Exploration.from_json(FOUND.to_json()) == FOUND
    with pytest.raises(ReportError, match="seed"):
        Exploration.from_json({**FOUND.to_json(), "seed": "x"})
