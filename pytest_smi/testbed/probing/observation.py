"""What was seen: each probe's outcome at the client joined with the servers' journals. Pure, no judgement.

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
from pytest_smi.testbed.probing.plan import Volley


class Fate(StrEnum):
    """What became of one probe."""

    OK = "ok"
    """It arrived and was answered."""
    NO = "no"
    """It neither arrived nor was answered."""
    CUT = "cut"
    """It arrived, but the client did not get the answer."""
    SLOW = "slow"
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
    outcome: str
    status: int | None
    echo: bool
    arrivals: tuple[Arrival, ...]
    ms: float
    error: str = ""
    reconnected: bool = False
    """Whether a connection that was to be reused had been lost before this request, so that it went over a new one."""

    @property
    def fate(self) -> Fate:
        """Join both sides' views."""
        if self.arrivals and self.echo:
            return Fate.OK
        if self.arrivals:
            return Fate.SLOW if self.outcome == "timeout" else Fate.CUT
        return Fate.NO

    def describe(self) -> str:
        """The probe in words, for a reason."""
        seen = f"status {self.status}" if self.status is not None else self.outcome
        where = ", ".join(f"{a.pod}:{a.port}" for a in self.arrivals) or "no server"
        return f"nonce {self.nonce}: client saw {seen}, arrived at {where}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """All probes of one volley."""

    volley: Volley
    probes: tuple[Probe, ...]

    @property
    def fates(self) -> Counter[Fate]:
        """How many probes had which fate."""
        return Counter(probe.fate for probe in self.probes)

    def all(self, fate: Fate) -> bool:
        """Whether there are probes and every one had this fate."""
        return bool(self.probes) and all(probe.fate is fate for probe in self.probes)

    def first_not(self, *fates: Fate) -> Probe | None:
        """Return the first probe with another fate."""
        return next((probe for probe in self.probes if probe.fate not in fates), None)

    def to_json(self) -> dict[str, Any]:
        """Return a bounded summary for the evidence: counts, outcomes, and the first probes of each fate."""
        samples: dict[str, list[str]] = {}
        for probe in self.probes:
            lines = samples.setdefault(probe.fate.value, [])
            if len(lines) < 3:
                lines.append(probe.describe())
        outcomes = Counter(f"{p.outcome} {p.status}" if p.status is not None else p.outcome for p in self.probes)
        return {
            "call": self.volley.call.label,
            "nonces": f"{self.volley.nonce}-0…{len(self.probes) - 1}",
            "probes": len(self.probes),
            "fates": {fate.value: n for fate, n in sorted(self.fates.items())},
            "outcomes": dict(sorted(outcomes.items())),
            "samples": samples,
        }


def join(volley: Volley, results: Sequence[Mapping[str, Any]], arrivals: Mapping[str, Sequence[Arrival]]) -> Observation:
    """Join a prober's results with the journals. Raises HarnessError for what no mesh can cause.

    That is: a name that does not resolve, results missing, and an echo that no journal knows.
    """
    nonces = volley.nonces
    if len(results) != len(nonces):
        raise HarnessError(f"{volley.call.label}: the prober reported {len(results)} of {len(nonces)} requests")
    probes = []
    for result in sorted(results, key=lambda r: r["i"]):
        nonce = nonces[result["i"]]
        probe = Probe(
            nonce=nonce,
            outcome=result["outcome"],
            status=result.get("status"),
            echo=bool(result.get("echo")) or _headers_only(volley, result),
            arrivals=tuple(arrivals.get(nonce, ())),
            ms=float(result.get("ms") or 0.0),
            error=str(result.get("error") or ""),
            reconnected=bool(result.get("reconnected")),
        )
        if probe.outcome == "dns":
            raise HarnessError(
                f"{volley.call.label}: the name {volley.call.host} did not resolve in the client's pod", hint="is cluster DNS healthy?"
            )
        if probe.echo and not probe.arrivals:
            raise HarnessError(f"{volley.call.label}: nonce {nonce} was answered but is in no journal that the suite reads")
        probes.append(probe)
    return Observation(volley=volley, probes=tuple(probes))


def _headers_only(volley: Volley, result: Mapping[str, Any]) -> bool:
    """Whether this is an answer to HEAD that names the server's pod: it has no body that could echo the nonce."""
    requests = volley.call.requests
    method = requests[result["i"] % len(requests)].method
    return volley.call.kind == "http" and method == "HEAD" and bool(result.get("pod"))


def by_pod(observations: Iterable[Observation]) -> Counter[str]:
    """Count arrivals per pod."""
    return Counter(arrival.pod for seen in observations for probe in seen.probes for arrival in probe.arrivals)
