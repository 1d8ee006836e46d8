"""HTTPRouteGroup, TCPRoute and UDPRoute in every version of specs.smi-spec.io, both ways. Pure.

v1alpha1 and v1alpha2 have `matches` at the top level; headers came with v1alpha2, the `spec` around everything with
v1alpha3, ports and UDPRoute with v1alpha4.
"""

from __future__ import annotations

from typing import Any, Literal

from pytest_smi.smi.model import HTTPMatch, HTTPRouteGroup, TCPRoute, UDPRoute
from pytest_smi.smi.object_reader import Reader
from pytest_smi.smi.versions import before, not_expressible

HeaderForm = Literal["list", "map"]
"""How header filters are written. The list of one-key maps is what every published definition takes; the
specification's later text shows a map, and a mesh with a definition of its own may want that."""


def group_body(record: HTTPRouteGroup, version: str, headers: HeaderForm) -> dict[str, Any]:
    """Return the fields of an HTTPRouteGroup beside its metadata. Raises NotExpressible."""
    matches = [_match(match, version, headers) for match in record.matches]
    return {"matches": matches} if before(version, "v1alpha3") else {"spec": {"matches": matches}}


def read_group(name: str, namespace: str, item: Reader, version: str) -> HTTPRouteGroup:
    """Read what `group_body` writes, headers in either form. Raises ValueError."""
    top = item if before(version, "v1alpha3") else item.inner("spec")
    return HTTPRouteGroup(
        name=name, namespace=namespace, matches=tuple(_read_match(match, version) for match in top.each("matches"))
    )


def route_body(record: TCPRoute | UDPRoute, version: str) -> dict[str, Any]:
    """Return the fields of a TCPRoute or UDPRoute beside its metadata. Raises NotExpressible."""
    if not before(version, "v1alpha4"):
        # The key stays although the list is empty: published definitions require it.
        return {"spec": {"matches": {"ports": list(record.ports)}}}
    if isinstance(record, UDPRoute):
        raise not_expressible("specs", version, "a UDPRoute")
    if record.ports:
        raise not_expressible("specs", version, "the ports of a TCPRoute")
    return {"spec": {}} if version == "v1alpha3" else {}


def read_route(
    kind: type[TCPRoute] | type[UDPRoute], name: str, namespace: str, item: Reader, version: str
) -> TCPRoute | UDPRoute:
    """Read what `route_body` writes. Raises ValueError."""
    if before(version, "v1alpha4"):
        if kind is UDPRoute:
            raise ValueError(f"specs {version} has no UDPRoute")
        return kind(name=name, namespace=namespace)
    return kind(name=name, namespace=namespace, ports=item.inner("spec").inner("matches").numbers("ports"))


def _match(match: HTTPMatch, version: str, form: HeaderForm) -> dict[str, Any]:
    if version == "v1alpha1":
        if match.headers:
            raise not_expressible("specs", version, "header filters")
        if match.path is None or match.methods is None:
            raise not_expressible("specs", version, "a route without pathRegex or without methods")
    rendered: dict[str, Any] = {"name": match.name}
    if match.path is not None:
        rendered["pathRegex"] = match.path
    if match.methods is not None:
        rendered["methods"] = list(match.methods)
    if match.headers:
        if form == "map" and len(dict(match.headers)) < len(match.headers):
            raise not_expressible("specs", version, "two filters of one header, where header filters are a map")
        rendered["headers"] = dict(match.headers) if form == "map" else [{name: value} for name, value in match.headers]
    return rendered


def _read_match(match: Reader, version: str) -> HTTPMatch:
    headers: tuple[tuple[str, str], ...] = ()
    if match.has("headers") and version != "v1alpha1":
        written = [match.inner("headers")] if isinstance(match.value["headers"], dict) else match.each("headers")
        headers = tuple(pair for one in written for pair in one.pairs())
    return HTTPMatch(
        name=match.text("name"),
        path=match.optional_text("pathRegex"),
        methods=match.texts("methods") if match.has("methods") else None,
        headers=headers,
    )
