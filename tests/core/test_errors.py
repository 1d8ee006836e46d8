"""Tests of the error hierarchy."""

import pytest

from pytest_smi import errors


@pytest.mark.parametrize("name", [name for name in errors.__all__ if name != "SmiError"])
def test_every_stage_has_an_error_that_carries_its_remedy(name: str) -> None:
    """Each error is an SmiError, documented, and says message then hint."""
    kind = getattr(errors, name)
    problem = kind("a rule; what was found", "what to do")
    assert isinstance(problem, errors.SmiError)
    assert kind.__doc__
    assert (problem.message, problem.hint) == ("a rule; what was found", "what to do")
    assert str(problem) == "a rule; what was found\n  fix: what to do"


def test_str_without_hint_is_the_message() -> None:
    """An error with no remedy has no empty line at its end."""
    assert str(errors.SmiError("only this")) == "only this"
