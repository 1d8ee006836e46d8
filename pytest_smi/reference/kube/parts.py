"""What the request handlers share: one record of the server's parts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from aiohttp import web

from pytest_smi.reference.kube.aggregation import Aggregator
from pytest_smi.reference.kube.lists import Pager
from pytest_smi.reference.kube.operations import Operations
from pytest_smi.reference.kube.podaccess import PodAccess
from pytest_smi.reference.kube.rbac import Authorizer
from pytest_smi.reference.kube.registry import Registry
from pytest_smi.reference.kube.store import Store
from pytest_smi.reference.kube.tokens import Tokens
from pytest_smi.reference.kube.watches import Watcher
from pytest_smi.reference.kube.wire import encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything that answers requests.

    `watchers` are watches under way, `endings` exec sessions that end: stopping ends them.
    """

    store: Store
    registry: Registry
    operations: Operations
    tokens: Tokens
    authorizer: Authorizer
    aggregator: Aggregator
    pod_access: PodAccess | None
    clock: Callable[[], float]
    pager: Pager = field(default_factory=Pager)
    watchers: set[Watcher] = field(default_factory=set)
    endings: set[asyncio.Task[None]] = field(default_factory=set)


def json_response(data: object, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Return a JSON answer."""
    return web.Response(body=encode(data), status=status, content_type="application/json", headers=headers)
