"""Access policy as pure tables, and its laws: grants only add up, in any order, without a cross product."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_smi.reference.mesh.faults import specialize
from pytest_smi.reference.mesh.grants import GrantCompiler, RouteObjects
from pytest_smi.reference.mesh.policy import HttpRequest, Policy
from pytest_smi.reference.mesh.smi import SmiError
from pytest_smi.reference.mesh.smi_parse import parse_group, parse_port_route, parse_target

A, B = ("t1", "a"), ("t1", "b")
SRV = ("t1", "srv")


def target(*rules: dict[str, Any], sources: list[dict[str, Any]] | None = None, name: str = "t") -> Any:
    who = [{"kind": "ServiceAccount", "name": "a", "namespace": "t1"}] if sources is None else sources
    spec = {
        "destination": {"kind": "ServiceAccount", "name": "srv", "namespace": "t1"},
        "rules": list(rules),
        "sources": who,
    }
    return parse_target({"metadata": {"name": name, "namespace": "t1"}, "spec": spec})


def group(*matches: dict[str, Any], name: str = "g", namespace: str = "t1") -> Any:
    return parse_group({"metadata": {"name": name, "namespace": namespace}, "spec": {"matches": list(matches)}})


def ports(*numbers: int, name: str = "p") -> Any:
    return parse_port_route(
        {"metadata": {"name": name, "namespace": "t1"}, "spec": {"matches": {"ports": list(numbers)}}}
    )


def policy(*targets: Any, groups: tuple[Any, ...] = (), tcp: tuple[Any, ...] = (), udp: tuple[Any, ...] = ()) -> Policy:
    def by_key(routes: tuple[Any, ...]) -> dict[tuple[str, str], Any]:
        return {(r.namespace, r.name): r for r in routes}

    routes = RouteObjects(groups=by_key(groups), tcp=by_key(tcp), udp=by_key(udp))
    return Policy([GrantCompiler().compile(t, routes) for t in targets])


def http(path: str = "/", method: str = "GET", port: int = 8080, headers: dict[str, str] | None = None) -> HttpRequest:
    lines = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
    return HttpRequest(port=port, method=method, target=path.encode(), headers=lines)


def rule(kind: str = "HTTPRouteGroup", name: str = "g", **more: Any) -> dict[str, Any]:
    return {"kind": kind, "name": name, **more}


def one(match: dict[str, Any], request: HttpRequest) -> bool:
    return policy(target(rule()), groups=(group({"name": "r", **match}),)).allow_http(request, A).allowed


class TestRoutes:
    """What one route matches."""

    @pytest.mark.parametrize(
        ("pattern", "path", "allowed"),
        [
            ("/metrics", "/metrics", True),
            ("/metrics", "/x/metrics", False),
            ("/metrics", "/metrics?x=1", True),
            ("/metrics", "/METRICS", False),
            ("/a|/b", "/b", True),
            ("/a|/b", "/x/b", False),
            ("^/a$", "/a", True),
            ("^/a$", "/ab", False),
            ("/v[12]/(cat|dog)", "/v1/dog", True),
            ("/v[12]/(cat|dog)", "/v3/dog", False),
            ("/v[12]/(cat|dog)", "/v%5B12%5D/(cat%7Cdog)", False),
            ("/api/.*", "/api/z", True),
            ("/api/.*", "/apiz", False),
            (".*", "/any/thing", True),
            (".*", "http://srv:8080/any", True),
            ("/any", "http://srv:8080/any?q", True),
            ("(", "/(", False),
            (")|(.*", "/x", False),
        ],
    )
    def test_path(self, pattern: str, path: str, allowed: bool) -> None:
        """The pattern must match the whole path, without the query; an invalid one matches nothing."""
        assert one({"pathRegex": pattern}, http(path)) is allowed

    @pytest.mark.parametrize(
        ("methods", "method", "allowed"),
        [
            (["GET"], "GET", True),
            (["GET"], "HEAD", False),
            (["GET", "PUT"], "PUT", True),
            (["*"], "PURGE", True),
            (["*"], "TRACE", True),
        ],
    )
    def test_methods(self, methods: list[str], method: str, allowed: bool) -> None:
        """Listed methods are alternatives; `*` is every method."""
        assert one({"methods": methods}, http(method=method)) is allowed

    @pytest.mark.parametrize(("first", "second"), [(True, True), (True, False), (False, True), (False, False)])
    def test_headers_are_all_required(self, first: bool, second: bool) -> None:
        """Every header of a route must be there and match, whatever the case of its name."""
        match = {"headers": [{"X-One": "^v$"}, {"x-two": "w"}]}
        sent = {**({"x-one": "v"} if first else {"x-one": "vv"}), **({"X-Two": "awa"} if second else {})}
        assert one(match, http(headers=sent)) is (first and second)

    def test_path_methods_and_headers_together(self) -> None:
        """Exactly one of the eight combinations is allowed."""
        match = {"pathRegex": "/m", "methods": ["GET"], "headers": [{"x-k": "v"}]}
        table = [
            one(match, http(path, method, headers=headers))
            for path in ("/m", "/n")
            for method in ("GET", "POST")
            for headers in ({"x-k": "v"}, {})
        ]
        assert table == [True] + [False] * 7


class TestGrants:
    """What a target means."""

    def test_nothing_is_granted_without_a_target(self) -> None:
        """Deny by default, for every protocol."""
        empty = policy()
        decisions = (empty.allow_http(http(), A), empty.allow_tcp(9000, A), empty.allow_udp(9100, A))
        assert [decision.allowed for decision in decisions] == [False] * 3

    def test_identity_is_namespace_and_account(self) -> None:
        """The same name in another namespace, another name, and nobody are all denied."""
        subject = policy(target(rule()), groups=(group({"name": "r"}),))
        assert [subject.allow_http(http(), who).allowed for who in (A, ("t2", "a"), B, None)] == [
            True,
            False,
            False,
            False,
        ]

    def test_match_names_select_routes(self) -> None:
        """Only named routes are granted; unknown names grant nothing and disturb nothing; none named means all."""
        groups = (group({"name": "m", "pathRegex": "/m"}, {"name": "e", "pathRegex": "/e"}),)

        def paths(**more: Any) -> list[bool]:
            subject = policy(target(rule(**more)), groups=groups)
            return [subject.allow_http(http(p), A).allowed for p in ("/m", "/e", "/o")]

        assert paths() == [True, True, False]
        assert paths(matches=["m"]) == [True, False, False]
        assert paths(matches=["nope"]) == [False, False, False]
        assert paths(matches=["m", "nope"]) == [True, False, False]

    def test_missing_routes_and_empty_lists_grant_nothing(self) -> None:
        """A dangling reference, no rules, and no sources all fail closed; so does a group of another namespace."""
        here = group({"name": "r"})
        assert not policy(target(rule())).allow_http(http(), A).allowed
        assert not policy(target(), groups=(here,)).allow_http(http(), A).allowed
        assert not policy(target(rule(), sources=[]), groups=(here,)).allow_http(http(), A).allowed
        assert not policy(target(rule()), groups=(group({"name": "r"}, namespace="t2"),)).allow_http(http(), A).allowed

    def test_ports(self) -> None:
        """TCP and UDP ports are separate; an empty list is every port; several routes add up."""
        subject = policy(
            target(rule("TCPRoute", "p"), rule("TCPRoute", "q"), rule("UDPRoute", "u")),
            tcp=(ports(9000), ports(9001, name="q")),
            udp=(ports(9100, name="u"),),
        )
        assert [subject.allow_tcp(p, A).allowed for p in (9000, 9001, 9100)] == [True, True, False]
        assert [subject.allow_udp(p, A).allowed for p in (9000, 9100)] == [False, True]
        everything = policy(target(rule("TCPRoute", "p")), tcp=(ports(),))
        assert everything.allow_tcp(1, A).allowed
        assert not everything.allow_udp(1, A).allowed

    def test_tcp_route_beside_http_routes_limits_them(self) -> None:
        """Both conditions count (AMB-1 A), raw TCP is not opened, and a missing TCPRoute closes the target."""
        both = target(rule(), rule("TCPRoute", "p"))
        subject = policy(both, groups=(group({"name": "r", "pathRegex": "/m"}),), tcp=(ports(8080),))
        table = [subject.allow_http(http(path, port=port), A).allowed for port in (8080, 8081) for path in ("/m", "/o")]
        assert table == [True, False, False, False]
        assert not subject.allow_tcp(8080, A).allowed
        assert not policy(both, groups=(group({"name": "r"}),)).allow_http(http(), A).allowed

    def test_http_routes_alone_open_no_raw_tcp(self) -> None:
        """An HTTP grant is for HTTP."""
        assert not policy(target(rule()), groups=(group({"name": "r"}),)).allow_tcp(8080, A).allowed


class TestReading:
    """Strict reading of objects."""

    @pytest.mark.parametrize("numbers", [[0], [70000], ["80"], [True]])
    def test_bad_ports_are_refused_with_their_path(self, numbers: list[Any]) -> None:
        """The message names the field."""
        with pytest.raises(SmiError, match=r"spec\.matches\.ports\[0\]"):
            ports(*numbers)

    def test_a_target_without_destination_or_of_another_kind_is_inert(self) -> None:
        """No destination, and subjects that are no ServiceAccount, grant nothing."""
        assert parse_target({"metadata": {"name": "t", "namespace": "t1"}, "spec": {}}).destination is None
        assert target(rule(), sources=[{"kind": "Group", "name": "a"}]).sources == ()


_PATHS = ("/x", "/y", "/z")
_TARGETS = st.lists(
    st.tuples(st.sets(st.sampled_from("abc"), max_size=3), st.sets(st.sampled_from(_PATHS), max_size=3)), max_size=5
)


def _granted(specs: list[tuple[set[str], set[str]]]) -> set[tuple[str, str]]:
    targets = []
    groups = []
    for i, (sources, paths) in enumerate(specs):
        who = [{"kind": "ServiceAccount", "name": s, "namespace": "t1"} for s in sorted(sources)]
        targets.append(target(rule(name=f"g{i}"), sources=who, name=f"t{i}"))
        groups.append(group(*({"name": p[1:], "pathRegex": p} for p in sorted(paths)), name=f"g{i}"))
    subject = policy(*targets, groups=tuple(groups))
    return {(s, p) for s in "abc" for p in _PATHS if subject.allow_http(http(p), ("t1", s)).allowed}


@settings(max_examples=60, deadline=None)
@given(_TARGETS, st.randoms(use_true_random=False))
def test_grants_add_up_in_any_order_without_a_cross_product(
    specs: list[tuple[set[str], set[str]]], random: Any
) -> None:
    """What is allowed is exactly the union of each target's own sources times its own routes."""
    expected = {(source, path) for sources, paths in specs for source in sources for path in paths}
    assert _granted(specs) == expected
    shuffled = list(specs)
    random.shuffle(shuffled)
    assert _granted(shuffled) == expected


def test_a_fault_changes_only_what_it_names() -> None:
    """The cross product appears with its fault, for a listed source only."""
    specs = [
        {"target": "t", "sources": [["t1", s]], "http": [{"name": "r", "path": p, "methods": None, "headers": []}]}
        for s, p in (("a", "/x"), ("b", "/y"))
    ]
    wrong = specialize(Policy, frozenset({"access-cross-product"}))([{**s, "tcp": None, "udp": None} for s in specs])
    assert wrong.allow_http(http("/y"), A).allowed
    assert not wrong.allow_http(http("/y"), ("t1", "c")).allowed
