"""Each deviation of access and routes shows where it is decided, and the usual reading stands beside it."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_smi.reference.mesh.composition import access_compiler
from pytest_smi.reference.mesh.faults import specialize
from pytest_smi.reference.mesh.policy import Denial, HttpRequest, Policy
from pytest_smi.reference.mesh.proxy.denials import CLOSE, RESET, Denials
from pytest_smi.reference.mesh.routes import RouteMatcher
from pytest_smi.reference.mesh.smi_parse import parse_group, parse_port_route, parse_target

A, B, SRV = ("t1", "a"), ("t1", "b"), ("t1", "srv")
HTTP = {"kind": "HTTPRouteGroup", "name": "g", "matches": ["m"]}
TCP = {"kind": "TCPRoute", "name": "tcp"}
UDP = {"kind": "UDPRoute", "name": "udp"}


def target(
    *rules: dict[str, Any],
    sources: tuple[str, ...] = ("a",),
    namespace: str = "t1",
    name: str = "t",
    **destination: Any,
) -> Any:
    where = {"kind": "ServiceAccount", "name": "srv", "namespace": "t1", **destination}
    who = [{"kind": "ServiceAccount", "name": source, "namespace": "t1"} for source in sources]
    spec = {
        "destination": {key: value for key, value in where.items() if value is not None},
        "rules": list(rules),
        "sources": who,
    }
    return parse_target({"metadata": {"name": name, "namespace": namespace}, "spec": spec})


def policy(
    *targets: Any, on: tuple[str, ...] = (), tcp: bool = True, routes: tuple[dict[str, Any], ...] = ()
) -> Policy:
    """The policy of srv: group g has route m for /m (or `routes`), TCPRoute tcp every port."""
    matches = list(routes) or [{"name": "m", "pathRegex": "/m", "methods": ["GET"]}]
    group = parse_group({"metadata": {"name": "g", "namespace": "t1"}, "spec": {"matches": matches}})
    port_route = parse_port_route({"metadata": {"name": "tcp", "namespace": "t1"}})
    smi = {
        "traffictargets": {(t.namespace, t.name): t for t in targets},
        "httproutegroups": {("t1", "g"): group},
        "tcproutes": {("t1", "tcp"): port_route} if tcp else {},
        "udproutes": {},
    }
    switches = frozenset(on)
    grants = access_compiler(switches).compile(smi, [A, B, SRV])
    return specialize(Policy, switches)(grants.get(SRV, []), matcher(*on))


def matcher(*on: str) -> RouteMatcher:
    """What matches routes while these switches are on."""
    return specialize(RouteMatcher, frozenset(on))()


def get(path: str = "/m", method: str = "GET", **headers: str) -> HttpRequest:
    lines = [(name.encode(), value.encode()) for name, value in headers.items()]
    return HttpRequest(port=8080, method=method, target=path.encode(), headers=lines)


def allows(subject: Policy, path: str = "/m", source: tuple[str, str] | None = A) -> bool:
    return subject.allow_http(get(path), source).allowed


@pytest.mark.parametrize(
    ("switch", "subject", "usual"),
    [
        ("targets-in-destination-namespace-only", target(HTTP), (True, True)),
        ("udp-rules-void-targets", target(HTTP, UDP), (True, False)),
        ("missing-tcp-route-voids-targets", target(HTTP, {"kind": "TCPRoute", "name": "gone"}), (False, False)),
        ("grants-open-everything", target(HTTP), (True, True)),
    ],
)
def test_what_becomes_of_a_target(switch: str, subject: Any, usual: tuple[bool, bool]) -> None:
    """(without the switch, with it): whether GET /m of the source is let in."""
    assert (allows(policy(subject)), allows(policy(subject, on=(switch,)))) == usual


def test_a_target_elsewhere_or_without_namespace_is_inert() -> None:
    """The namespace must be written, and be the target's own."""
    switch = ("targets-in-destination-namespace-only",)
    spec = {"destination": {"kind": "ServiceAccount", "name": "srv"}, "rules": [HTTP]}
    spec["sources"] = [{"kind": "ServiceAccount", "name": "a", "namespace": "t1"}]
    silent = parse_target({"metadata": {"name": "t", "namespace": "t1"}, "spec": spec})
    elsewhere = policy(target(TCP, namespace="t2"), on=switch)
    assert not elsewhere.allow_tcp(9000, A).allowed
    assert allows(policy(silent))
    assert not allows(policy(silent, on=switch))


def test_a_destinations_port_limits_everything() -> None:
    """HTTP and TCP alike."""
    limited = policy(target(HTTP, port=8080), target(TCP, port=9000, name="u"))
    assert allows(limited)
    assert not allows(policy(target(HTTP, port=8081)))
    assert [limited.allow_tcp(port, A).allowed for port in (9000, 9001)] == [True, False]


def test_unenforced_access_lets_everybody_in() -> None:
    """Callers without identity as well; permissive mode only those of the mesh."""
    open_mesh, permissive = policy(on=("access-unenforced",)), policy(on=("permissive-by-mesh-config",))
    assert allows(open_mesh, source=None)
    assert open_mesh.allow_tcp(9000, None).allowed
    assert open_mesh.allow_udp(9100, None).allowed
    assert allows(permissive)
    assert permissive.allow_tcp(9000, B).allowed
    assert not allows(permissive, source=None)


def test_rules_that_are_not_read_open_everything() -> None:
    """An intention of layer 4 knows sources alone."""
    subject = policy(target(HTTP), on=("grants-open-everything",))
    assert allows(subject, "/other")
    assert subject.allow_tcp(9000, A).allowed
    assert not allows(subject, source=B)


