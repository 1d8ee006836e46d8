"""Tests of the result record and its strict reading."""

import json
from typing import Any

import pytest

from pytest_smi.core.result import Result
from pytest_smi.core.terms import Api, Level, Status
from pytest_smi.errors import ReportError


def a_result() -> Result:
    """A result with every field set."""
    return Result(
        id="SP-34[root]",
        requirement="SP-34",
        api=Api.SPLIT,
        version="v1alpha4",
        level=Level.UNSPECIFIED,
        status=Status.OBSERVED,
        reason="left open",
        source="P4 §Specification",
        duration=1.23456,
        mesh="reference",
        reading="redistributed",
        evidence={"requests": [1, 2]},
    )


def test_round_trip_through_json_text() -> None:
    """A result survives the journey from a worker to the controller, its duration rounded to the millisecond."""
    result = a_result()
    assert Result.from_json(json.loads(json.dumps(result.to_json()))) == result
    assert result.duration == 1.235


def test_every_bad_field_is_reported_at_once() -> None:
    """One error names wrong types, unknown values, missing and unknown fields together."""
    document: dict[str, Any] = {
        **a_result().to_json(),
        "api": "mesh",
        "duration": True,
        "evidence": [],
        "extra": 1,
        "level": 3,
        "id": "",
    }
    del document["reason"]
    with pytest.raises(ReportError) as caught:
        Result.from_json(document)
    for part in (
        "api: must be one of",
        "duration: must be a number",
        "evidence: must be an object",
        "extra: is not a field",
        "level:",
        "id:",
        "reason: is missing",
    ):
        assert part in caught.value.message
    assert "7 bad field(s)" in caught.value.message


@pytest.mark.parametrize("document", [None, [], "x", 3])
def test_what_is_not_an_object_is_one_problem(document: object) -> None:
    """Something else than an object is named as such, without a list of missing fields."""
    with pytest.raises(ReportError, match=r"1 bad field"):
        Result.from_json(document)


def test_negative_duration_is_refused() -> None:
    """Time does not run backwards."""
    with pytest.raises(ReportError, match="duration: must be a number of at least 0"):
        Result.from_json({**a_result().to_json(), "duration": -1})
