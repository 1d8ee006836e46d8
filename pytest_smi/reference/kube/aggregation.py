"""API aggregation: which groups other servers serve (APIService), whether they are available,
and passing requests on to them."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from pytest_smi.reference.kube.certificates import Pair, load_pair
from pytest_smi.reference.kube.dialing import ResolveService, Target, Unreachable, new_session, target_of
from pytest_smi.reference.kube.objects import Event, Object, timestamp
from pytest_smi.reference.kube.rbac import User
from pytest_smi.reference.kube.status import NotFound, ResourceKey
from pytest_smi.reference.kube.store import Store

API_SERVICES = ResourceKey("apiregistration.k8s.io", "apiservices")
_CAUSES = frozenset((API_SERVICES, ResourceKey("", "endpoints"), ResourceKey("", "services")))
_HOP = frozenset(
    (
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "content-length",
        "host",
    )
)
CHECK_TIMEOUT = 5.0
"""Seconds that one availability check may take."""
PAUSE_AVAILABLE, PAUSE_MISSING = 10.0, 0.5
"""Seconds between checks when all servers are available, and when some are not."""
CONNECT_TIMEOUT = 5.0
"""Seconds to connect to an aggregated server before the client gets 503."""
_SYSTEM = User(name="system:kube-aggregator", groups=("system:masters",))


def identity_headers(user: User) -> list[tuple[str, str]]:
    """Return the headers that tell an aggregated server who asks."""
    headers = [("X-Remote-User", user.name), *(("X-Remote-Group", group) for group in user.groups)]
    if user.uid:
        headers.append(("X-Remote-Uid", user.uid))
    for name, values in user.extra.items():
        headers += [(f"X-Remote-Extra-{quote(name, safe='')}", value) for value in values]
    return headers


def forwarded_headers(headers: Iterable[tuple[str, str]], user: User) -> CIMultiDict[str]:
    """Return a request's headers without its credentials and connection, with the user's identity."""
    kept: CIMultiDict[str] = CIMultiDict()
    for name, value in headers:
        low = name.lower()
        if low not in _HOP and low != "authorization" and not low.startswith(("impersonate-", "x-remote-")):
            kept.add(name, value)
    for name, value in identity_headers(user):
        kept.add(name, value)
    return kept


def condition(old: Object | None, available: bool, reason: str, message: str, now: str) -> Object:
    """Return the Available condition; its time moves only when its status does."""
    status = "True" if available else "False"
    before: Object = next((c for c in ((old or {}).get("conditions") or ()) if c.get("type") == "Available"), {})
    since = before.get("lastTransitionTime", now) if before.get("status") == status else now
    return {"type": "Available", "status": status, "lastTransitionTime": since, "reason": reason, "message": message}


def unavailable(why: str) -> web.Response:
    """Return the 503 answer: plain text, as in Kubernetes."""
    return web.Response(status=503, text=f"{why}\n")


class Aggregator:
    """Passes requests on to aggregated servers. Shows them `pair` as its client certificate, as their front proxy."""

    def __init__(self, store: Store, resolve: ResolveService | None, pair: Pair, folder: Path) -> None:
        self._store = store
        self._resolve = resolve
        self._pair = pair
        self._folder = folder
        self._with_pair: set[ssl.SSLContext] = set()
        self._remote: dict[tuple[str, str], Object] = {}
        self._absent: set[str] = set()
        """APIServices without a Service or without endpoints.

        Others are tried even after a failed check: a slow one may answer.
        """
        self._changed = asyncio.Event()
        self._session: aiohttp.ClientSession | None = None
        self._task: asyncio.Task[None] | None = None
        self._unsubscribe = store.subscribe_all(self._on_event)

    def start(self) -> None:
        """Begin to check availability."""
        self._task = asyncio.get_running_loop().create_task(self._check_forever())

    async def stop(self) -> None:
        """End the checks and close the connections."""
        self._unsubscribe()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def service_for(self, group: str, version: str) -> Object | None:
        """Return the APIService by which another server serves that group and version; None when none does."""
        return self._remote.get((group, version))

    def served(self) -> list[tuple[str, str]]:
        """Groups and versions of aggregated servers; they are listed whether reachable or not, as in Kubernetes."""
        return list(self._remote)

    async def proxy(self, service: Object, request: web.BaseRequest, user: User) -> web.StreamResponse:
        """Pass one request on and its answer back; 503 when the server is not available or cannot be reached."""
        if service["metadata"]["name"] in self._absent:
            return unavailable("service unavailable")
        try:
            target = self._target(service)
            upstream = await self._connection().request(
                request.method,
                URL(target.base + request.raw_path, encoded=True),
                headers=forwarded_headers(request.headers.items(), user),
                data=await request.read() or None,
                ssl=target.context,
                server_hostname=target.host,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT),
            )
        except (Unreachable, aiohttp.ClientError, OSError, TimeoutError) as error:
            return unavailable(f"error trying to reach service: {error}")
        async with upstream:
            response = web.StreamResponse(status=upstream.status, reason=upstream.reason)
            for name, value in upstream.headers.items():
                if name.lower() not in _HOP:
                    response.headers.add(name, value)
            await response.prepare(request)
            async for piece in upstream.content.iter_any():
                await response.write(piece)
            await response.write_eof()
            return response

    def _on_event(self, event: Event) -> None:
        if event.key == API_SERVICES:
            spec = event.object["spec"]
            pair = (spec.get("group", ""), spec.get("version", ""))
            if event.type == "DELETED" or not spec.get("service"):
                self._remote.pop(pair, None)
                self._absent.discard(event.name)
            else:
                self._remote[pair] = event.object
        if event.key in _CAUSES:
            self._changed.set()

    def _target(self, service: Object) -> Target:
        spec = service["spec"]
        target = target_of(spec, self._resolve, insecure=bool(spec.get("insecureSkipTLSVerify")))
        if target.context not in self._with_pair:
            load_pair(target.context, self._pair, self._folder)
            self._with_pair.add(target.context)
        return target

    def _connection(self) -> aiohttp.ClientSession:
        self._session = self._session or new_session()
        return self._session

    async def _check_forever(self) -> None:
        while True:
            self._changed.clear()
            results = [await self._check(service) for service in list(self._remote.values())]
            pause = PAUSE_AVAILABLE if all(results) else PAUSE_MISSING
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._changed.wait()

    async def _check(self, service: Object) -> bool:
        spec = service["spec"]
        place = spec["service"]
        named = f'service/{place.get("name")} in "{place.get("namespace")}"'
        if self._store.find(ResourceKey("", "services"), place.get("namespace"), place.get("name", "")) is None:
            return self._note(service, False, "ServiceNotFound", f"{named} is not present")
        try:
            target = self._target(service)
            status = await self._discover(target, f"/apis/{spec['group']}/{spec['version']}")
        except Unreachable:
            text = f'endpoints for {named} have no addresses with port name "{self._port_name(place)}"'
            return self._note(service, False, "MissingEndpoints", text)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            text = f"failing or missing response from {target.base}: {type(error).__name__}: {error}"
            return self._note(service, False, "FailedDiscoveryCheck", text)
        if status >= 300:
            return self._note(
                service,
                False,
                "FailedDiscoveryCheck",
                f"failing or missing response from {target.base}: bad status {status}",
            )
        return self._note(service, True, "Passed", "all checks passed")

    def _port_name(self, place: Object) -> str:
        service = self._store.find(ResourceKey("", "services"), place.get("namespace"), place.get("name", "")) or {}
        ports = (service.get("spec") or {}).get("ports") or ()
        return str(
            next((port.get("name") or "" for port in ports if port.get("port") == (place.get("port") or 443)), "")
        )

    async def _discover(self, target: Target, path: str) -> int:
        limit = aiohttp.ClientTimeout(total=CHECK_TIMEOUT)
        headers: Any = CIMultiDict(identity_headers(_SYSTEM))
        async with self._connection().get(
            target.base + path,
            headers=headers,
            ssl=target.context,
            server_hostname=target.host,
            timeout=limit,
            allow_redirects=False,
        ) as response:
            await response.read()
            return response.status

    def _note(self, service: Object, available: bool, reason: str, message: str) -> bool:
        name = service["metadata"]["name"]
        (self._absent.add if reason in ("ServiceNotFound", "MissingEndpoints") else self._absent.discard)(name)
        current = self._store.find(API_SERVICES, None, name)
        if current is not None:
            shown = condition(current.get("status"), available, reason, message, timestamp(self._store.now()))
            with contextlib.suppress(NotFound):
                self._store.update_status(API_SERVICES, None, name, {"conditions": [shown]})
        return available
