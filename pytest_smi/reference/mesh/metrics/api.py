"""The HTTPS server of the metrics API, and the one place that turns names of faults and quirks into the classes
that answer."""

import json
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_smi.reference.mesh.faults import specialize
from pytest_smi.reference.mesh.metrics.answers import Answers
from pytest_smi.reference.mesh.metrics.discovery import Discovery
from pytest_smi.reference.mesh.metrics.measure import Measure
from pytest_smi.reference.mesh.metrics.permissions import Authorize, RememberedDecisions, Required
from pytest_smi.reference.mesh.metrics.render import Renderer
from pytest_smi.reference.mesh.metrics.resources import ClusterView, MetricKinds
from pytest_smi.reference.mesh.metrics.samples import RETENTION_SECONDS, Cell
from pytest_smi.reference.mesh.metrics.scrapes import Scrape, SharedScrape
from pytest_smi.reference.mesh.metrics.service import Service
from pytest_smi.reference.mesh.metrics.splits import SplitReader
from pytest_smi.reference.mesh.metrics.values import MetricValues
from pytest_smi.reference.mesh.metrics.windows import Observed, Window

if TYPE_CHECKING:
    from aiohttp import web

DEFAULT_WINDOW_SECONDS = 4.0
SCRAPE_TIMEOUT_SECONDS = 5.0
SLACK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class MetricsServer:
    """A running server; `port` is the one bound."""

    host: str
    port: int
    runner: "web.AppRunner"

    async def close(self) -> None:
        """Stop listening and drop what is open."""
        await self.runner.cleanup()


class MetricsParts:
    """The deciding classes of the API put together, each as the faults and quirks that are on would have it."""

    def __init__(self, view: ClusterView, faults: frozenset[str] = frozenset()) -> None:
        self._view = view
        self._kinds = specialize(MetricKinds, faults)().served()
        self._splits = specialize(SplitReader, faults)()
        self._values = specialize(MetricValues, faults)()
        self._observed = specialize(Observed, faults)
        self._measure = specialize(Measure, faults)
        self._renderer = specialize(Renderer, faults)
        self._answers = specialize(Answers, faults)
        self.required = specialize(Required, faults)()
        self.discovery = specialize(Discovery, faults)(self._kinds)

    def answers_of(self, cells: Sequence[Cell], window: Window) -> Answers:
        """Return the answers that can be given now, from these cells seen through this window."""
        return self._answers(
            kinds=self._kinds,
            view=self._view,
            splits=self._splits.read(self._view),
            measure=self._measure(self._observed(cells, window)),
            renderer=self._renderer(self._values, window),
        )


def horizon_seconds(window_seconds: float, *, faults: frozenset[str] = frozenset()) -> float:
    """Return how far back from now a scrape must reach: a little more than the window;
    faults may look at all that is retained."""
    return RETENTION_SECONDS if faults else window_seconds + SLACK_SECONDS


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
    faults: frozenset[str] = frozenset(),
) -> MetricsServer:
    """Serve the API on `host`:`port` (0: any free port).

    `ssl_context` decides whom to believe: when it asks for client certificates (CERT_OPTIONAL or CERT_REQUIRED,
    against the front-proxy CA), the X-Remote-* headers count only on a connection that showed one;
    with CERT_NONE every caller is believed. `scrape` gives the export rows of all sidecars, `horizon_seconds` back.
    `authorize` is asked for every query (see `permissions.subject_access_review`). `clock`: unix seconds. `faults`:
    names of the faults and quirks that are on.
    Raises OSError when the address cannot be bound.
    """
    from aiohttp import web

    parts = MetricsParts(cluster_view, faults)
    service = Service(
        discovery=parts.discovery,
        answers_of=parts.answers_of,
        scrape=SharedScrape(scrape, timeout_seconds=SCRAPE_TIMEOUT_SECONDS),
        authorize=RememberedDecisions(authorize),
        required=parts.required,
        clock=clock,
        window_seconds=window_seconds,
        certificates=ssl_context is not None and ssl_context.verify_mode != ssl.CERT_NONE,
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
