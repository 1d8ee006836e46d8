"""Send several volleys at once and join them with the journals: one round of observation."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from pytest_smi.core.limits import Limits
from pytest_smi.testbed.probing.observation import Arrival, Observation, join
from pytest_smi.testbed.probing.plan import Call, Volley
from pytest_smi.testbed.testbed import Testbed
from pytest_smi.testbed.workloads import Workload


def volley(call: Call, repeat: int, limits: Limits, *, spread: float = 0.0) -> Volley:
    """Plan `repeat` probes of a call, spread over at least `spread` seconds."""
    udp, total = call.kind == "udp", repeat * len(call.requests)
    # Datagrams that are dropped always cost the whole timeout, so more of them wait at the same time.
    most = 1 if call.connection == "reuse" else 4 * limits.concurrency if udp else limits.concurrency
    return Volley(
        call=call,
        repeat=repeat,
        nonce=secrets.token_hex(6),
        timeout=limits.udp_timeout if udp else limits.request_timeout,
        concurrency=min(total, most),
        interval=spread / total,
    )


def observe(testbed: Testbed, servers: Sequence[Workload], volleys: Sequence[Volley]) -> list[Observation]:
    """Send all volleys, wait for all results, then fence the journals of `servers`; observations in the same order."""
    journals = testbed.journals(servers)
    probers = [testbed.prober(volley.call.source) for volley in volleys]
    for call in {volley.call for volley in volleys if volley.call.address is None}:
        testbed.await_name(call.source, call.host)
    started = [prober.start(volley) for prober, volley in zip(probers, volleys, strict=True)]
    results = [prober.finish(volley, future) for prober, volley, future in zip(probers, volleys, started, strict=True)]
    fences = [journal.fence() for journal in journals]
    for journal, fence in zip(journals, fences, strict=True):
        journal.await_fence(fence)
    arrivals: dict[str, list[Arrival]] = {}
    for volley in volleys:
        for nonce in volley.nonces:
            found = [arrival for journal in journals for arrival in journal.arrivals.get(nonce, ())]
            if found:
                arrivals[nonce] = found
    return [join(volley, result, arrivals) for volley, result in zip(volleys, results, strict=True)]
