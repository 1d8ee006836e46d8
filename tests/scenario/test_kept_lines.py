"""Connections that outlive a change: what becomes of most of them is told, beside those that nothing was changed
for."""

from dataclasses import replace

import pytest

from pytest_smi.scenario.kept import CUT, GOES_ON, REFUSED, SILENT, fate_of
from pytest_smi.scenario.verdict import Inconclusive
from pytest_smi.testbed.probing.observation import Outcome, Probe
from pytest_smi.testbed.probing.plan import Call
from tests.scenario.scripted import Place, Scripted, in_turn, lost, probe

DENIED = replace(probe("n", Outcome.NOT_DELIVERED), client_saw="answer", status=403)


@pytest.mark.parametrize(
    ("one", "fate"),
    [
        (probe("n", Outcome.DELIVERED), GOES_ON),
        (probe("n", Outcome.NOT_DELIVERED), CUT),
        (replace(DENIED, client_saw="closed", status=None), CUT),
        (DENIED, REFUSED),
        (lost("n"), SILENT),
    ],
)
def test_most_of_them_count(one: Probe, fate: str) -> None:
    """A busy node may lose one of many connections."""
    others = [probe("m", Outcome.DELIVERED), DENIED]
    assert fate_of([one, *others, one, one]) == fate


class Revoked(Scripted):
    """A mesh that cuts the connections of cli-a, and, when it `restarts`, those of everybody."""

    def __init__(self, *, restarts: bool = False) -> None:
        super().__init__(self._place)
        self.restarts, self.changed, self.dropped = restarts, False, list[tuple[str, str]]()
        self.testbed.drop = lambda pod, line: self.dropped.append((pod, line))  # type: ignore[attr-defined]
        self.srv = self.smi.server()

    def _place(self, call: Call, _number: int, _now: float) -> Place | Outcome:
        cut = self.changed and (self.restarts or call.client == "cli-a")
        return Outcome.NOT_DELIVERED if cut else ("srv-x-0", 8080)

    def told(self) -> str:
        """Return what is told of the connections of cli-a beside those of cli-b."""
        lines, beside = (self.smi.keep(self.smi.client(name).get(self.srv)) for name in "ab")
        self.changed = True
        return self.smi.fate(lines, beside)


def test_a_revocation_is_told_from_a_restart() -> None:
    """A mesh that closes everything for any change does not do so for what was revoked."""
    assert Revoked().told() == CUT
    assert Revoked(restarts=True).told() == f"{CUT}, and one that is still granted {CUT}"


def test_each_line_is_a_connection_of_its_own_and_is_closed_in_the_end() -> None:
    """Clients outlive the scenario."""
    made = Revoked()
    made.told()
    made.smi.close()
    assert len(set(made.dropped)) == len(made.dropped) == 2 * made.smi.limits.kept_lines


@pytest.mark.parametrize("outcome", [Outcome.NOT_DELIVERED, Outcome.NO_RESPONSE])
def test_lines_that_never_worked_show_nothing(outcome: Outcome) -> None:
    """One that a busy node loses is left out; several are inconclusive, and not cut."""

    def losing(*lost: int) -> Scripted:
        return Scripted(lambda _call, number, _now: outcome if number in lost else ("srv-x-0", 8080))

    def keep(made: Scripted) -> int:
        return len(made.smi.keep(made.smi.client("a").get(made.smi.server())))

    assert keep(losing(3)) == Scripted(in_turn(outcome)).smi.limits.kept_lines - 1
    with pytest.raises(Inconclusive, match="6 of 8 connections opened"):
        keep(losing(0, 3))
