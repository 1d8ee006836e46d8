"""What was seen: what each client saw, joined with the servers' journals. Pure, no judgement.

A status code never decides. A probe *arrived* when its nonce is in a journal, and was *answered* when the client got
the server's own echo of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pytest_smi.errors import HarnessError
from pytest_smi.testbed.probing.plan import ProbeBatch


class Outcome(StrEnum):
    """What became of one probe."""

    DELIVERED = "delivered"
    """It arrived and was answered."""
    NOT_DELIVERED = "not delivered"
    """It neither arrived nor was answered."""
    NO_RESPONSE = "no response"
    """It arrived, but the client did not get the answer."""
    TIMED_OUT = "timed out"
    """It arrived, but the answer took longer than the client's patience."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One journal entry: where a nonce arrived and as what."""

    nonce: str
    pod: str
    port: int
    protocol: str
    method: str = ""
    path: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    peer: str = ""
    at: float = 0.0

    @classmethod
    def from_journal(cls, entry: Mapping[str, Any]) -> Arrival:
        """Read a journal entry of the sample application."""
        return cls(
            nonce=entry["nonce"],
            pod=entry["pod"],
            port=entry["port"],
            protocol=entry["protocol"],
            method=entry.get("method") or "",
            path=entry.get("path") or "",
            headers=tuple((name, value) for name, value in entry.get("headers") or ()),
            peer=entry.get("peer") or "",
            at=entry.get("at") or 0.0,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One request: its nonce, what the client saw, and where it arrived (more than once means mirrored or retried)."""

    nonce: str
    client_saw: str
    status: int | None
    echo: bool
    arrivals: tuple[Arrival, ...]
    ms: float
    error: str = ""
    reconnected: bool = False
    """Whether a connection that was to be reused had been lost before this request, so that it went over a new one."""

    @property
    def outcome(self) -> Outcome:
        """Join both sides' views."""
        if self.arrivals and self.echo:
            return Outcome.DELIVERED
        if self.arrivals:
            return Outcome.TIMED_OUT if self.client_saw == "timeout" else Outcome.NO_RESPONSE
        return Outcome.NOT_DELIVERED

    @property
    def unanswered(self) -> bool:
        """Whether the client waited in vain for a request that arrived nowhere."""
        return not self.arrivals and self.client_saw == "timeout"

    @property
    def turned_away(self) -> bool:
        """Whether a request that arrived nowhere reached a peer that answered it or ended the connection: a proxy.
        Where nothing listens, or no route leads, nobody did."""
        return not self.arrivals and self.client_saw in ("answer", "protocol", "reset", "closed")

    def describe(self) -> str:
        """Return the probe in words, for a reason."""
        seen = f"status {self.status}" if self.status is not None else self.client_saw
        where = ", ".join(f"{a.pod}:{a.port}" for a in self.arrivals) or "no server"
        return f"nonce {self.nonce}: client saw {seen}, arrived at {where}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """All probes of one batch."""

    batch: ProbeBatch
    probes: tuple[Probe, ...]

    @property
    def outcomes(self) -> Counter[Outcome]:
        """How many probes had which outcome."""
        return Counter(probe.outcome for probe in self.probes)

    def all(self, outcome: Outcome) -> bool:
        """Return whether there are probes and every one had this outcome."""
        return bool(self.probes) and all(probe.outcome is outcome for probe in self.probes)

    def first_not(self, *outcomes: Outcome) -> Probe | None:
        """Return the first probe with another outcome."""
        return next((probe for probe in self.probes if probe.outcome not in outcomes), None)

    def to_json(self) -> dict[str, Any]:
        """Return a bounded summary for the evidence: counts and the first probes of each outcome.

        Its keys are older than the names here: `fates` counts our outcomes, `outcomes` what the clients saw.
        """
        samples: dict[str, list[str]] = {}
        for probe in self.probes:
            lines = samples.setdefault(probe.outcome.value, [])
            if len(lines) < 3:
                lines.append(probe.describe())
        client_saw = Counter(
            f"{p.client_saw} {p.status}" if p.status is not None else p.client_saw for p in self.probes
        )
        return {
            "call": self.batch.call.label,
            "nonces": f"{self.batch.nonce}-0…{len(self.probes) - 1}",
            "probes": len(self.probes),
            "fates": {outcome.value: n for outcome, n in sorted(self.outcomes.items())},
            "outcomes": dict(sorted(client_saw.items())),
            "samples": samples,
        }


def join(
    batch: ProbeBatch, results: Sequence[Mapping[str, Any]], arrivals: Mapping[str, Sequence[Arrival]]
) -> Observation:
    """Join a prober's results with the journals. Raises HarnessError for what no mesh can cause.

    That is: a name that does not resolve, results missing, and an echo that no journal knows.
    """
    nonces = batch.nonces
    if len(results) != len(nonces):
        raise HarnessError(f"{batch.call.label}: the prober reported {len(results)} of {len(nonces)} requests")
    probes = []
    for result in sorted(results, key=lambda r: r["i"]):
        nonce = nonces[result["i"]]
        probe = Probe(
            nonce=nonce,
            client_saw=result["outcome"],
            status=result.get("status"),
            echo=bool(result.get("echo")) or _headers_only(batch, result),
            arrivals=tuple(arrivals.get(nonce, ())),
            ms=float(result.get("ms") or 0.0),
            error=str(result.get("error") or ""),
            reconnected=bool(result.get("reconnected")),
        )
        if probe.client_saw == "dns":
            raise HarnessError(
                f"{batch.call.label}: the name {batch.call.host} did not resolve in the client's pod",
                hint="is cluster DNS healthy?",
            )
        if probe.echo and not probe.arrivals:
            raise HarnessError(
                f"{batch.call.label}: nonce {nonce} was answered but is in no journal that the suite reads"
            )
        probes.append(probe)
    return Observation(batch=batch, probes=tuple(probes))


def _headers_only(batch: ProbeBatch, result: Mapping[str, Any]) -> bool:
    """Return whether this is an answer to HEAD that names the server's pod: it has no body that could echo the
    nonce."""
    requests = batch.call.requests
    method = requests[result["i"] % len(requests)].method
    return batch.call.kind == "http" and method == "HEAD" and bool(result.get("pod"))


def by_pod(observations: Iterable[Observation]) -> Counter[str]:
    """Count arrivals per pod."""
    return Counter(arrival.pod for seen in observations for probe in seen.probes for arrival in probe.arrivals)
