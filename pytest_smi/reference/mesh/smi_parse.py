"""SMI objects read strictly: TrafficTarget, IdentityBinding, HTTPRouteGroup, TCPRoute,
UDPRoute and TrafficSplit off the API's JSON; pure.

Every API version is read, told apart by where the fields are and not by `apiVersion`: the definitions convert nothing,
so that an object written in one version is read back under the name of another. Fields at the top level are of the
first versions (access v1alpha1, specs v1alpha1 and v1alpha2); a `destination.port` is of access v1alpha1 and v1alpha2;
weights in quotes are quantities of split v1alpha1.

Every parser raises `SmiError` with the dotted path of what is wrong,
so that one undecodable object can be set aside alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_smi.reference.mesh.label_selectors import OPERATORS, Requirement, Selector
from pytest_smi.reference.mesh.smi import (
    ANY_PORT,
    HttpRoute,
    Identity,
    IdentityBinding,
    PortRoute,
    RouteGroup,
    Rule,
    SmiError,
    TrafficSplit,
    TrafficTarget,
)
from pytest_smi.reference.mesh.weights import WeightError, whole_weights


def parse_target(obj: Mapping[str, Any]) -> TrafficTarget:
    """Read a TrafficTarget.

    A subject without namespace is in the target's own (AMB-20); other kinds of subject are inert.
    """
    namespace, name = _meta(obj)
    old = "spec" not in obj and not {"destination", "specs", "sources"}.isdisjoint(obj)
    spec, at, rules_key = (obj, "", "specs") if old else (_dict(obj.get("spec", {}), "spec"), "spec.", "rules")
    raw = spec.get("destination")
    destination = _subject(raw, f"{at}destination", namespace) if raw is not None else None
    port = raw.get("port") if raw is not None else None
    sources = [
        _subject(entry, f"{at}sources[{i}]", namespace)
        for i, entry in enumerate(_list(spec.get("sources"), f"{at}sources"))
    ]
    rules = [
        _rule(entry, f"{at}{rules_key}[{i}]") for i, entry in enumerate(_list(spec.get(rules_key), f"{at}{rules_key}"))
    ]
    return TrafficTarget(
        namespace=namespace,
        name=name,
        destination=destination,
        sources=tuple(s for s in sources if s is not None),
        rules=tuple(rules),
        port=None if port is None else _port(_whole(port), f"{at}destination.port"),
        placed=raw is not None and bool(raw.get("namespace")),
        unplaced=tuple(
            str(entry.get("name")) for entry in _list(spec.get("sources"), at) if not entry.get("namespace")
        ),
        destination_binding=None if raw is None else _binding(raw, f"{at}destination", namespace),
        source_bindings=tuple(
            key for entry in _list(spec.get("sources"), f"{at}sources") if (key := _binding(entry, at, namespace))
        ),
    )


def parse_binding(obj: Mapping[str, Any]) -> IdentityBinding:
    """Read an IdentityBinding (draft access v1alpha4)."""
    namespace, name = _meta(obj)
    schemes = _dict(_dict(obj.get("spec", {}), "spec").get("schemes") or {}, "spec.schemes")
    account = schemes.get("serviceAccount")
    spiffe = _list(schemes.get("spiffeIdentities"), "spec.schemes.spiffeIdentities")
    return IdentityBinding(
        namespace=namespace,
        name=name,
        account="" if account is None else _text(account, "spec.schemes.serviceAccount"),
        spiffe=tuple(_text(text, f"spec.schemes.spiffeIdentities[{i}]") for i, text in enumerate(spiffe)),
        selector=_selector(schemes.get("podLabelSelector"), "spec.schemes.podLabelSelector"),
    )


def parse_group(obj: Mapping[str, Any]) -> RouteGroup:
    """Read an HTTPRouteGroup. Headers may be a list of maps (CRD, SDK) or one map (prose on main)."""
    namespace, name = _meta(obj)
    old = "spec" not in obj and "matches" in obj
    at = "matches" if old else "spec.matches"
    entries = _list(obj.get("matches") if old else _dict(obj.get("spec", {}), "spec").get("matches"), at)
    return RouteGroup(
        namespace=namespace, name=name, routes=tuple(_route(e, f"{at}[{i}]") for i, e in enumerate(entries))
    )


def parse_port_route(obj: Mapping[str, Any]) -> PortRoute:
    """Read a TCPRoute or UDPRoute. Before specs v1alpha4 it has no body and means every port."""
    namespace, name = _meta(obj)
    matches = _dict(_dict(obj.get("spec", {}), "spec").get("matches") or {}, "spec.matches")
    ports = [
        _port(p, f"spec.matches.ports[{i}]") for i, p in enumerate(_list(matches.get("ports"), "spec.matches.ports"))
    ]
    return PortRoute(namespace=namespace, name=name, ports=tuple(ports) or ANY_PORT)


def parse_split(obj: Mapping[str, Any]) -> TrafficSplit:
    """Read a TrafficSplit.

    Weights are whole numbers from 0 or quantities; anything else makes the split unreadable (AMB-26).
    """
    namespace, name = _meta(obj)
    spec = _dict(obj.get("spec", {}), "spec")
    services: list[str] = []
    raw: list[Any] = []
    for i, entry in enumerate(_list(spec.get("backends"), "spec.backends")):
        backend = _dict(entry, f"spec.backends[{i}]")
        services.append(_text(backend.get("service"), f"spec.backends[{i}].service"))
        raw.append(backend.get("weight"))
    try:
        weights = whole_weights(raw)
    except WeightError as error:
        raise SmiError(f"spec.backends[{error.index}].weight {error}") from error
    matches = _list(spec.get("matches"), "spec.matches")
    groups = tuple(
        _text(_dict(m, f"spec.matches[{i}]").get("name"), f"spec.matches[{i}].name") for i, m in enumerate(matches)
    )
    meta = obj["metadata"]
    return TrafficSplit(
        namespace=namespace,
        name=name,
        uid=str(meta.get("uid", "")),
        created=str(meta.get("creationTimestamp", "")),
        service=_text(spec.get("service"), "spec.service").split(".", 1)[0],
        backends=tuple(zip(services, weights, strict=True)),
        matches=groups or None,  # AMB-17: an empty list is read as an absent one
    )


def _meta(obj: Mapping[str, Any]) -> tuple[str, str]:
    meta = _dict(obj.get("metadata"), "metadata")
    return _text(meta.get("namespace"), "metadata.namespace"), _text(meta.get("name"), "metadata.name")


def _subject(value: Any, where: str, namespace: str) -> Identity | None:
    subject = _dict(value, where)
    if subject.get("kind") != "ServiceAccount":  # AMB-22: other kinds are stored but mean nothing here
        return None
    return _text(subject.get("namespace") or namespace, f"{where}.namespace"), _text(
        subject.get("name"), f"{where}.name"
    )


def _binding(subject: Mapping[str, Any], where: str, namespace: str) -> tuple[str, str] | None:
    if subject.get("kind") != "IdentityBinding":
        return None
    return _text(subject.get("namespace") or namespace, f"{where}.namespace"), _text(
        subject.get("name"), f"{where}.name"
    )


def _selector(value: Any, where: str) -> Selector | None:
    if value is None:
        return None
    selector = _dict(value, where)
    equal = _dict(selector.get("matchLabels") or {}, f"{where}.matchLabels")
    expressions = _list(selector.get("matchExpressions"), f"{where}.matchExpressions")
    return Selector(
        requirements=(
            *(
                Requirement(key=key, operator="In", values=(_string(text, f"{where}.matchLabels.{key}"),))
                for key, text in equal.items()
            ),
            *(_requirement(entry, f"{where}.matchExpressions[{i}]") for i, entry in enumerate(expressions)),
        )
    )


def _requirement(value: Any, where: str) -> Requirement:
    entry = _dict(value, where)
    operator, values = entry.get("operator"), _list(entry.get("values"), f"{where}.values")
    if operator not in OPERATORS:
        raise SmiError(f"{where}.operator must be one of {', '.join(OPERATORS)}, found {operator!r}: correct it")
    if bool(values) != (operator in ("In", "NotIn")):  # a condition on none of them would hold for every pod
        raise SmiError(f"{where}.values must be there for In and NotIn alone, found {values!r}: correct it")
    return Requirement(
        key=_text(entry.get("key"), f"{where}.key"),
        operator=operator,
        values=tuple(_string(text, f"{where}.values[{i}]") for i, text in enumerate(values)),
    )


def _rule(value: Any, where: str) -> Rule:
    rule = _dict(value, where)
    names = [_text(n, f"{where}.matches[{i}]") for i, n in enumerate(_list(rule.get("matches"), f"{where}.matches"))]
    return Rule(
        kind=_text(rule.get("kind"), f"{where}.kind"),
        name=_text(rule.get("name"), f"{where}.name"),
        matches=None if rule.get("matches") is None else tuple(names),
    )


def _route(value: Any, where: str) -> HttpRoute:
    route = _dict(value, where)
    path = route.get("pathRegex")
    methods = route.get("methods")
    raw = route.get("headers")
    maps = [raw] if isinstance(raw, Mapping) else _list(raw, f"{where}.headers")
    headers = [
        (_text(name, f"{where}.headers"), _string(pattern, f"{where}.headers.{name}"))
        for entry in maps
        for name, pattern in _dict(entry, f"{where}.headers").items()
    ]
    return HttpRoute(
        name=_text(route.get("name"), f"{where}.name"),
        path=None if path is None else _string(path, f"{where}.pathRegex"),
        methods=tuple(_text(m, f"{where}.methods") for m in _list(methods, f"{where}.methods")) or None,
        headers=tuple(headers),
    )


def _dict(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise SmiError(f"{where} must be an object, found {value!r}: write it as the SMI CRD describes")
    return value


def _list(value: Any, where: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise SmiError(f"{where} must be a list, found {value!r}: write it as the SMI CRD describes")
    return value


def _string(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise SmiError(f"{where} must be a string, found {value!r}: quote it")
    return value


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value:
        raise SmiError(f"{where} must be a non-empty string, found {value!r}: set it")
    return value


def _port(value: Any, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 65536:
        raise SmiError(f"{where} must be a port from 1 to 65535, found {value!r}: correct it")
    return value


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value
