"""What came of the requests of a world: arrivals by server and port, and requests that arrived twice."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

from pytest_smi.explore.sending import seen_of
from pytest_smi.explore.table import Seen
from pytest_smi.oracle import Call
from pytest_smi.testbed.probing.observation import Arrival, Observation, Probe
from tests.explore.test_table import ask

OWNERS = {"v1-pod": "t1/v1"}
ONCE = (Arrival(nonce="n", pod="v1-pod", port=8080, protocol="http"),)
PROBE = Probe(nonce="n", client_saw="answer", status=200, echo=True, arrivals=ONCE, ms=1.0)


def of(*probes: Probe, asked: Any = None) -> Seen:
    asked = asked or ask("a")
    return seen_of([asked], cast(Observation, SimpleNamespace(probes=probes)), OWNERS)[asked]


def test_what_arrives_is_counted_by_server_and_port() -> None:
    lost = replace(PROBE, echo=False, arrivals=(), status=None, client_saw="timeout")
    late = replace(lost, arrivals=ONCE)
    found = of(PROBE, lost, late)
    assert (found.sent, found.delivered, found.slow) == (3, 1, 1)
    assert dict(found.arrivals) == {("t1/v1", 8080): 2}


def test_a_request_that_arrived_twice_is_the_mesh_s_doing_unless_it_was_sent_twice() -> None:
    """A datagram may arrive twice, and the prober itself repeats what it lost a kept connection over."""
    twice = replace(PROBE, arrivals=ONCE * 2)
    datagram = replace(ask("a"), call=Call(protocol="UDP"))
    assert of(twice).twice == 1
    assert (of(PROBE).twice, of(replace(twice, reconnected=True)).twice, of(twice, asked=datagram).twice) == (0, 0, 0)


def test_requests_take_turns_with_what_they_ask() -> None:
    first, second = ask("a"), ask("a", port=8081)
    found = seen_of([first, second], cast(Observation, SimpleNamespace(probes=(PROBE,) * 3)), OWNERS)
    assert (found[first].sent, found[second].sent) == (2, 1)
