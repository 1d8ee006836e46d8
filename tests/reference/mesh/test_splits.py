"""Splits as pure tables, with the randomness passed in."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_smi.reference.mesh.smi import SmiError
from pytest_smi.reference.mesh.smi_parse import parse_split
from pytest_smi.reference.mesh.splits import Call, Service, Split, SplitChooser, SplitTable, port_warnings

ROOT = ("t1", "app")


def service(name: str, *ports: tuple[int, int], pods: int = 1, port_name: str = "http") -> Service:
    return Service(
        key=("t1", name),
        ports={(port, "TCP"): [(f"{name}-{i}", target) for i in range(pods)] for port, target in ports},
        names={(port, "TCP"): port_name for port, _ in ports},
    )


def split(*backends: tuple[str, int], groups: Any = None) -> Split:
    spec = {"namespace": "t1", "name": "s", "created": "", "service": "app", "backends": backends, "groups": groups}
    return SplitTable().read(spec)


def spread(
    *splits: Split, services: list[Service], n: int = 2000, call: Call | None = None, port: int = 8080
) -> tuple[Counter[Any], Counter[Any]]:
    rng = random.Random(7)
    chooser = SplitChooser(rng)
    known = {s.key: s for s in services}
    backends: Counter[Any] = Counter()
    endpoints: Counter[Any] = Counter()
    for _ in range(n):
        choice = chooser.choose(known[ROOT], (port, "TCP"), call, splits, known)
        backends[choice.backend] += 1
        endpoints[rng.choice(choice.endpoints) if choice.endpoints else None] += 1
    return backends, endpoints


APP = service("app", (8080, 8080), pods=2)
V1, V2, V3 = (service(f"v{i}", (8080, 8080)) for i in (1, 2, 3))


class TestWeights:
    """Shares."""

    @pytest.mark.parametrize(
        ("weights", "share"),
        [((90, 10), 0.9), ((1000, 500), 2 / 3), ((3, 1), 0.75), ((75, 25), 0.75), ((300, 1), 300 / 301)],
    )
    def test_shares_follow_the_weights(self, weights: tuple[int, int], share: float) -> None:
        """Weights are relative."""
        found, _ = spread(split(("v1", weights[0]), ("v2", weights[1])), services=[APP, V1, V2], n=5000)
        assert found["v1"] / 5000 == pytest.approx(share, abs=0.03)
        assert found["v2"] > 0

    def test_zero_weight_receives_nothing_and_a_single_one_everything(self) -> None:
        """Zero is never chosen."""
        found, _ = spread(split(("v1", 1), ("v2", 0)), services=[APP, V1, V2])
        assert found == {"v1": 2000}

    def test_all_zero_reaches_nothing(self) -> None:
        """Nothing is leaked to the root's own endpoints."""
        _, endpoints = spread(split(("v1", 0)), services=[APP, V1])
        assert set(endpoints) == {None}

    def test_a_missing_or_portless_backend_leaves_the_others_their_proportions(self) -> None:
        """50 (bad) / 30 / 20 becomes 60 / 40; the port's name does not help."""
        for bad in ([], [service("v1", (1024, 8080))]):
            found, _ = spread(split(("v1", 50), ("v2", 30), ("v3", 20)), services=[APP, V2, V3, *bad])
            assert found["v1"] == 0
            assert found["v2"] / 2000 == pytest.approx(0.6, abs=0.05)

    def test_late_backend(self) -> None:
        """A backend that appears later gets its share then."""
        later = split(("v1", 1), ("v2", 1))
        assert spread(later, services=[APP, V1])[0] == {"v1": 2000}
        assert spread(later, services=[APP, V1, V2])[0]["v2"] > 800


class TestPorts:
    """Port numbers and target ports."""

    def test_target_port_is_the_backends(self) -> None:
        """Each backend's own target port is used."""
        other = service("v2", (8080, 8081))
        _, endpoints = spread(split(("v1", 1), ("v2", 1)), services=[APP, V1, other])
        assert set(endpoints) == {("v1-0", 8080), ("v2-0", 8081)}

    def test_every_port_is_split_on_its_own(self) -> None:
        """A second port of the root is split too; different names of equal numbers do not matter."""
        root = service("app", (8080, 8080), (9090, 9090))
        one = service("v1", (8080, 8080), (9090, 9090), (7000, 7000), port_name="other")
        assert spread(split(("v1", 1)), services=[root, one], port=9090)[0] == {"v1": 2000}

    def test_warnings_name_the_backend_and_only_bad_ones(self) -> None:
        """A backend without the root's port is named; correct and not yet existing ones are not."""
        known = {s.key: s for s in (APP, V2, service("v1", (1024, 8080)))}
        warnings = port_warnings((("v1", 1), ("v2", 1), ("later", 0)), APP, known)
        assert len(warnings) == 1
        assert "v1" in warnings[0]
        assert "8080/TCP" in warnings[0]


def _header(name: str, value: str) -> list[dict[str, Any]]:
    return [{"name": name, "path": None, "methods": None, "headers": [[name, value]]}]


class TestSegments:
    """`matches`."""

    def test_matched_requests_are_split_and_others_see_the_root(self) -> None:
        """Any route of any group selects; what is not selected, and opaque TCP, goes to the ordinary endpoints."""
        ab = split(("v1", 0), ("v2", 100), groups=[_header("x-one", "^a$"), _header("x-two", "^b$")])
        for headers in ([(b"X-One", b"a")], [(b"x-two", b"b")]):
            assert spread(ab, services=[APP, V1, V2], call=Call("GET", b"/", headers))[0] == {"v2": 2000}
        for call in (Call("GET", b"/", [(b"x-one", b"b")]), None):
            backends, endpoints = spread(ab, services=[APP, V1, V2], call=call)
            assert backends == {None: 2000}
            assert set(endpoints) == {("app-0", 8080), ("app-1", 8080)}

    def test_missing_groups_make_a_split_inactive(self) -> None:
        """Nobody is sent to a canary because a group is missing."""
        assert spread(split(("v2", 1), groups=[]), services=[APP, V2], call=Call("GET", b"/", []))[0] == {None: 2000}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_only_positive_backends_are_ever_chosen(weights: list[int], rng: random.Random) -> None:
    """Whatever the weights, a choice is a backend of positive weight, or nothing when there is none."""
    services = {s.key: s for s in (APP, *(service(f"v{i}", (8080, 8080)) for i in range(len(weights))))}
    subject = split(*((f"v{i}", weight) for i, weight in enumerate(weights)))
    choice = SplitChooser(rng).choose(APP, (8080, "TCP"), None, [subject], services)
    if any(weights):
        assert choice.backend is not None
        assert weights[int(choice.backend[1:])] > 0
    else:
        assert choice.endpoints == ()


@pytest.mark.parametrize("weight", [0.5, -1, "one", "-1", None, True])
def test_a_weight_that_is_neither_whole_number_nor_quantity_makes_the_split_unreadable(weight: Any) -> None:
    """The message names the field."""
    spec = {"service": "app", "backends": [{"service": "v1", "weight": weight}]}
    with pytest.raises(SmiError, match=r"spec\.backends\[0\]\.weight"):
        parse_split({"metadata": {"name": "s", "namespace": "t1"}, "spec": spec})
