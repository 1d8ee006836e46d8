"""The covering set: for each route a request that meets it, and ones that fail one condition of it."""

import random
from collections.abc import Iterable

from pytest_smi.explore.case import usual_services
from pytest_smi.explore.requests import asks, covering
from pytest_smi.oracle import Call
from pytest_smi.oracle.routes import matches
from pytest_smi.smi.model import HTTPMatch, HTTPRouteGroup


def group(*routes: HTTPMatch) -> HTTPRouteGroup:
    return HTTPRouteGroup(name="g", namespace="t1", matches=routes)


def everything(routes: Iterable[HTTPMatch]) -> tuple[Call, ...]:
    found = covering([group(*routes)], random.Random(1))
    return (*found.hits, *found.misses)


def test_a_route_is_met_and_missed_by_path_by_method_and_by_header() -> None:
    route = HTTPMatch(name="m", path="/x", methods=("GET",), headers=(("x-k", "^v$"),))
    calls = everything([route])
    assert [call for call in calls if matches(route, call).value]
    misses = {(call.path, call.method, call.headers) for call in calls if matches(route, call).value is False}
    assert any(path != "/x" and method == "GET" for path, method, _ in misses)
    assert any(path == "/x" and method != "GET" for path, method, _ in misses)
    assert any(path == "/x" and method == "GET" and ("x-k", "v") not in headers for path, method, headers in misses)


def test_requests_that_no_route_can_tell_apart_are_sent_once() -> None:
    calls = everything([HTTPMatch(name="all", path=".*", methods=("*",))])
    assert len(calls) == len(set(calls))
    alike = [call for call in calls if call.method == "GET" and call.path in ("/x", "/y", "/a", "/b")]
    assert len(alike) == 1
    assert all(not call.headers for call in calls)


def test_two_routes_are_each_met_by_a_request() -> None:
    routes = HTTPMatch(name="x", path="/x", methods=("GET",)), HTTPMatch(name="y", path="/y", methods=("POST",))
    calls = everything(routes)
    assert all(any(matches(route, call).value for call in calls) for route in routes)


def test_without_routes_there_is_one_plain_request() -> None:
    assert [(call.method, call.path) for call in covering([], random.Random(1)).some(random.Random(1), 8)] == [
        ("GET", "/")
    ]


def test_ports_are_asked_in_the_protocols_that_a_mesh_carries() -> None:
    service = usual_services()[0]
    found = asks(["a", "outside"], [service], [], random.Random(1), protocols=frozenset({"http", "tcp"}))
    assert {(ask.client, ask.port, ask.call.protocol) for ask in found} == {
        (client, port, protocol)
        for client in ("a", "outside")
        for port, protocol in ((8080, "HTTP"), (8081, "HTTP"), (9000, "TCP"))
    }
