"""Run one plan line: pace its requests, share or renew connections, collect the results."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import count

from sample_app import client_socket
from sample_app.channels import Channel, Http1Channel, TcpChannel, UdpChannel
from sample_app.errors import LocalFault, ProbeFailure, ProtocolError
from sample_app.plan import Plan
from sample_app.results import Answer, Result, classify
from sample_app.time_wait import TimeWaitBudget


async def run_plan(plan: Plan, started: float, budget: TimeWaitBudget, kept: dict[str, Channel]) -> dict[str, object]:
    """Send everything, return the answer line. Raises LocalFault.

    `started`: loop time at which the prober began. `kept`: the session's connections by name, to which this adds.
    """
    loop = asyncio.get_running_loop()
    begun = loop.time()
    try:
        address = (await client_socket.resolve(plan.address or plan.host))[0]
    except ProbeFailure as failure:
        ms, t = (loop.time() - begun) * 1000, begun - started
        results = [Result(i=i, outcome=failure.outcome, ms=ms, t=t, error=str(failure)) for i in range(plan.count)]
    else:
        results = await _Line(plan, _channels(plan, address, budget), started, kept).run()
    elapsed = round(loop.time() - begun, 4)
    return {"id": plan.id, "results": [result.to_json() for result in results], "elapsed": elapsed}


def _channels(plan: Plan, address: str, budget: TimeWaitBudget) -> Callable[[], Channel]:
    if plan.kind == "tcp":
        return lambda: TcpChannel(plan, address, budget)
    if plan.kind == "udp":
        return lambda: UdpChannel(plan, address, budget)
    if plan.version == "1.1":
        return lambda: Http1Channel(plan, address, budget)
    from sample_app.channel_http2 import Http2Channel  # h2 is imported only by those who speak it

    return lambda: Http2Channel(plan, address, budget)


class _Line:
    """The state of one plan line under way."""

    def __init__(
        self, plan: Plan, new_channel: Callable[[], Channel], started: float, kept: dict[str, Channel]
    ) -> None:
        self._plan = plan
        self._new_channel = new_channel
        self._started = started
        self._loop = asyncio.get_running_loop()
        self._numbers = count()
        self._next_start = self._loop.time()
        self._results: list[Result] = []
        self._kept = kept
        self._shared: Channel | None = None
        self._opening = asyncio.Lock()
        self._pacing = asyncio.Lock()
        self._losses = 0

    async def run(self) -> list[Result]:
        """Send everything; results in the order of their numbers."""
        plan = self._plan
        workers = (
            1 if plan.reuse and not (plan.kind == "http" and plan.version == "2") else min(plan.concurrency, plan.count)
        )
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(workers):
                    group.create_task(self._work())
        except* LocalFault as faults:
            raise faults.exceptions[0] from None
        finally:
            if self._shared is not None:
                self._shared.close()
        return sorted(self._results, key=lambda result: result.i)

    async def _work(self) -> None:
        for i in self._numbers:
            if i >= self._plan.count:
                return
            self._results.append(await self._request(i))

    async def _start(self) -> float:
        """Wait for the turn of the next request; the time at which it starts,
        never sooner than the interval after the one before."""
        if not self._plan.interval:
            return self._loop.time()
        async with self._pacing:
            wait = self._next_start - self._loop.time()
            if wait > 0:
                await asyncio.sleep(wait)
            begun = self._loop.time()
            self._next_start = begun + self._plan.interval
            return begun

    async def _request(self, i: int) -> Result:
        plan = self._plan
        begun = await self._start()
        answer, outcome, error, losses = None, "answer", None, [0]
        try:
            async with asyncio.timeout(plan.timeout):
                answer = await self._on(i, losses)
        except (OSError, ProtocolError, ProbeFailure) as failure:  # TimeoutError is an OSError
            outcome, error = classify(failure, plan.timeout)
        ms = (self._loop.time() - begun) * 1000
        return Result(
            i=i, outcome=outcome, ms=ms, t=begun - self._started, answer=answer, error=error, reconnected=losses[0] > 0
        )

    async def _exchange(self, channel: Channel, i: int) -> Answer:
        requests = self._plan.requests
        return await channel.exchange(f"{self._plan.nonce}-{i}", requests[i % len(requests)] if requests else None)

    async def _on(self, i: int, losses: list[int]) -> Answer:
        if self._plan.line:
            return await self._on_kept(i)
        return await (self._on_shared(i, losses) if self._plan.reuse else self._on_fresh(i))

    async def _on_fresh(self, i: int) -> Answer:
        channel = self._new_channel()
        try:
            await channel.open()
            return await self._exchange(channel, i)
        finally:
            channel.close()

    async def _on_kept(self, i: int) -> Answer:
        """Exchange over the connection of that name, which is opened once: when it is lost, nothing is sent."""
        async with self._opening:
            channel = self._kept.get(self._plan.line)
            if channel is None:
                channel = self._kept[self._plan.line] = self._new_channel()
                await channel.open()
        if not channel.usable():
            raise ProbeFailure("closed", "the connection that was kept is gone")
        return await self._exchange(channel, i)

    async def _on_shared(self, i: int, losses: list[int]) -> Answer:
        """Exchange over the line's one connection; `losses[0]` becomes the connections lost before this one."""
        losses[0] = self._losses
        async with self._opening:  # interleaved requests wait for the one that connects
            if self._shared is not None and not self._shared.usable():
                self._shared.close()
                self._shared = None
                self._losses += 1
                losses[0] = self._losses
            if self._shared is None:
                channel = self._new_channel()
                try:
                    await channel.open()
                except BaseException:
                    channel.close()
                    raise
                self._shared = channel
            channel, losses[0] = self._shared, self._losses
        return await self._exchange(channel, i)
