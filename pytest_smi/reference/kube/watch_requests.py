"""Watches over HTTP: one chunked answer that lasts until its time is over, the client goes, or the server stops."""

from __future__ import annotations

import asyncio
import contextlib
import random

from aiohttp import web

from pytest_smi.reference.kube import paths
from pytest_smi.reference.kube.parts import Parts
from pytest_smi.reference.kube.rendering import Rendering
from pytest_smi.reference.kube.resources import Resource
from pytest_smi.reference.kube.selectors import Predicate
from pytest_smi.reference.kube.status import ApiError, BadRequest, Gone, Invalid, forbidden_field
from pytest_smi.reference.kube.watches import Watcher, gone_line

LONGEST = 1800.0
"""Seconds that a watch without timeoutSeconds lasts at least; up to twice that, so that not all end together."""


async def answer_watch(
    parts: Parts, request: web.BaseRequest, resource: Resource, namespace: str | None, predicate: Predicate | None
) -> web.StreamResponse:
    """Serve one watch."""
    version = request.query.get("resourceVersion", "")
    if paths.is_true(request.query.get("sendInitialEvents")) and request.query.get("sendInitialEvents"):
        why = "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled"
        raise Invalid("ListOptions", "meta.k8s.io", "", [forbidden_field("sendInitialEvents", why)])
    if version and not version.isdecimal():
        text = f'resourceVersion: Invalid value: "{version}": strconv.ParseUint: parsing "{version}": invalid syntax'
        raise ApiError(text, reason="")
    try:
        seconds = float(request.query.get("timeoutSeconds") or LONGEST * random.uniform(1, 2))
    except ValueError:
        raise BadRequest("timeoutSeconds must be a number") from None
    watcher = Watcher(
        parts.store, resource.key, namespace, predicate, Rendering.accepted(request, resource, parts.clock).form()
    )
    parts.watchers.add(watcher)
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Cache-Control": "no-cache, private"})
    response.enable_chunked_encoding()
    try:
        try:
            watcher.start(version)
        except Gone as error:
            await response.prepare(request)
            await response.write(gone_line(error))
            return response
        await response.prepare(request)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await _pump(watcher, response)
        await response.write_eof()
        return response
    finally:
        watcher.close()
        parts.watchers.discard(watcher)


async def _pump(watcher: Watcher, response: web.StreamResponse) -> None:
    while True:
        await watcher.wake.wait()
        if data := watcher.take():
            await response.write(data)
        elif watcher.closed:
            return
