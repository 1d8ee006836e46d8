"""pods/log and the checks in front of pods/exec: is the pod there, which container, what was asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import datetime

from aiohttp import web

from pytest_smi.reference.kube.lifecycle import PODS
from pytest_smi.reference.kube.objects import Object
from pytest_smi.reference.kube.parts import Parts
from pytest_smi.reference.kube.paths import RequestInfo, is_true
from pytest_smi.reference.kube.podaccess import PodAccess
from pytest_smi.reference.kube.status import ApiError, BadRequest, Cause, Invalid
from pytest_smi.reference.kube.websocket_exec import accepts_websocket, serve_exec

FIRST_WAIT = 0.25
"""Seconds that a followed log may take to say that it cannot be read; after that the answer begins with 200."""


def _on(query: Mapping[str, str], name: str) -> bool:
    return name in query and is_true(query[name])


def _access(parts: Parts) -> PodAccess:
    if parts.pod_access is None:
        raise ApiError("no node is there to reach the pod", code=503, reason="ServiceUnavailable")
    return parts.pod_access


def chosen_container(pod: Object, asked: str | None) -> str:
    """Return the container that the request means; raises BadRequest when it is not of the pod, or when it must be
    said."""
    name, spec = pod["metadata"]["name"], pod["spec"]
    containers = [container["name"] for container in spec.get("containers") or ()]
    inits = [container["name"] for container in spec.get("initContainers") or ()]
    if asked:
        if asked not in containers + inits:
            raise BadRequest(f"container {asked} is not valid for pod {name}")
        return asked
    if len(containers) == 1:
        return str(containers[0])
    others = f" or one of the init containers: [{' '.join(inits)}]" if inits else ""
    raise BadRequest(
        f"a container name must be specified for pod {name}, choose one of: [{' '.join(containers)}]{others}"
    )


async def answer_exec(parts: Parts, request: web.BaseRequest, info: RequestInfo) -> web.StreamResponse:
    """Start a program in a pod and connect it with the client's websocket."""
    pod = parts.store.get(PODS, info.namespace, info.name)
    query = request.query
    command = query.getall("command", [])
    if not command:
        raise BadRequest("you must specify at least 1 command for the container")
    container = chosen_container(pod, query.get("container"))
    phase = (pod.get("status") or {}).get("phase")
    if phase in ("Succeeded", "Failed"):
        raise BadRequest(f"cannot exec into a container in a completed pod; current phase is {phase}")
    if not accepts_websocket(request):
        raise BadRequest(
            "Upgrade request required: exec is served over websocket (v5.channel.k8s.io, v4.channel.k8s.io)"
        )
    tty = _on(query, "tty")
    wanted = {name: _on(query, name) for name in ("stdin", "stdout", "stderr")}
    if not any(wanted.values()):
        raise BadRequest("you must specify at least one of stdin, stdout, stderr")
    session = await _access(parts).exec(info.namespace, info.name, container, list(command), tty=tty, **wanted)
    return await serve_exec(request, session, parts.endings, stdin=wanted["stdin"], command=command)


def _whole(pod: str, query: Mapping[str, str], name: str, lowest: int) -> int | None:
    if not query.get(name):
        return None
    try:
        value = int(query[name])
    except ValueError:
        value = lowest - 1
    if value < lowest:
        text = f"Invalid value: {query[name]}: must be greater than or equal to {lowest}"
        raise Invalid("PodLogOptions", "", pod, [Cause(field=name, reason="FieldValueInvalid", message=text)])
    return value


async def answer_log(parts: Parts, request: web.BaseRequest, info: RequestInfo) -> web.StreamResponse:
    """Return a container's output as text."""
    pod = parts.store.get(PODS, info.namespace, info.name)
    query = request.query
    asked = query.get("container") or None
    since: float | None = _whole(info.name, query, "sinceSeconds", 1)
    if since is None and query.get("sinceTime"):
        try:
            since = max(0.0, parts.clock() - datetime.fromisoformat(query["sinceTime"]).timestamp())
        except ValueError:
            raise BadRequest("sinceTime must be an RFC 3339 time") from None
    follow = _on(query, "follow")
    stream = _access(parts).logs(
        info.namespace,
        info.name,
        chosen_container(pod, asked),
        follow=follow,
        tail_lines=_whole(info.name, query, "tailLines", 0),
        since_seconds=since,
        timestamps=_on(query, "timestamps"),
        previous=_on(query, "previous"),
    )
    return await _stream(request, stream, _whole(info.name, query, "limitBytes", 1))


async def _stream(request: web.BaseRequest, stream: AsyncIterator[bytes], limit: int | None) -> web.StreamResponse:
    pieces = aiter(stream)
    first = asyncio.ensure_future(anext(pieces, b""))
    try:
        await asyncio.wait({first}, timeout=FIRST_WAIT)
        if first.done() and (fault := first.exception()) is not None:
            raise fault
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        left = limit
        piece = await first
        while piece:
            if left is not None:
                piece = piece[:left]
                left -= len(piece)
            await response.write(piece)
            if left == 0:
                break
            piece = await anext(pieces, b"")
        await response.write_eof()
        return response
    finally:
        first.cancel()
        close = getattr(stream, "aclose", None)
        if close is not None and (first.done() or first.cancelled()):
            await close()
