"""A name that is new may not be known everywhere at once: the testbed waits for it, and only for the first time."""

from dataclasses import replace
from typing import Any

import pytest

from pytest_smi.cluster.wait import DeadlinePassed
from pytest_smi.core.limits import Limits
from pytest_smi.testbed.testbed import Testbed


class Names:
    """A prober to which a name appears after some questions."""

    def __init__(self, appears_after: int) -> None:
        self.asked, self._after = 0, appears_after

    def addresses(self, _host: str) -> list[str]:
        self.asked += 1
        return ["10.0.0.1"] if self.asked > self._after else []


def a_testbed(prober: Names, deadline: float) -> Testbed:
    """A testbed with one client pod."""

    class Setting:
        limits = replace(Limits(), settle_deadline=deadline, poll_interval=0.01)

    testbed = Testbed(None, Setting())  # type: ignore[arg-type]
    table: dict[str, Any] = {"t1/a": prober}
    testbed._probers = table
    return testbed


def test_new_name_is_waited_for_once() -> None:
    """The first use waits; afterwards the name is known."""
    names = Names(appears_after=3)
    testbed = a_testbed(names, deadline=30)

    testbed.await_name("t1/a", "app.t1.mesh")
    testbed.await_name("t1/a", "app.t1.mesh")

    assert names.asked == 4


def test_name_that_never_comes_is_an_error_of_the_harness() -> None:
    """The deadline passes, and the error names pod and name."""
    testbed = a_testbed(Names(appears_after=10**9), deadline=0.05)

    with pytest.raises(DeadlinePassed, match=r"app\.t1\.mesh resolves in t1/a"):
        testbed.await_name("t1/a", "app.t1.mesh")
