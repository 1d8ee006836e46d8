"""Requests that are about no resource: health, version, discovery, OpenAPI."""

from __future__ import annotations

from aiohttp import web

from pytest_smi.reference.kube import discovery, openapi
from pytest_smi.reference.kube.parts import Parts, json_response
from pytest_smi.reference.kube.resources import BUILTIN_GROUPS
from pytest_smi.reference.kube.status import ApiError

_HEALTH = ("healthz", "livez", "readyz")


def not_found() -> web.Response:
    """Return the answer for paths that nobody serves: plain text, as in Kubernetes."""
    return web.Response(status=404, text="404 page not found\n")


def unknown_resource() -> ApiError:
    """Return the 404 answer inside of a built-in group: a Status, as in Kubernetes."""
    return ApiError("the server could not find the requested resource", code=404, reason="NotFound", details={})


def nothing_at(path: str) -> web.Response:
    """Return the answer for a path below /api and /apis that nobody serves;
    raises it as Status when the group is a built-in one."""
    names = [part for part in path.split("/") if part]
    if (names[:1] == ["api"] and len(names) > 1) or (
        names[:1] == ["apis"] and len(names) > 2 and names[1] in BUILTIN_GROUPS
    ):
        raise unknown_resource()
    return not_found()


async def answer(parts: Parts, request: web.BaseRequest, path: str) -> web.StreamResponse:
    """Return the answer to a request whose path names no resource."""
    names = [part for part in path.split("/") if part]
    if names and names[0] in _HEALTH:
        return web.Response(text="ok")
    if request.method not in ("GET", "HEAD"):
        return (
            not_found()
            if names[:1] not in (["api"], ["apis"])
            else web.Response(status=405, text="405 method not allowed\n")
        )
    registry, aggregator = parts.registry, parts.aggregator
    match names:
        case []:
            return json_response(
                {
                    "paths": [
                        "/api",
                        "/api/v1",
                        "/apis",
                        "/healthz",
                        "/livez",
                        "/openapi/v2",
                        "/openapi/v3",
                        "/readyz",
                        "/version",
                    ]
                }
            )
        case ["version"]:
            return json_response(discovery.VERSION)
        case ["api"]:
            return json_response(discovery.api_versions(request.host))
        case ["apis"]:
            return json_response(discovery.api_group_list(discovery.merged_versions(registry, aggregator.served())))
        case ["apis", group]:
            versions = discovery.merged_versions(registry, aggregator.served()).get(group)
            return json_response(discovery.api_group(group, versions)) if versions else not_found()
        case ["api", "v1"]:
            return json_response(discovery.resource_list("", "v1", registry.in_version("", "v1")))
        case ["apis", group, version] if registry.in_version(group, version):
            return json_response(discovery.resource_list(group, version, registry.in_version(group, version)))
        case ["openapi", "v2"]:
            if "protobuf" in request.headers.get("Accept", ""):
                return web.Response(body=openapi.V2_PROTOBUF, headers={"Content-Type": openapi.V2_PROTOBUF_TYPE})
            return json_response(openapi.V2_JSON)
        case ["openapi", "v3"]:
            pairs = sorted({(resource.group, resource.version) for resource in registry.all()})
            return json_response(openapi.v3_index(pairs, registry.generation))
        case ["openapi", "v3", "api", version]:
            return json_response(openapi.v3_document(registry.in_version("", version)))
        case ["openapi", "v3", "apis", group, version] if registry.in_version(group, version):
            return json_response(openapi.v3_document(registry.in_version(group, version)))
    return nothing_at(path)
