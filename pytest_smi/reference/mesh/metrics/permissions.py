"""Who asks, and whether they may: the identity that the API server passes on, and its decisions kept for a moment."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias
from urllib.parse import unquote

from pytest_smi.reference.mesh.metrics.routes import GROUP, VERSION, Query

_EXTRA_PREFIX = "x-remote-extra-"
_MOST_KEPT = 1000
_TIMEOUT_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRequest:
    """May this user do this? Field names as in a SubjectAccessReview's spec."""

    user: str
    groups: tuple[str, ...] = ()
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()
    verb: str
    resource: str
    subresource: str = ""
    namespace: str = ""
    name: str = ""


Authorize: TypeAlias = Callable[[AccessRequest], Awaitable[bool]]


def identity(headers: Iterable[tuple[str, str]]) -> AccessRequest | None:
    """User, groups and extra from the X-Remote-* headers, in a request that asks for nothing yet;
    None without a user."""
    user, groups, extra = "", [], dict[str, list[str]]()
    for name, value in headers:
        lower = name.lower()
        if lower == "x-remote-user":
            user = value
        elif lower == "x-remote-group":
            groups.append(value)
        elif lower.startswith(_EXTRA_PREFIX):
            # Keys are percent-encoded, since they may hold what a header name may not.
            extra.setdefault(unquote(lower.removeprefix(_EXTRA_PREFIX)), []).append(value)
    if not user:
        return None
    kept = tuple((key, tuple(values)) for key, values in sorted(extra.items()))
    return AccessRequest(user=user, groups=tuple(groups), extra=kept, verb="", resource="")


class Required:
    """What a query needs permission for."""

    def of(self, who: AccessRequest, query: Query) -> AccessRequest:
        """Return what a GET of the query needs permission for: just what its path names."""
        return replace(
            who,
            verb=query.verb,
            resource=query.resource,
            subresource=query.subresource,
            namespace=query.namespace,
            name=query.name,
        )


def subject_access_review(request: AccessRequest) -> dict[str, Any]:
    """Return the body to POST to /apis/authorization.k8s.io/v1/subjectaccessreviews; the answer's `status.allowed`
    decides."""
    attributes = {
        "group": GROUP,
        "version": VERSION,
        "verb": request.verb,
        "resource": request.resource,
        "subresource": request.subresource,
        "namespace": request.namespace,
        "name": request.name,
    }
    return {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {
            "user": request.user,
            "groups": list(request.groups),
            "extra": {key: list(values) for key, values in request.extra},
            "resourceAttributes": {key: value for key, value in attributes.items() if value},
        },
    }


class RememberedDecisions:
    """An Authorize that keeps decisions for a moment: long enough to spare the API server,
    short enough for a new role to count at once."""

    def __init__(
        self,
        authorize: Authorize,
        *,
        allowed_seconds: float = 2.0,
        denied_seconds: float = 0.25,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._authorize = authorize
        self._seconds = {True: allowed_seconds, False: denied_seconds}
        self._monotonic = monotonic
        self._known: dict[AccessRequest, tuple[bool, float]] = {}

    async def __call__(self, request: AccessRequest) -> bool:
        """Return whether the request is allowed.

        Raises what the authorizer raises, or TimeoutError; that is not remembered.
        """
        known = self._known.get(request)
        if known is not None and self._monotonic() < known[1]:
            return known[0]
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            allowed = await self._authorize(request)
        if len(self._known) >= _MOST_KEPT:
            self._known.clear()
        self._known[request] = (allowed, self._monotonic() + self._seconds[allowed])
        return allowed
