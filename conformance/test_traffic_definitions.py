"""The resource definitions of Traffic Access Control, Specs and Split: their names, and what they refuse.

A definition alone is no mesh, so a grant or a split that is in effect under these names stands beside what is asked.
"""

from collections.abc import Mapping
from typing import Any

from pytest_smi.scenario.scenario import (
    MARKED,
    PLAIN,
    HTTPRouteGroup,
    Inconclusive,
    Rule,
    Scenario,
    Workload,
    assertion,
    control,
    match,
)


@assertion("TA-90", level="MUST (derived)", source="access v1alpha3 §TrafficTarget", needs=["specs"])
def test_definition_of_targets(smi: Scenario) -> None:
    """TrafficTarget is a namespaced kind of access.smi-spec.io, `traffictargets` or `tt` for short,
    that takes rules of the specification's kinds and no others."""
    srv, a = smi.server(), smi.client("a")
    group = _in_use(smi, srv, a)
    _require_names(smi, "access", {"traffictargets": ("TrafficTarget", "tt")})
    known = [smi.target(srv, group, sources=[a]), smi.target(srv, smi.tcp_route("tcp"), sources=[a])]
    udp = smi.target(srv, smi.udp_route("udp"), sources=[a])
    for target in [*known, udp] if smi.has("udp") and smi.can_say(udp) else known:
        smi.require(not smi.refused(target), f"a rule of the kind {target.rules[0].kind} is refused")
    unknown = smi.target(srv, Rule(kind="NoSuchRoute", name=group.name), sources=[a])
    smi.require(bool(smi.refused(unknown)), "a rule of the kind NoSuchRoute would be stored")


@assertion(
    "TS-49", level="MUST (derived)", source="specs v1alpha4 §HTTPRouteGroup, §TCPRoute, §UDPRoute", needs=["access"]
)
def test_definitions_of_routes(smi: Scenario) -> None:
    """HTTPRouteGroup (`htr`), TCPRoute (`tr`) and UDPRoute (`ur`) are namespaced kinds of specs.smi-spec.io;
    a route needs a name, and its methods are of the specification's list."""
    srv, a = smi.server(), smi.client("a")
    _in_use(smi, srv, a)
    names = {"httproutegroups": ("HTTPRouteGroup", "htr"), "tcproutes": ("TCPRoute", "tr")}
    if smi.has("udp") and smi.can_say(smi.udp_route("udp")):
        names["udproutes"] = ("UDPRoute", "ur")
    _require_names(smi, "specs", names if smi.has("tcp") else {"httproutegroups": names["httproutegroups"]})
    every = ["GET", "HEAD", "PUT", "POST", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"]
    known = smi.routes("known", match("m", "/m", ["*"]), match("n", "/n", every))
    smi.require(not smi.refused(known), "a group whose routes name every method of the specification is refused")
    unknown = smi.routes("unknown", match("m", "/m", ["NOSUCHMETHOD"]))
    smi.require(bool(smi.refused(unknown)), "a route with the method NOSUCHMETHOD would be stored")
    nameless = smi.written(smi.routes("nameless", match("m", "/m")))
    for route in (nameless.get("spec") or nameless)["matches"]:
        del route["name"]
    smi.require(bool(smi.refused(nameless)), "a route without a name would be stored")


@assertion("SP-70", level="MUST (derived)", source="split v1alpha4 §Specification")
def test_definition_of_splits(smi: Scenario) -> None:
    """TrafficSplit is a namespaced kind of split.smi-spec.io, `trafficsplits` or `ts` for short. It is refused without
    root, backends, a backend's Service or weight, and with `matches` of another kind than HTTPRouteGroup."""
    a, v1 = smi.client("a"), smi.server("v1", ports=MARKED)
    root = smi.service("app", [v1], ports=PLAIN)
    smi.open_to_all(v1, sources=[a])
    split = smi.split(root, {v1: 100})
    smi.apply(split)
    smi.control_port(a.get(root), 8081)
    _require_names(smi, "split", {"trafficsplits": ("TrafficSplit", "ts")})
    other = smi.split(root, {v1: 100}, name="other")
    smi.require(not smi.refused(other), "a split as the specification writes it is refused")
    for field in ("service", "backends"):
        _require_refusal(smi, _without(smi.written(other), field), f"without `{field}`")
    for field in ("service", "weight"):
        broken = smi.written(other)
        broken["spec"]["backends"] = [_cut(backend, field) for backend in broken["spec"]["backends"]]
        _require_refusal(smi, broken, f"with a backend without `{field}`")
    segment = smi.split(root, {v1: 100}, matches=[smi.routes("segment")], name="segment")
    if smi.can_say(segment):
        unknown = smi.written(segment)
        unknown["spec"]["matches"][0]["kind"] = "NoSuchRoute"
        _require_refusal(smi, unknown, "with `matches` of the kind NoSuchRoute")


def _in_use(smi: Scenario, srv: Workload, source: Workload) -> HTTPRouteGroup:
    """Control: a TrafficTarget and its HTTPRouteGroup of the tested versions take effect; return the group."""
    call = source.get(srv, "/m")
    smi.closed_so_far(call)
    group, _ = smi.grant(srv, match("m", "/m"), sources=[source], name="in-use")
    smi.expect(control(call), hold=False)
    return group


def _require_names(smi: Scenario, api: str, names: dict[str, tuple[str, str]]) -> None:
    """Fail unless discovery lists each plural as a namespaced kind with its short name."""
    answer = smi.api(f"/apis/{api}.smi-spec.io/{smi.versions[api]}")
    if not answer.ok:
        raise Inconclusive(f"the resources of {api}.smi-spec.io cannot be listed: {answer.message}")
    listed: dict[str, Any] = {entry.get("name"): entry for entry in answer.body.get("resources") or []}
    for plural, (kind, short) in names.items():
        smi.require(plural in listed, f"{plural} are not among the resources {', '.join(sorted(listed))}")
        entry = listed[plural]
        found = entry.get("kind"), entry.get("namespaced"), tuple(entry.get("shortNames") or ())
        smi.require(
            found[:2] == (kind, True) and short in found[2],
            f"expected {plural} to be a namespaced kind {kind} with the short name {short}, found the kind {found[0]}, "
            f"{'namespaced' if found[1] else 'not namespaced'}, short names {', '.join(found[2]) or 'none'}",
        )


def _require_refusal(smi: Scenario, manifest: dict[str, Any], what: str) -> None:
    smi.require(bool(smi.refused(manifest)), f"a split {what} would be stored")


def _without(manifest: dict[str, Any], field: str) -> dict[str, Any]:
    return {**manifest, "spec": _cut(manifest["spec"], field)}


def _cut(fields: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if key != name}
