"""Every timeout, sample size and error rate of a run, in one record.

The record is part of the matrix: a reader sees how patient and how strict a run was. Defaults are those that the
suite stands for; a profile may name others for a mesh that needs more time or, like the embedded one, less.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long to wait, how often to ask, and how sure to be. Times in seconds."""

    # How a profile may write it: pydantic's settings, as plain data, so that whoever needs no profile imports no pydantic.
    __pydantic_config__: ClassVar[dict[str, object]] = {"strict": True, "extra": "forbid", "use_attribute_docstrings": True}

    settle_probes: int = 10
    """Consecutive right answers after which a state counts as reached."""
    settle_deadline: float = 120.0
    """Longest wait for a state to be reached."""
    settle_rounds: int = 12
    """Fewest rounds of probes before a deadline may decide, however slow the harness is."""
    settle_alpha: float = 1e-6
    """Probability that a state before a change of a split is taken for the state after it, from one start of settling to the next."""
    settle_blocks: int = 10
    """Most blocks that may be needed to tell the two apart; an assertion whose states are closer than that is a bug of the suite."""
    control_patience: float = 0.25
    """Part of the settle deadline that further controls get after two did not hold; they can only end `errored`."""
    poll_interval: float = 0.5
    """Longest pause between two rounds of probes."""
    hold_probes: int = 100
    """Further probes per call after a state was reached; none may differ."""
    hold_seconds: float = 10.0
    """Least time over which those probes are spread."""
    control_share: float = 0.9
    """Least share of a control's probes that must be answered while a denial is held."""
    request_timeout: float = 5.0
    """Patience with one HTTP request or TCP connection."""
    udp_timeout: float = 1.0
    """Patience with one datagram; the server's journal decides, not this."""
    ready_deadline: float = 180.0
    """Longest wait for a pod of the sample application to become Ready."""
    session_deadline: float = 60.0
    """Longest wait for an answer of a prober or journal beyond the requests' own time."""
    cleanup_deadline: float = 120.0
    """Longest wait for a namespace to be gone."""
    event_deadline: float = 60.0
    """Longest wait for an event that the mesh should raise."""
    metrics_deadline: float = 120.0
    """Longest wait for metrics to appear or to fall back to zero."""
    concurrency: int = 16
    """Requests of one call under way at the same time, so that denials by silence cost one timeout, not one each."""
    share_block: int = 50
    """Requests per block while shares settle: two consecutive blocks must lie in a loose band."""
    load_block: int = 20
    """Requests per block of the constant load that goes on while a split is changed."""
    load_seconds: float = 0.2
    """Least time over which such a block is spread."""
    metrics_slack: float = 0.3
    """Time by which an empty metrics window is outwaited."""
    metrics_spare: float = 1.25
    """Factor by which a latency may exceed what the client itself measured."""
    loss_budget: float = 0.01
    """Largest share of requests that may be lost while shares are measured."""
    share_alpha: float = 1e-6
    """Probability that a right mesh fails one check of shares."""
    share_beta: float = 1e-3
    """Probability that a mesh `share_delta` off passes one check of shares."""
    share_delta: float = 0.10
    """Deviation of a share, as a fraction of all requests, that must be found."""

    def scaled(self, factor: float) -> Limits:
        """Return the record with every deadline and timeout multiplied by `factor` (> 0); counts and error rates stay."""
        patience = [f.name for f in fields(self) if f.name.endswith(("_deadline", "_timeout"))]
        return replace(self, **{name: getattr(self, name) * factor for name in patience})

    def overridden(self, values: Mapping[str, float]) -> Limits:
        """Return the record with `values` put in; unknown names raise ValueError naming the known ones."""
        known = {f.name for f in fields(self)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise ValueError(f"unknown limit {', '.join(unknown)}; known are {', '.join(sorted(known))}")
        return replace(self, **values)  # type: ignore[arg-type]

    def to_json(self) -> dict[str, float]:
        """Return the record as it stands in the matrix."""
        return asdict(self)

    def weakened(self, standard: Limits) -> list[str]:
        """Name the limits that make a verdict weaker than under `standard` (fewer probes, looser errors)."""
        lower_is_weaker = ("settle_probes", "hold_probes", "hold_seconds", "control_share")
        higher_is_weaker = ("loss_budget", "share_alpha", "share_beta", "share_delta")
        weak = [n for n in lower_is_weaker if getattr(self, n) < getattr(standard, n)]
        weak += [n for n in higher_is_weaker if getattr(self, n) > getattr(standard, n)]
        return [f"{name} is {getattr(self, name)}, the profile's is {getattr(standard, name)}" for name in weak]
