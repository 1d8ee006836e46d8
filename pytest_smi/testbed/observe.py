"""Send several batches at once and join them with the journals: one round of observation."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from pytest_smi.core.limits import Limits
from pytest_smi.testbed.probing.observation import Arrival, Observation, join
from pytest_smi.testbed.probing.plan import Call, ProbeBatch
from pytest_smi.testbed.testbed import Testbed
from pytest_smi.testbed.workloads import Workload


def plan_batch(
    call: Call, repeat: int, limits: Limits, *, spread: float = 0.0, at_once: int | None = None
) -> ProbeBatch:
    """Plan `repeat` probes of a call, spread over at least `spread` seconds; `at_once`: fewer under way than usual."""
    udp, total = call.kind == "udp", repeat * len(call.requests)
    # Datagrams that are dropped always cost the whole timeout, so more of them wait at the same time.
    # One connection of HTTP/1.1 carries one request at a time, one of HTTP/2 interleaves them.
    in_turn = call.connection == "reuse" and call.version != "2"
    most = 1 if in_turn else 4 * limits.concurrency if udp else limits.concurrency
    return ProbeBatch(
        call=call,
        repeat=repeat,
        nonce=secrets.token_hex(6),
        timeout=limits.udp_timeout if udp else limits.request_timeout,
        concurrency=min(total, most, at_once or most),
        interval=spread / total,
    )


def observe(testbed: Testbed, servers: Sequence[Workload], batches: Sequence[ProbeBatch]) -> list[Observation]:
    """Send all batches, wait for all results, then fence the journals of `servers`; observations in the same order."""
    journals = testbed.journals(servers)
    probers = [testbed.prober(batch.call.source) for batch in batches]
    for call in {batch.call for batch in batches if batch.call.address is None}:
        testbed.await_name(call.source, call.host)
    started = [prober.start(batch) for prober, batch in zip(probers, batches, strict=True)]
    results = [prober.finish(batch, future) for prober, batch, future in zip(probers, batches, started, strict=True)]
    fences = [journal.fence() for journal in journals]
    for journal, fence in zip(journals, fences, strict=True):
        journal.await_fence(fence)
    arrivals: dict[str, list[Arrival]] = {}
    for batch in batches:
        for nonce in batch.nonces:
            found = [arrival for journal in journals for arrival in journal.arrivals.get(nonce, ())]
            if found:
                arrivals[nonce] = found
    return [join(batch, result, arrivals) for batch, result in zip(batches, results, strict=True)]
