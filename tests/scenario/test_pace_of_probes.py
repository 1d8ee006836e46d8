"""How the probes of a call are planned: how many, how many at a time, and how they are spread."""

from dataclasses import replace

import pytest

from pytest_smi.core.limits import Limits
from pytest_smi.testbed.observe import plan_batch
from pytest_smi.testbed.probing.plan import Call, Request


def call(requests: int = 1) -> Call:
    """A call with so many request templates."""
    templates = tuple(Request(path=f"/{number}") for number in range(requests))
    return Call(source="t1/a", client="cli-a", server="t1/srv", host="srv.t1", port=8080, requests=templates)


@pytest.mark.parametrize("templates", [1, 4])
def test_spread_is_over_all_requests(templates: int) -> None:
    """A spread is the time of the whole batch, however many requests one repetition has."""
    planned = plan_batch(call(templates), 5, Limits(), spread=2.0)
    assert planned.interval * len(planned.nonces) == pytest.approx(2.0)


def test_reused_connection_is_sequential() -> None:
    """Requests over one connection are sent one after the other."""
    assert plan_batch(replace(call(), connection="reuse"), 50, Limits()).concurrency == 1


def test_datagrams_have_a_patience_of_their_own() -> None:
    """A datagram is waited for as long as the limits say for UDP, and many are waited for at once."""
    planned = plan_batch(replace(call(), kind="udp"), 40, Limits(udp_timeout=0.3))
    assert (planned.timeout, planned.concurrency) == (0.3, 40)


def test_templates_are_sent_at_once() -> None:
    """Several request templates do not wait for each other, so that denials by silence cost one timeout."""
    assert plan_batch(call(7), 1, Limits()).concurrency == 7


def test_fewer_may_be_under_way_than_usual() -> None:
    """Never more."""
    assert plan_batch(call(), 50, Limits(), at_once=4).concurrency == 4
    assert plan_batch(replace(call(), connection="reuse"), 50, Limits(), at_once=4).concurrency == 1
