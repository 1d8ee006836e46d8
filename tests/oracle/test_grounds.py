"""The reasons of a decision name the objects and what is wrong, or right, with them."""

from dataclasses import replace

import pytest

from pytest_smi.oracle import Request, decide
from pytest_smi.oracle.grounds import grounds
from pytest_smi.oracle.questions import read_call
from pytest_smi.oracle.records import world_of
from tests.oracle.test_access import GRANT, TCP, UDP, A, G, group, route, target, tcp
from tests.oracle.worlds import workload


def reasons(records: tuple[object, ...], call: str = "GET /m", source: str = "a") -> list[str]:
    """The text of each reason for the answer to a request to srv on port 8080."""
    made, port = read_call(call, ())
    request = Request(source=workload(source), destination=workload("srv"), call=made, port=port or 8080)
    where = world_of(records)  # type: ignore[arg-type]
    return [ground.text for ground in grounds(decide(where, request), request, where)]


@pytest.mark.parametrize(
    ("records", "call", "said"),
    [
        ((), "GET /m", "no TrafficTarget has shop/srv as its destination"),
        (GRANT, "GET /m", "lists the caller; match m of HTTPRouteGroup g meets the request"),
        (GRANT, "GET /n", "HTTPRouteGroup g means GET /m"),
        (GRANT, "TCP 8080", "HTTPRouteGroup g grants HTTP alone"),
        ((target(G),), "GET /m", "HTTPRouteGroup g is missing"),
        ((target(replace(G, matches=("x",))), group(route())), "GET /m", "HTTPRouteGroup g has no such match"),
        ((target(),), "GET /m", "has no rules"),
        ((replace(target(G), port=80), group(route())), "GET /m", "is for port 80 alone"),
        ((target(TCP), tcp(9000)), "TCP 9001", "TCPRoute t is TCP 9000"),
        ((target(TCP), tcp(9000)), "TCP 9000", "lists the caller; TCPRoute t (TCP 9000) meets it"),
        ((target(UDP),), "UDP 53", "UDPRoute u is missing"),
        (
            (target(G), group(*(route(f"r{n}", f"/{n}") for n in range(9)))),
            "GET /x",
            "GET /0 or GET /1 or GET /2 or GET /3 or others",
        ),
    ],
)
def test_reason(records: tuple[object, ...], call: str, said: str) -> None:
    """One reason, which says this."""
    (text,) = reasons(records, call)

    assert said in text


def test_caller_whom_nobody_lists() -> None:
    """However many targets there are, it is one reason; where some list the caller, theirs are the reasons."""
    many = tuple(target(G, name=f"t{number}") for number in range(50))

    assert reasons((*many, group(route())), source="b") == [
        "does not list shop/b as a source, nor does any of 49 more targets"
    ]
    other = target(G, name="other", sources=(replace(A, name="b"),))
    assert reasons((*many, other, group(route())), "GET /n", source="b") == ["HTTPRouteGroup g means GET /m"]
