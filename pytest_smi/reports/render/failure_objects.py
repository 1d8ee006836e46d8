"""Which SMI objects should decide a call, and each of them in a few words, from the evidence of an assertion. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_smi.reports.render.loosely import mappings, strings

__all__ = ["objects_about", "objects_left"]

_SMI = ("TrafficTarget", "TrafficSplit", "HTTPRouteGroup", "TCPRoute", "UDPRoute", "IdentityBinding")
_MOST_OBJECTS = 6
_Manifest = Mapping[str, Any]


def objects_left(
    timeline: Sequence[Mapping[str, Any]], manifests: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """Return the SMI objects that were there at the end, each as it was applied last."""
    there: dict[str, Mapping[str, Any]] = {}
    for manifest in manifests:
        if manifest.get("kind") in _SMI:
            there[_name(manifest)] = manifest
    deleted: dict[str, bool] = {}
    for event in timeline:
        verb, _, name = str(event.get("event", "")).partition(" ")
        if verb in ("applied", "deleted"):
            deleted[name] = verb == "deleted"
    return [manifest for name, manifest in there.items() if not deleted.get(name)]


def objects_about(manifests: Sequence[Mapping[str, Any]], call: str) -> tuple[str, ...]:
    """Return the objects about the server that was called, and the routes that they name;
    all of them where none is about it."""
    hosts = [word.partition(".")[0].partition(":")[0].rpartition("/")[2] for word in call.split() if "." in word]
    about = [
        manifest
        for manifest in manifests
        if any(host in strings(manifest.get("spec"), manifest.get("destination")) for host in hosts)
    ]
    named = {text for manifest in about for text in strings(manifest.get("spec"), manifest.get("specs"))}
    chosen = [
        m
        for m in manifests
        if m in about or (m.get("kind") not in ("TrafficTarget", "TrafficSplit") and _short(m) in named)
    ] or list(manifests)
    # Objects that split, then those that grant, come before the routes that they name.
    order = ("TrafficSplit", "TrafficTarget")
    ordered = sorted(chosen, key=lambda m: order.index(kind) if (kind := m.get("kind")) in order else len(order))
    lines = [f"{_name(m)}{_says(m)}" for m in ordered]
    more = len(lines) - _MOST_OBJECTS
    return (*lines[:_MOST_OBJECTS], f"and {more} more, in the evidence") if more > 0 else tuple(lines)


def _says(manifest: Mapping[str, Any]) -> str:
    """Return an object in a few words."""
    spec = manifest.get("spec") if isinstance(manifest.get("spec"), Mapping) else manifest
    assert isinstance(spec, Mapping)
    if manifest.get("kind") == "TrafficSplit":
        parts = [f"{backend.get('service')} {backend.get('weight')}" for backend in mappings(spec.get("backends"))]
        return f" ({spec.get('service')}: {', '.join(parts)})"
    if manifest.get("kind") == "HTTPRouteGroup":
        parts = [
            f"{match.get('name')}: {','.join(map(str, match.get('methods') or ['*']))} "
            f"{match.get('pathRegex', '')}{_headers(match.get('headers'))}".rstrip()
            for match in mappings(spec.get("matches"))
        ]
        return f" ({'; '.join(parts)})" if parts else ""
    if manifest.get("kind") == "TrafficTarget":
        sources = ", ".join(
            f"{source.get('namespace')}/{source.get('name')}" for source in mappings(spec.get("sources"))
        )
        rules = [_rule(rule) for rule in mappings(spec.get("rules") or spec.get("specs"))]
        return f" (from {sources}: {', '.join(rules) or 'no rules'})"
    return ""


def _headers(headers: object) -> str:
    """Return the header filters of a route: a list of maps, or one map."""
    maps = [headers] if isinstance(headers, Mapping) else mappings(headers)
    return "".join(f" {name}: {pattern}" for one in maps for name, pattern in one.items())


def _rule(rule: Mapping[str, Any]) -> str:
    matches = rule.get("matches")
    named = f" {', '.join(map(str, matches))}" if isinstance(matches, list) else ""
    return f"{rule.get('kind')} {rule.get('name')}{named}"


def _name(manifest: Mapping[str, Any]) -> str:
    metadata = manifest.get("metadata")
    meta: Mapping[str, Any] = metadata if isinstance(metadata, Mapping) else {}
    return f"{manifest.get('kind')} {meta.get('namespace', '')}/{meta.get('name')}"


def _short(manifest: Mapping[str, Any]) -> str:
    return _name(manifest).rpartition("/")[2]
