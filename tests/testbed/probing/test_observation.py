"""Joining a prober's results with the servers' journals."""

import pytest

from pytest_smi.errors import HarnessError
from pytest_smi.testbed.probing.observation import Arrival, Outcome, join
from pytest_smi.testbed.probing.plan import Call, ProbeBatch, Request

CALL = Call(source="t1/a-1", client="cli-a", server="t1/srv", host="srv.t1.svc.cluster.local", port=8080)


def batch(repeat: int = 1, call: Call = CALL) -> ProbeBatch:
    return ProbeBatch(call=call, repeat=repeat, nonce="n", timeout=1.0)


def arrival(nonce: str) -> Arrival:
    return Arrival(nonce=nonce, pod="srv-1", port=8080, protocol="HTTP/1.1")


def result(i: int = 0, outcome: str = "answer", **more: object) -> dict[str, object]:
    return {
        "i": i,
        "outcome": outcome,
        "status": 200 if outcome == "answer" else None,
        "echo": outcome == "answer",
        **more,
    }


@pytest.mark.parametrize(
    ("seen", "journal", "outcome"),
    [
        (result(), ["n-0"], Outcome.DELIVERED),
        (result(status=403, echo=False), [], Outcome.NOT_DELIVERED),
        (result(outcome="reset"), [], Outcome.NOT_DELIVERED),
        (result(outcome="timeout"), [], Outcome.NOT_DELIVERED),
        (result(outcome="reset"), ["n-0"], Outcome.NO_RESPONSE),
        (result(status=403, echo=False), ["n-0"], Outcome.NO_RESPONSE),
        (result(outcome="timeout"), ["n-0"], Outcome.TIMED_OUT),
    ],
)
def test_outcome_is_decided_by_nonce_and_echo(seen: dict[str, object], journal: list[str], outcome: Outcome) -> None:
    """The journal decides whether a probe arrived; a status code never does."""
    observation = join(batch(), [seen], {nonce: [arrival(nonce)] for nonce in journal})

    assert [probe.outcome for probe in observation.probes] == [outcome]


def test_name_that_does_not_resolve_is_never_a_denial() -> None:
    """A DNS failure is the harness's, so it is an error and not a probe that did not arrive."""
    with pytest.raises(HarnessError, match="did not resolve"):
        join(batch(), [result(outcome="dns")], {})


def test_missing_results_are_an_error() -> None:
    """Nothing sent, or not all of it, must not be judged."""
    with pytest.raises(HarnessError, match="1 of 2"):
        join(batch(2), [result()], {"n-0": [arrival("n-0")]})


def test_echo_that_no_journal_knows_is_an_error() -> None:
    """An answer from a server whose journal is not read would make every denial look right."""
    with pytest.raises(HarnessError, match="in no journal"):
        join(batch(), [result()], {})


def test_results_are_ordered_by_index() -> None:
    """Concurrent requests finish in any order; probes keep the order of sending."""
    observation = join(batch(2), [result(1, outcome="reset"), result(0)], {"n-0": [arrival("n-0")]})

    assert [probe.nonce for probe in observation.probes] == ["n-0", "n-1"]
    assert observation.outcomes == {Outcome.DELIVERED: 1, Outcome.NOT_DELIVERED: 1}


def test_no_probes_hold_nothing() -> None:
    """An empty observation satisfies no claim."""
    empty = join(batch(0), [], {})

    assert not empty.all(Outcome.NOT_DELIVERED)
    assert not empty.all(Outcome.DELIVERED)


def test_plan_line_has_one_nonce_per_request_of_every_repetition() -> None:
    """Several request templates are repeated as a whole."""
    call = Call(
        source="t1/a", client="a", server="t1/s", host="s", port=1, requests=(Request(path="/x"), Request(path="/y"))
    )

    line = batch(3, call).to_json()

    assert len(batch(3, call).nonces) == 6
    assert [request["path"] for request in line["requests"]] == ["/x", "/y"]
    assert line["repeat"] == 3
