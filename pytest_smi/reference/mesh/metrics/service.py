"""What a request to the metrics API is answered: take it apart, ask for permission, fetch samples,
and have `answers` decide."""

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from pytest_smi.reference.mesh.metrics.answers import Answers
from pytest_smi.reference.mesh.metrics.discovery import Discovery
from pytest_smi.reference.mesh.metrics.permissions import Authorize, Required, identity
from pytest_smi.reference.mesh.metrics.routes import Fixed, Query, parse
from pytest_smi.reference.mesh.metrics.samples import Cell
from pytest_smi.reference.mesh.metrics.scrapes import SharedScrape
from pytest_smi.reference.mesh.metrics.selectors import SelectorError, parse_field_selector, parse_label_selector
from pytest_smi.reference.mesh.metrics.statuses import (
    Answer,
    failure,
    forbidden,
    method_not_allowed,
    resource_not_found,
)
from pytest_smi.reference.mesh.metrics.windows import Window

if TYPE_CHECKING:
    from aiohttp import web

AnswersOf: TypeAlias = Callable[[Sequence[Cell], Window], Answers]
"""The answers that can be given now, from these cells seen through this window."""

_log = logging.getLogger(__name__)


class Service:
    """Answers requests, given where discovery, answers, samples and permissions come from.

    `clock`: unix seconds. `certificates`: believe the X-Remote-* headers only on a connection
        that showed a client certificate.
    """

    def __init__(
        self,
        *,
        discovery: Discovery,
        answers_of: AnswersOf,
        scrape: SharedScrape,
        authorize: Authorize,
        required: Required,
        clock: Callable[[], float],
        window_seconds: float,
        certificates: bool,
    ) -> None:
        self._discovery = discovery
        self._answers_of = answers_of
        self._scrape = scrape
        self._authorize = authorize
        self._required = required
        self._clock = clock
        self._window_seconds = window_seconds
        self._certificates = certificates

    async def respond(self, request: "web.Request") -> Answer:
        """Return the answer to one HTTP request; never raises but for cancellation."""
        if request.method not in ("GET", "HEAD") or request.query.get("watch", "").lower() in ("1", "true"):
            return method_not_allowed()
        route = parse(request.path)
        if isinstance(route, Fixed):
            return self._discovery.answer(route)
        if route is None:
            return resource_not_found()
        try:
            return await self._permitted(request, route)
        except TimeoutError:
            return failure(504, "the sidecars or the API server did not answer in time; try again")
        except Exception:
            _log.exception("metrics request %s failed", request.path)
            return failure(503, "samples or permissions cannot be had now; the control plane's log says why")

    async def _permitted(self, request: "web.Request", query: Query) -> Answer:
        who = identity(request.headers.items()) if self._is_api_server(request) else None
        if who is None:
            return failure(401, "Unauthorized")
        if not await self._authorize(self._required.of(who, query)):
            return forbidden(query, who.user)
        try:
            labels = parse_label_selector(request.query.get("labelSelector", ""))
            fields = parse_field_selector(request.query.get("fieldSelector", ""))
        except SelectorError as error:
            return failure(400, str(error))
        cells = await self._scrape.cells()
        window = Window(end=self._clock(), seconds=self._window_seconds)
        return self._answers_of(cells, window).answer(query, labels, fields)

    def _is_api_server(self, request: "web.Request") -> bool:
        transport = request.transport
        return not self._certificates or (transport is not None and bool(transport.get_extra_info("peercert")))
