"""One request from socket to answer: who asks, what for, may they, and who handles it.

Every ApiError becomes its Status here.
"""

from __future__ import annotations

import asyncio
import logging

from aiohttp import web

from pytest_smi.reference.kube import authentication, paths, plain_requests
from pytest_smi.reference.kube.parts import Parts, json_response
from pytest_smi.reference.kube.rbac import Attributes, User
from pytest_smi.reference.kube.resource_requests import ResourceRequests
from pytest_smi.reference.kube.status import ApiError, Forbidden, ResourceKey

log = logging.getLogger(__name__)


class RequestHandler:
    """Answers every request of one server."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._resources = ResourceRequests(parts)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Return the answer; never raises but for cancellation."""
        try:
            return await self._answer(request)
        except ApiError as error:
            return json_response(error.body(), error.code)
        except web.HTTPRequestEntityTooLarge:
            large = ApiError("Request entity too large: limit is 3145728", code=413, reason="RequestEntityTooLarge")
            return json_response(large.body(), large.code)
        except (asyncio.CancelledError, ConnectionError):
            raise
        except Exception as fault:
            log.exception("cannot answer %s %s", request.method, request.path)
            internal = ApiError(f"Internal error occurred: {type(fault).__name__}: {fault}")
            return json_response(internal.body(), internal.code)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        info = paths.parse(request.method, request.rel_url.raw_path, request.query)
        user = authentication.impersonated(
            authentication.authenticate(request.headers, self._parts.tokens), request.headers, self._parts.authorizer
        )
        self._authorize(user, info)
        parts = [part for part in info.path.split("/") if part]
        if (
            len(parts) >= 3
            and parts[0] == "apis"
            and (service := self._parts.aggregator.service_for(parts[1], parts[2]))
        ):
            return await self._parts.aggregator.proxy(service, request, user)
        if info.is_resource:
            return await self._resources.answer(request, info, user)
        return await plain_requests.answer(self._parts, request, info.path)

    def _authorize(self, user: User, info: paths.RequestInfo) -> None:
        if info.is_resource:
            asked = Attributes(
                verb=info.verb,
                group=info.group,
                resource=info.resource,
                subresource=info.subresource,
                namespace=info.namespace,
                name=info.name,
            )
        else:
            asked = Attributes(verb=info.verb, path=info.path)
        if self._parts.authorizer.allows(user, asked):
            return
        if not info.is_resource:
            raise ApiError(f"forbidden: {asked.denial(user)}", code=403, reason="Forbidden", details={})
        raise Forbidden(ResourceKey(info.group, info.resource), info.name, asked.denial(user))
