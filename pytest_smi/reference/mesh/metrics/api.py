"""The HTTPS server of the metrics API: takes requests apart, asks for permission and samples, and sends what `answers` decides."""

import json
import logging
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_smi.reference.mesh.faults.active import NO_FAULTS, ActiveFaults, active
from pytest_smi.reference.mesh.metrics import render, statuses
from pytest_smi.reference.mesh.metrics.answers import Answer, Facts, answer
from pytest_smi.reference.mesh.metrics.permissions import Authorize, RememberedDecisions, access_request, identity
from pytest_smi.reference.mesh.metrics.resources import ClusterView
from pytest_smi.reference.mesh.metrics.routes import Fixed, Query, parse
from pytest_smi.reference.mesh.metrics.samples import RETENTION_SECONDS
from pytest_smi.reference.mesh.metrics.scrapes import Scrape, SharedScrape
from pytest_smi.reference.mesh.metrics.selectors import SelectorError, parse_field_selector, parse_label_selector
from pytest_smi.reference.mesh.metrics.splits import FirstWeights, Split, read_splits
from pytest_smi.reference.mesh.metrics.windows import Observed, Window

if TYPE_CHECKING:
    from aiohttp import web

DEFAULT_WINDOW_SECONDS = 4.0
SCRAPE_TIMEOUT_SECONDS = 5.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class MetricsServer:
    """A running server; `port` is the one bound."""

    host: str
    port: int
    runner: "web.AppRunner"

    async def close(self) -> None:
        """Stop listening and drop what is open."""
        await self.runner.cleanup()


def horizon_seconds(window_seconds: float, *, faults: frozenset[str] = NO_FAULTS) -> float:
    """How far back from now a scrape must reach: the window and some slack, but all that is retained when faults may look behind it."""
    return RETENTION_SECONDS if faults else window_seconds + 1.0


async def start_metrics_api(
    *,
    host: str,
    port: int,
    ssl_context: ssl.SSLContext | None,
    scrape: Scrape,
    cluster_view: ClusterView,
    authorize: Authorize,
    clock: Callable[[], float] = time.time,
    window_seconds: float = DEFAULT_WINDOW_SECONDS,
    faults: frozenset[str] = NO_FAULTS,
) -> MetricsServer:
    """Serve the API on `host`:`port` (0: any free port).

    `ssl_context` decides whom to believe: when it asks for client certificates (CERT_OPTIONAL or CERT_REQUIRED, against the front-proxy
    CA), the X-Remote-* headers count only on a connection that showed one; with CERT_NONE every caller is believed.
    `scrape` gives the export rows of all sidecars, `horizon_seconds` back. `authorize` is asked for every query
    (see `permissions.subject_access_review`). `clock`: unix seconds. Raises OSError when the address cannot be bound.
    """
    from aiohttp import web

    service = _Service(
        scrape=SharedScrape(scrape, timeout_seconds=SCRAPE_TIMEOUT_SECONDS),
        view=cluster_view,
        authorize=RememberedDecisions(authorize),
        clock=clock,
        window_seconds=window_seconds,
        certificates=ssl_context is not None and ssl_context.verify_mode != ssl.CERT_NONE,
        faults=active(faults),
    )

    async def handle(request: web.Request) -> web.Response:
        result = await service.respond(request)
        return web.Response(status=result.code, body=json.dumps(result.body).encode(), content_type="application/json")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, ssl_context=ssl_context).start()
    except BaseException:
        await runner.cleanup()
        raise
    return MetricsServer(host, runner.addresses[0][1], runner)


class _Service:
    """Answers requests, given where samples, objects and permissions come from."""

    def __init__(
        self,
        *,
        scrape: SharedScrape,
        view: ClusterView,
        authorize: Authorize,
        clock: Callable[[], float],
        window_seconds: float,
        certificates: bool,
        faults: ActiveFaults,
    ) -> None:
        self._scrape = scrape
        self._view = view
        self._authorize = authorize
        self._clock = clock
        self._window_seconds = window_seconds
        self._certificates = certificates
        self._faults = faults
        self._first_weights = FirstWeights()

    async def respond(self, request: "web.Request") -> Answer:
        """The answer to one HTTP request; never raises but for cancellation."""
        if request.method not in ("GET", "HEAD") or request.query.get("watch", "").lower() in ("1", "true"):
            return Answer(405, statuses.method_not_allowed())
        route = parse(request.path)
        if isinstance(route, Fixed):
            return self._fixed(route)
        if route is None:
            return Answer(404, statuses.resource_not_found())
        try:
            return await self._permitted(request, route)
        except TimeoutError:
            return Answer(504, statuses.failure(504, "the sidecars or the API server did not answer in time; try again"))
        except Exception:
            _log.exception("metrics request %s failed", request.path)
            return Answer(503, statuses.failure(503, "samples or permissions cannot be had now; the control plane's log says why"))

    def _fixed(self, route: Fixed) -> Answer:
        if self._faults.on("metrics-slash-refused") and route.slash:
            return Answer(404, statuses.resource_not_found())
        documents: dict[str, Callable[[], dict[str, Any]]] = {
            "health": lambda: {"status": "ok"},
            "groups": render.group_list,
            "group": render.group,
            "resources": lambda: render.resource_list(faults=self._faults),
        }
        return Answer(200, documents[route.name]())

    async def _permitted(self, request: "web.Request", query: Query) -> Answer:
        who = identity(request.headers.items()) if self._is_api_server(request) else None
        if who is None:
            return Answer(401, statuses.failure(401, "Unauthorized"))
        if not await self._authorize(access_request(who, query)):
            return Answer(403, statuses.forbidden(query, who.user))
        try:
            labels = parse_label_selector(request.query.get("labelSelector", ""))
            fields = parse_field_selector(request.query.get("fieldSelector", ""))
        except SelectorError as error:
            return Answer(400, statuses.failure(400, str(error)))
        splits = self._splits()
        cells = await self._scrape.cells()
        window = Window(end=self._clock(), seconds=self._window_seconds)
        observed = Observed(cells, window, faults=self._faults)
        return answer(query, Facts(view=self._view, splits=splits, observed=observed, faults=self._faults), labels=labels, fields=fields)

    def _is_api_server(self, request: "web.Request") -> bool:
        transport = request.transport
        return not self._certificates or (transport is not None and bool(transport.get_extra_info("peercert")))

    def _splits(self) -> list[Split]:
        splits = read_splits(self._view)
        return self._first_weights.apply(splits) if self._faults.on("metrics-stale-weight") else splits
