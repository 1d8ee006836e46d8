"""From the requests of a world to calls of the sample application, and from what came of them back. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from pytest_smi.explore.case import Ask
from pytest_smi.explore.table import Seen
from pytest_smi.testbed.hosts import Addresses
from pytest_smi.testbed.probing.observation import Observation, Outcome
from pytest_smi.testbed.probing.plan import Call, Request
from pytest_smi.testbed.workloads import Service, Workload


def call_of(group: Sequence[Ask], client: Workload, addresses: Addresses, *, reuse: bool) -> Call:
    """Return asks of one client to one port, in one protocol and version, as a call.

    `reuse`: requests of HTTP/1.1 go over one connection.
    """
    ask = group[0]
    service = Service(
        name=addresses.service,
        namespace=addresses.namespace,
        host=addresses.of_call("http", outside=False),
        workloads=(),
        addresses=addresses,
    )
    if ask.call.protocol == "TCP":
        return client.tcp(service, port=ask.port)
    if ask.call.protocol == "UDP":
        return client.udp(service, port=ask.port)
    requests = [
        Request(
            method=one.call.method,
            path=one.call.path,
            headers=one.call.headers,
            # A request with a body shows a mesh that delivers it before it refuses.
            body="body" if one.call.method in ("POST", "PATCH") else None,
        )
        for one in group
    ]
    connection = "reuse" if reuse and ask.version == "1.1" else "fresh"
    return client.http(service, *requests, port=ask.port, version=ask.version, connection=connection)


def seen_of(group: Sequence[Ask], observation: Observation, owners: Mapping[str, str]) -> dict[Ask, Seen]:
    """Return what became of each ask of a call; `owners`: pod's name → server, `namespace/name`."""
    found = {ask: Seen() for ask in group}
    for number, probe in enumerate(observation.probes):
        ask, fate = group[number % len(group)], probe.outcome
        found[ask] += Seen(
            sent=1,
            delivered=int(fate is Outcome.DELIVERED),
            slow=int(fate is Outcome.TIMED_OUT),
            arrivals=Counter((owners.get(one.pod, one.pod), one.port) for one in probe.arrivals),
            # A prober that lost a kept connection has sent the request again itself.
            twice=int(ask.call.protocol != "UDP" and len(probe.arrivals) > 1 and not probe.reconnected),
        )
    return found