def test_the_first_matching_route_decides_for_its_own_sources() -> None:
    """Of overlapping routes the one that comes first denies whom it does not list; equal routes share their sources."""
    routes = ({"name": "m", "pathRegex": "/m"}, {"name": "n", "pathRegex": "/.*"})
    overlapping = (
        target({**HTTP, "matches": ["m"]}, name="t"),
        target({**HTTP, "matches": ["n"]}, sources=("b",), name="u"),
    )
    switch = ("access-first-matching-route-decides",)
    assert allows(policy(*overlapping, routes=routes), source=B)
    assert not allows(policy(*overlapping, routes=routes, on=switch), source=B)
    assert allows(policy(*overlapping, routes=routes, on=switch), "/n", source=B)
    assert allows(policy(target(HTTP), target(HTTP, sources=("b",), name="u"), on=switch), source=B)


def test_tcp_of_traefik_mesh() -> None:
    """A TCPRoute opens TCP to everybody, a target without routes opens HTTP to its sources."""
    switches = ("tcp-grants-open-to-all", "targets-without-routes-open-http")
    subject = policy(target(TCP), on=switches)
    assert subject.allow_tcp(9001, B).allowed
    assert not policy(target(TCP)).allow_tcp(9001, B).allowed
    assert allows(subject)
    assert not allows(subject, source=B)
    assert not policy(target(HTTP), on=switches).allow_tcp(9000, B).allowed


def test_tcp_routes_that_are_not_read() -> None:
    """They grant nothing, and a group beside them still does."""
    subject = policy(target(TCP, HTTP), on=("tcp-routes-unread",))
    assert allows(subject)
    assert not policy(target(TCP), on=("tcp-routes-unread",)).allow_tcp(9000, A).allowed


def test_udp_that_passes_by_is_not_denied() -> None:
    """Whoever sends it."""
    assert policy(on=("udp-passes-by",)).allow_udp(9100, None).allowed
    assert not policy().allow_udp(9100, B).allowed


@pytest.mark.parametrize(
    ("pattern", "path", "usual", "prefix", "starred"),
    [
        ("/m", "/m", True, True, True),
        ("/m", "/m/sub", False, True, False),
        ("/m", "/x/m", False, False, False),
        ("/a|/b", "/b", True, False, False),
        ("^/a$", "/a", True, False, False),
        (".*", "/m", True, True, False),
        ("/m*", "/mill", False, False, True),
    ],
)
def test_how_path_patterns_are_read(pattern: str, path: str, usual: bool, prefix: bool, starred: bool) -> None:
    """The usual reading, that of a prefix after the first slash, and that of text with a star."""
    spec: dict[str, Any] = {"name": "m", "path": pattern, "methods": None, "headers": []}
    matchers = [matcher(*on) for on in ((), ("paths-match-prefix",), ("paths-exact-or-star",))]
    found = [subject.matches(subject.compile_one(spec), "GET", path, []) for subject in matchers]
    assert found[:1] + found[2:] == [usual, starred]
    assert found[1] == prefix or (pattern == "/m*" and found[1])


def test_headers_that_must_match_as_a_whole() -> None:
    """The usual reading searches."""
    spec = {"name": "m", "path": None, "methods": None, "headers": [["x-k", "v"]]}
    headers = [(b"x-k", b"value")]
    usual, whole = matcher(), matcher("headers-match-whole")
    assert usual.matches(usual.compile_one(spec), "GET", "/", headers)
    assert not whole.matches(whole.compile_one(spec), "GET", "/", headers)


def test_a_star_alone_is_skipped() -> None:
    """Beside another route it grants nothing; by itself it leaves a grant without any condition."""
    star, other = {"name": "m", "methods": ["*"]}, {"name": "n", "pathRegex": "/n"}
    both = {**HTTP, "matches": ["m", "n"]}
    switch = ("star-methods-alone-skipped",)
    assert allows(policy(target(both), routes=(star, other)))
    assert not allows(policy(target(both), routes=(star, other), on=switch))
    assert allows(policy(target(both), routes=(star, other), on=switch), "/n")
    assert allows(policy(target(HTTP), routes=(star, other), on=switch), "/anything")


def test_why_a_request_was_denied() -> None:
    """The four reasons that meshes answer differently."""
    routes = ({"name": "m", "pathRegex": "/m"}, {"name": "n", "pathRegex": "/n"})
    subject = policy(
        target({**HTTP, "matches": ["m"]}), target({**HTTP, "matches": ["n"]}, sources=("b",), name="u"), routes=routes
    )
    assert subject.denial(get("/m"), None) is Denial.OUTSIDER
    assert subject.denial(get("/m"), SRV) is Denial.UNLISTED
    assert subject.denial(get("/other"), A) is Denial.UNMATCHED
    assert subject.denial(get("/n"), A) is Denial.NOT_THIS_CALLER


@pytest.mark.parametrize(
    ("denial", "switch", "expected"),
    [
        (Denial.UNLISTED, "unlisted-is-reset", RESET),
        (Denial.UNLISTED, "unlisted-is-closed", CLOSE),
        (Denial.UNMATCHED, "unmatched-is-404", 404),
        (Denial.OUTSIDER, "outsider-is-closed", CLOSE),
        (Denial.NOT_THIS_CALLER, "unmatched-is-404", 403),
    ],
)
def test_how_a_denial_is_answered(denial: Denial, switch: str, expected: int) -> None:
    """403 unless the mesh does otherwise."""
    assert Denials().status(denial) == 403
    assert specialize(Denials, frozenset({switch}))().status(denial) == expected
