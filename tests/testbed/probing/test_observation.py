"""Joining a prober's results with the servers' journals."""

import pytest

from pytest_smi.errors import HarnessError
from pytest_smi.testbed.probing.observation import Arrival, Fate, join
from pytest_smi.testbed.probing.plan import Call, Request, Volley

CALL = Call(source="t1/a-1", client="cli-a", server="t1/srv", host="srv.t1.svc.cluster.local", port=8080)


def volley(repeat: int = 1, call: Call = CALL) -> Volley:
    return Volley(call=call, repeat=repeat, nonce="n", timeout=1.0)


def arrival(nonce: str) -> Arrival:
    return Arrival(nonce=nonce, pod="srv-1", port=8080, protocol="HTTP/1.1")


def result(i: int = 0, outcome: str = "answer", **more: object) -> dict[str, object]:
    return {"i": i, "outcome": outcome, "status": 200 if outcome == "answer" else None, "echo": outcome == "answer", **more}


@pytest.mark.parametrize(
    ("seen", "journal", "fate"),
    [
        (result(), ["n-0"], Fate.OK),
        (result(status=403, echo=False), [], Fate.NO),
        (result(outcome="reset"), [], Fate.NO),
        (result(outcome="timeout"), [], Fate.NO),
        (result(outcome="reset"), ["n-0"], Fate.CUT),
        (result(status=403, echo=False), ["n-0"], Fate.CUT),
        (result(outcome="timeout"), ["n-0"], Fate.SLOW),
    ],
)
def test_fate_is_decided_by_nonce_and_echo(seen: dict[str, object], journal: list[str], fate: Fate) -> None:
    """The journal decides whether a probe arrived; a status code never does."""
    observation = join(volley(), [seen], {nonce: [arrival(nonce)] for nonce in journal})

    assert [probe.fate for probe in observation.probes] == [fate]


def test_name_that_does_not_resolve_is_never_a_denial() -> None:
    """A DNS failure is the harness's, so it is an error and not a probe that did not arrive."""
    with pytest.raises(HarnessError, match="did not resolve"):
        join(volley(), [result(outcome="dns")], {})


def test_missing_results_are_an_error() -> None:
    """Nothing sent, or not all of it, must not be judged."""
    with pytest.raises(HarnessError, match="1 of 2"):
        join(volley(2), [result()], {"n-0": [arrival("n-0")]})


def test_echo_that_no_journal_knows_is_an_error() -> None:
    """An answer from a server whose journal is not read would make every denial look right."""
    with pytest.raises(HarnessError, match="in no journal"):
        join(volley(), [result()], {})


def test_results_are_ordered_by_index() -> None:
    """Concurrent requests finish in any order; probes keep the order of sending."""
    observation = join(volley(2), [result(1, outcome="reset"), result(0)], {"n-0": [arrival("n-0")]})

    assert [probe.nonce for probe in observation.probes] == ["n-0", "n-1"]
    assert observation.fates == {Fate.OK: 1, Fate.NO: 1}


def test_no_probes_hold_nothing() -> None:
    """An empty observation satisfies no claim."""
    empty = join(volley(0), [], {})

    assert not empty.all(Fate.NO)
    assert not empty.all(Fate.OK)


def test_plan_line_has_one_nonce_per_request_of_every_repetition() -> None:
    """Several request templates are repeated as a whole."""
    call = Call(source="t1/a", client="a", server="t1/s", host="s", port=1, requests=(Request(path="/x"), Request(path="/y")))

    line = volley(3, call).to_json()

    assert len(volley(3, call).nonces) == 6
    assert [request["path"] for request in line["requests"]] == ["/x", "/y"]
    assert line["repeat"] == 3
