"""Every fault of policy and routes changes the behaviour that it names."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

Key = tuple[str, str]
World = Any
A, B, C, A2 = ("t1", "a"), ("t1", "b"), ("t1", "c"), ("t2", "a")


def _subject(account: str, namespace: str = "t1") -> dict[str, str]:
    return {"kind": "ServiceAccount", "name": account, "namespace": namespace}


def _grant(world: World, name: str, *rules: dict[str, Any], sources: Iterable[Any] = (_subject("a"),)) -> None:
    world.put("traffictargets", name, {"destination": _subject("srv"), "rules": list(rules), "sources": list(sources)})


def _group(world: World, name: str, *matches: dict[str, Any]) -> dict[str, Any]:
    world.put("httproutegroups", name, {"matches": [{"name": f"r{i}", **match} for i, match in enumerate(matches)]})
    return {"kind": "HTTPRouteGroup", "name": name}


def _ports(world: World, kind: str, name: str, *ports: int) -> dict[str, Any]:
    world.put(f"{kind.lower()}s", name, {"matches": {"ports": list(ports)}})
    return {"kind": kind, "name": name}


def _one(world: World, match: dict[str, Any], *others: dict[str, Any]) -> None:
    _grant(world, "t", _group(world, "g", match, *others))


def _two_targets(world: World) -> list[bool]:
    _grant(world, "t1", _group(world, "x", {"pathRegex": "/x"}))
    _grant(world, "t2", _group(world, "y", {"pathRegex": "/y"}), sources=[_subject("b")])
    return [world.http("/x", A), world.http("/y", B), world.http("/y", A), world.http("/x", C)]


def _requests(
    match: dict[str, Any], *asked: dict[str, Any], others: tuple[dict[str, Any], ...] = ()
) -> Callable[[World], list[bool]]:
    def scenario(world: World) -> list[bool]:
        _one(world, match, *others)
        return [world.http(**{"path": "/", **request}) for request in asked]

    return scenario


def _unselected(world: World) -> list[bool]:
    _one(world, {"pathRegex": "/m"})
    return [world.http("/m", pod=("t1", "srv2")), world.http("/m", pod=("t2", "srv"))]


def _no_targets(world: World) -> list[bool]:
    return [
        world.http("/m"),
        world.state().policy.allow_tcp(9000, A).allowed,
        world.state().policy.allow_udp(9100, A).allowed,
    ]


def _deleted(world: World) -> list[bool]:
    _one(world, {"pathRegex": "/m"})
    world.delete("traffictargets", "t")
    return [world.http("/m")]


def _source_removed(world: World) -> list[bool]:
    rule = _group(world, "g", {})
    _grant(world, "t", rule, sources=[_subject("a"), _subject("b")])
    _grant(world, "t", rule, sources=[_subject("b")])
    return [world.http("/", A), world.http("/", B)]


def _group_edited(world: World) -> list[bool]:
    _one(world, {"pathRegex": "/x"})
    _group(world, "g", {"pathRegex": "/z"})
    return [world.http("/x"), world.http("/z")]


def _dangling(world: World) -> list[bool]:
    _grant(world, "t", {"kind": "HTTPRouteGroup", "name": "missing"})
    return [world.http("/")]


def _identities(world: World) -> list[bool]:
    _grant(world, "t", _group(world, "g", {}), sources=[_subject("a"), _subject("b", "t2")])
    return [world.http("/", who) for who in (A, A2, C, ("t2", "b"), ("t1", "b"), ("t1", "srv"))]


def _destinations(world: World) -> list[bool]:
    _one(world, {})
    pods = [("t1", "srv-1"), ("t1", "srv-2"), ("t2", "srv"), ("t1", "a")]
    return [world.http("/", A if pod[1] != "a" else ("t1", "srv"), pod=pod) for pod in pods]


def _names(world: World) -> list[bool]:
    rule = _group(world, "g", {"pathRegex": "/m"}, {"pathRegex": "/e"})
    found = []
    for more in ({"matches": ["r0"]}, {}, {"matches": ["nope"]}):
        _grant(world, "t", {**rule, **more})
        found += [world.http("/m"), world.http("/e"), world.http("/o")]
    return found


def _port_table(world: World) -> list[bool]:
    found = []
    for ports in ((9000,), ()):
        _grant(world, "t", _ports(world, "TCPRoute", "p", *ports), _ports(world, "UDPRoute", "u", 9100))
        policy = world.state().policy
        found += [policy.allow_tcp(9000, A).allowed, policy.allow_tcp(9001, A).allowed]
        found += [policy.allow_udp(port, A).allowed for port in (9000, 9100, 9101)]
    _grant(world, "t", _ports(world, "TCPRoute", "p", 9000), _ports(world, "TCPRoute", "q", 9001))
    policy = world.state().policy
    found += [policy.allow_tcp(9000, A).allowed, policy.allow_tcp(9001, A).allowed]
    _grant(world, "t", _group(world, "g", {"pathRegex": "/m"}), _ports(world, "TCPRoute", "p", 8080))
    return [*found, world.http("/m"), world.http("/m", port=8081), world.state().policy.allow_tcp(8080, A).allowed]


def _loose_group(world: World) -> list[bool]:
    _group(world, "g", {"pathRegex": ".*"})
    return [world.http("/m")]


def _bad_regex(world: World) -> list[bool]:
    _grant(world, "good", _group(world, "good", {"pathRegex": "/m"}))
    _grant(world, "bad", _group(world, "bad", {"pathRegex": "("}))
    return [world.http("/m"), world.http("/(")]


def _bound(world: World, **schemes: Any) -> None:
    world.put("identitybindings", "b", {"schemes": schemes})


def _by_labels(world: World) -> list[bool]:
    world.label("a", app="x")
    world.label("srv-1", app="y")
    _bound(world, podLabelSelector={"matchLabels": {"app": "x"}})
    by_binding = {"kind": "IdentityBinding", "name": "b"}
    _grant(world, "t", _group(world, "g", {"pathRegex": "/m"}), sources=[by_binding])
    world.put("identitybindings", "d", {"schemes": {"podLabelSelector": {"matchLabels": {"app": "y"}}}})
    target = {"destination": {**by_binding, "name": "d"}, "rules": [_group(world, "h", {"pathRegex": "/n"})]}
    world.put("traffictargets", "to-pod", {**target, "sources": [_subject("b")]})
    callers = [world.http("/m", caller) for caller in (("t1", "pod/a"), A, ("t1", "pod/b"))]
    return [*callers, world.http("/n", B), world.http("/n", B, pod=("t1", "srv-2"))]


def _relabelled(world: World) -> list[bool]:
    found = _by_labels(world)
    world.label("a", app="z")
    found.append(world.http("/m", ("t1", "pod/a")))
    world.label("b", app="x")
    return [*found, world.http("/m", ("t1", "pod/b"))]


def _binding_edited(world: World) -> list[bool]:
    found = _by_labels(world)
    _bound(world, serviceAccount="b")
    return [*found, world.http("/m", ("t1", "pod/a")), world.http("/m", B)]


def test_a_healthy_mesh_follows_labels_and_bindings(make_world: Callable[..., World]) -> None:
    """Pods, not their accounts; as they are labelled and bound now."""
    assert _by_labels(make_world()) == [True, False, False, True, False]
    assert _relabelled(make_world())[5:] == [False, True]
    assert _binding_edited(make_world())[5:] == [False, True]


ACCESS: dict[str, Callable[[World], list[bool]]] = {
    "access-open-until-first-target": _no_targets,
    "access-http-unenforced": _no_targets,
    "access-tcp-unenforced": _no_targets,
    "access-udp-unenforced": _no_targets,
    "access-unselected-open": _unselected,
    "access-any-identity": _identities,
    "access-routes-ignored": _two_targets,
    "access-first-source-only": _identities,
    "access-last-target-wins": _two_targets,
    "access-cross-product": _two_targets,
    "access-deleted-target-stays": _deleted,
    "access-sources-add-only": _source_removed,
    "access-routes-snapshot": _group_edited,
    "access-missing-route-opens": _dangling,
    "access-name-only": _identities,
    "access-destination-homonym": _destinations,
    "access-source-namespace-ignored": _identities,
    "access-one-pod-per-account": _destinations,
    "access-symmetric": _destinations,
    "access-own-account": _identities,
    "access-match-names-ignored": _names,
    "access-omitted-matches-none": _names,
    "access-unknown-match-widens": _names,
    "access-tcp-ports-ignored": _port_table,
    "access-empty-ports-none": _port_table,
    "access-tcp-route-opens-http": _port_table,
    "access-last-tcp-route-wins": _port_table,
    "access-udp-ports-ignored": _port_table,
    "access-protocol-ignored": _port_table,
    "access-http-grant-opens-tcp": _port_table,
    "access-bindings-unread": _by_labels,
    "access-binding-labels-by-account": _by_labels,
    "access-binding-labels-select-callers": _by_labels,
    "access-bindings-read-once": _binding_edited,
    "access-binding-labels-read-once": _relabelled,
    "access-binding-labels-add-only": _relabelled,
    "specs-group-activates-itself": _loose_group,
    "specs-pinned-to-start": _bad_regex,
    "specs-dot-excludes-slash": _requests({"pathRegex": ".*"}, {"path": "/a/b"}),
    "specs-path-search": _requests({"pathRegex": "/m"}, {"path": "/x/m"}),
    "specs-path-literal-prefix": _requests({"pathRegex": "/v[12]"}, {"path": "/v1"}),
    "specs-anchor-first-branch-only": _requests(
        {"pathRegex": "/a|/b"}, {"path": "/a"}, {"path": "/x/b"}, {"path": "/x/a"}
    ),
    "specs-method-ignored": _requests({"methods": ["GET"]}, {"method": "PUT"}),
    "specs-first-method-only": _requests({"methods": ["GET", "PUT"]}, {"method": "PUT"}),
    "specs-star-is-listed-methods": _requests({"methods": ["*"]}, {"method": "TRACE"}),
    "specs-missing-header-passes": _requests({"headers": [{"k": "v"}]}, {}),
    "specs-header-presence-only": _requests({"headers": [{"k": "v"}]}, {"k": "w"}),
    "specs-last-header-only": _requests({"headers": [{"k": "v"}, {"l": "v"}]}, {"l": "v"}),
    "specs-routes-anded": _requests({"pathRegex": "/x"}, {"path": "/x"}, others=({"pathRegex": "/y"},)),
    "specs-headers-ignored-beside-path": _requests({"pathRegex": "/x", "headers": [{"k": "v"}]}, {"path": "/x"}),
    "specs-header-only-means-get": _requests({"headers": [{"k": "v"}]}, {"k": "v", "method": "PUT"}),
    "specs-header-name-case-sensitive": _requests({"headers": [{"X-K": "v"}]}, {"x-k": "v"}),
}


@pytest.mark.parametrize("name", ACCESS)
def test_a_fault_of_access_shows(name: str, make_world: Callable[..., World]) -> None:
    """The same questions are answered differently."""
    assert ACCESS[name](make_world(name)) != ACCESS[name](make_world())
