"""No scene names a Service longer than every mesh can serve it."""

import pytest

from pytest_smi.scenario.deployment import LONGEST_NAME
from pytest_smi.testbed.probing.observation import Outcome
from tests.scenario.scripted import Scripted


@pytest.mark.parametrize("excess", [0, 1])
def test_a_name_too_long_is_a_bug_of_the_suite(excess: int) -> None:
    """With the scenario's tag and the name of the namespace."""
    made = Scripted(lambda *_: Outcome.DELIVERED)
    around = len(f"-{made.smi.tag}") + len(made.smi.namespace("t1"))
    name = "x" * (LONGEST_NAME - around + excess)

    if excess:
        with pytest.raises(ValueError, match=f"a shorter name for {name}-"):
            made.smi.service(name, [])
    else:
        assert made.smi.service(name, []).name == f"{name}-{made.smi.tag}"
    assert len(made.testbed.objects.of_kind("Service")) == 1 - excess
