"""Shares where the specification is open: every reading is there, and none that it excludes."""

from fractions import Fraction

import pytest

from pytest_smi.oracle import Call, World
from pytest_smi.oracle.backends import PLAIN
from pytest_smi.oracle.findings import findings
from pytest_smi.oracle.overview import splittings
from pytest_smi.oracle.records import world_of
from pytest_smi.smi.model import Backend, HTTPMatch, HTTPRouteGroup, TrafficSplit
from tests.oracle.worlds import http, percents, readings, service, shared

HALF = Fraction(1, 2)
ROOT = frozenset(PLAIN)
ALL = [service(name, 8080) for name in ("app", "v1", "v2")]


def split(
    *backends: tuple[str, int], matches: tuple[str, ...] | None = None, name: str = "s", root: str = "app"
) -> TrafficSplit:
    """A split of the namespace shop."""
    return TrafficSplit(
        name=name,
        namespace="shop",
        service=root,
        backends=tuple(Backend(service=b, weight=w) for b, w in backends),
        matches=matches,
    )


def group(name: str, **match: object) -> HTTPRouteGroup:
    """A group of one route."""
    return HTTPRouteGroup(name=name, namespace="shop", matches=(HTTPMatch(name="m", **match),))  # type: ignore[arg-type]


CASES = [
    ("AMB-27", [split(("v1", 50), ("gone", 50))], ALL, {frozenset({("v1", HALF)}), frozenset({("v1", Fraction(1))})}),
    (
        "AMB-27",
        [split(("v1", 50), ("v2", 50))],
        [service("app", 8080), service("v1", 8080), service("v2", 8080, ready=False)],
        {frozenset({("v1", HALF)}), frozenset({("v1", Fraction(1))})},
    ),
    (
        "AMB-28",
        [split(("v1", 50), ("v2", 50))],
        [service("app", 8080, 9090), service("v1", 8080, 9090), service("v2", 8080)],
        {frozenset({("v1", HALF), ("v2", HALF)}), frozenset({("v1", Fraction(1))})},
    ),
    (
        "AMB-33",
        [split(("v1", 50), ("app", 50))],
        ALL,
        {frozenset({("v1", HALF), ("app", HALF)}), frozenset({("v1", Fraction(1))}), ROOT},
    ),
    (
        "AMB-38",
        [split(("v1", 1), ("v2", 2), ("v1", 1))],
        ALL,
        {frozenset({("v1", HALF), ("v2", HALF)}), frozenset({("v1", Fraction(1, 3)), ("v2", Fraction(2, 3))}), ROOT},
    ),
    ("AMB-17", [split(("v1", 1), matches=())], ALL, {frozenset({("v1", Fraction(1))}), ROOT}),
    ("AMB-31", [split(("v1", 1), matches=("gone",))], ALL, {frozenset({("v1", Fraction(1))}), ROOT}),
    ("AMB-26", [split(("v1", 1), ("v2", -1))], ALL, set()),
    ("AMB-37", [split(("v1", 0), ("v2", 0))], ALL, set()),
    ("AMB-37", [split()], ALL, set()),
    ("AMB-37", [split(("v1", 1))], [service("app", 8080), service("v1", 81)], set()),
    ("AMB-39", [split(("v1", 1))], [service("v1", 8080)], set()),
    ("AMB-40", [split(("v1", 1))], [service("app", 8080), service("v1", 8080, usual=False)], set()),
    ("AMB-34", [split(("v1", 1)), split(("v2", 1), name="twin")], ALL, set()),
    ("AMB-32", [split(("v1", 1)), split(("v2", 1), name="twin", root="v1")], ALL, set()),
]


@pytest.mark.parametrize(
    ("question", "splits", "services", "expected"), CASES, ids=[f"{n}-{case[0]}" for n, case in enumerate(CASES)]
)
def test_readings(
    question: str, splits: list[TrafficSplit], services: list[object], expected: set[frozenset[tuple[str, Fraction]]]
) -> None:
    """The question is named, and the readings are these."""
    found = shared(world_of(splits, services=services), "GET /")  # type: ignore[arg-type]

    assert question in found.questions
    assert readings(found) == expected
    assert found.decided is None


def decided(
    *records: object, call: object = "GET /", services: list[object] | None = None, **asked: object
) -> dict[str, float]:
    """The shares of a decided answer."""
    return percents(shared(world_of(records, services=services or ALL), call, **asked))  # type: ignore[arg-type]


def test_excluded_backend_leaves_the_proportions() -> None:
    """50 without the port, 30 and 20 are 60 and 40 (SP-27); a further port of a backend is no matter (SP-30)."""
    services = [service("app", 8080), service("v1", 81), service("v2", 8080, 7000), service("v3", 8080)]

    assert decided(split(("v1", 50), ("v2", 30), ("v3", 20)), services=services) == {"v2": 60, "v3": 40}  # type: ignore[arg-type]


def test_segment_of_headers_is_decided() -> None:
    """Any route of any group selects (SP-41); with path or methods only what meets all of it, or none of it,
    is decided (SP-43)."""
    only = group("g1", headers=(("x-a", "^1$"),))
    more = group("g2", headers=(("x-b", "^1$"),), path="/p", methods=("GET",))
    where = (split(("v2", 1), matches=("g1", "g2")), only, more)

    assert decided(*where, call=http("POST /q", x_a="1")) == {"v2": 100}
    assert decided(*where, call=http("GET /p", x_b="1")) == {"v2": 100}
    assert decided(*where) == {"": 100}
    assert "AMB-30" in shared(world_of(where, services=ALL), http("GET /q", x_b="1")).questions


def test_opaque_calls() -> None:
    """Raw TCP has no headers: a segment is not about it; whether a split of all calls is, is open (AMB-36)."""
    tcp = Call(protocol="TCP")

    assert decided(split(("v1", 1), matches=("g",)), group("g", headers=(("a", ".*"),)), call=tcp) == {"": 100}
    assert shared(world_of([split(("v1", 1))], services=ALL), tcp).questions == {"AMB-36"}


@pytest.mark.parametrize(("host", "question"), [("app", "AMB-29"), ("10.0.0.1", "AMB-41"), ("fd00::1", "AMB-41")])
def test_other_names_of_the_root(host: str, question: str) -> None:
    """Only the FQDN is named by the specification."""
    found = shared(world_of([split(("v1", 1))], services=ALL), "GET /", host=host)

    assert found.questions == {question}
    assert readings(found) == {frozenset({("v1", Fraction(1))}), ROOT}


def test_root_of_another_namespace_is_untouched() -> None:
    """A split is of its own namespace's Services (SP-61, SP-62), also when it writes the name out."""
    where = world_of([split(("v1", 1), root="app.shop.svc.cluster.local")], services=ALL)

    assert percents(shared(where, "GET /")) == {"v1": 100}
    assert not world_of([split(("v1", 1), root="app.other")], services=ALL).by_root


def test_port_that_the_root_does_not_have() -> None:
    """Nothing is reached there, with a split or without."""
    assert shared(world_of([split(("v1", 1))], services=ALL), "GET /", port=81).possible == ((),)


@pytest.mark.parametrize("known", [False, True])
def test_services_that_are_left_out(known: bool) -> None:
    """In files without Services they are taken to be there; in a cluster without them they are missing."""
    where: World = world_of([split(("v1", 9), ("v2", 1))], services_known=known)
    one = splittings(where)[0]

    assert bool(one.sharing) is not known
    assert any("is no Service" in finding.text for finding in findings(where)) is known
