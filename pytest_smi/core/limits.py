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

    # How a profile may write it: pydantic's settings, as plain data, so that whoever needs no profile imports no
    # pydantic.
    __pydantic_config__: ClassVar[dict[str, object]] = {
        "strict": True,
        "extra": "forbid",
        "use_attribute_docstrings": True,
    }

    settle_probes: int = 10
    """Consecutive right answers after which a state counts as reached."""
    settle_deadline: float = 120.0
    """Longest wait for a state to be reached."""
    settle_rounds: int = 12
    """Fewest rounds of probes before a deadline may decide, however slow the harness is."""
    settle_alpha: float = 1e-6
    """Probability that a state before a change of a split is taken for the state after it,
    from one start of settling to the next."""
    settle_blocks: int = 10
    """Most blocks that may be needed to tell the two apart; an assertion whose states are closer than that is a bug
    of the suite."""
    settle_sigmas: float = 4.0
    """Half the width of the band in which a block's count of a backend looks right,
    in standard deviations of that count."""
    settle_spare: float = 2.0
    """Requests that are added to the band on either side."""
    settle_must_see: float = 4.0
    """Expected requests of a block from which on a backend must have got one for the block to look right."""
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
    silent_loss: float = 0.01
    """Share of held requests that a busy node may lose: no answer of any kind, and no arrival."""
    silent_alpha: float = 1e-3
    """Probability that a node with such losses, each by itself, shows in one hold as many as count for a denial by
    silence. Two holds in a row must show them, so a right mesh fails by them once in a million holds; of 100 requests,
    6 count. A mesh that drops one request in ten without a word fails in 9 of 10 runs, and is inconclusive in the rest.
    """
    request_timeout: float = 5.0
    """Patience with one HTTP request or TCP connection."""
    udp_timeout: float = 1.0
    """Patience with one datagram; the server's journal decides, not this."""
    ready_deadline: float = 180.0
    """Longest wait for a pod of the sample application to become Ready."""
    session_deadline: float = 60.0
    """Longest wait for an answer of a prober or journal beyond the requests' own time."""
    cleanup_deadline: float = 120.0
    """Longest wait until a namespace is removed, or the pods of a workload."""
    event_deadline: float = 60.0
    """Longest wait for an event that the mesh should raise."""
    metrics_deadline: float = 120.0
    """Longest wait for metrics to appear or to fall back to zero."""
    concurrency: int = 16
    """Requests of one call under way at the same time, so that denials by silence cost one timeout, not one each."""
    share_block: int = 50
    """Requests per block while shares settle; at least two in a row must look right."""
    count_trials: int = 500
    """Requests that are counted where no share is in question: who is reached, on which port, and nobody else."""
    weight_zero_trials: int = 2200
    """Requests of which a backend of weight 0, or one that is no backend, may get none: a leak of 0.35 % is missed once
    in a thousand runs, both attempts together."""
    rare_trials: int = 5000
    """Most requests until a backend of the smallest share must have got one."""
    transition_trials: int = 100
    """Requests that are counted at once, without settling, after a change."""
    transition_share: float = 0.1
    """Largest share of those that may go where none should go for long."""
    reach_share: float = 0.8
    """Least share of the requests that shows a split to be in effect, where nothing more is asked of it."""
    direct_trials: int = 100
    """Requests to each server's own Service when requests through a split are lost: are they lost there too?"""
    stream_bytes: int = 2_000_000
    """Bytes that a raw TCP connection carries each way where it must be transparent."""
    stream_transfers: int = 3
    """Such connections on each port."""
    streams: int = 50
    """Streams of one HTTP/2 connection, of which every other one is allowed."""
    kept_lines: int = 8
    """Connections that are kept alive, each with one sequence of requests."""
    sample_trials: int = 40
    """Requests by which a reading of an ambiguous clause is told."""
    sample_rare: float = 0.05
    """Share of those that counts for nothing: a busy node may lose or delay a few."""
    sample_silent: float = 0.5
    """Largest share of those that may end in silence where every request must end."""
    load_block: int = 20
    """Requests per block of the constant load that goes on while a split is changed."""
    load_seconds: float = 0.2
    """Least time over which such a block is spread."""
    metrics_slack: float = 0.3
    """Time by which an empty metrics window is outwaited."""
    metrics_spare: float = 1.25
    """Factor by which a latency may exceed what the client itself measured."""
    metrics_count_share: float = 0.02
    """Tolerance of a count, as a share of the requests that are known of."""
    metrics_count_spare: float = 1.0
    """Requests that this tolerance is at least: Kubernetes' quantities may be fractional."""
    metrics_window: float = 30.0
    """Length of a metrics window that is assumed where the mesh neither states it nor lets it be seen:
    the specification's example."""
    metrics_fading: float = 3.0
    """Windows without traffic after which numbers must have fallen to nothing."""
    metrics_age: float = 2.0
    """Windows by which a timestamp may differ from the cluster's time."""
    metrics_attempts: int = 5
    """Most times that the traffic is sent because sending and reading it took longer than one window, or because the
    clients measured other latencies than it was meant to have."""
    metrics_at_once: int = 4
    """Requests of one call under way at the same time in the scenario of metrics, unless the server delays them: more
    would wait for each other in the client, and be measured as the server's latency."""
    metrics_reading_share: float = 0.6
    """Share of a window after which the documents are read, whether the numbers are complete or not."""
    metrics_latency_factor: float = 2.0
    """Factor by which a median latency may differ from the delay that the server was told to have."""
    metrics_fewest: int = 20
    """Fewest requests by which a count with them can be told from one without them."""
    metrics_ends_share: float = 0.05
    """Share of the requests by which the two ends of an edge may differ."""
    metrics_tail: float = 0.8
    """Least latency that a 99th percentile must show when one request in twenty takes a second."""
    churn_pods: int = 6
    """Pods that are deleted so that their addresses become free, and pods of each round that starts others until one
    of these addresses is used again."""
    churn_rounds: int = 10
    """Most such rounds. An allocator that goes through its range in order does not come round in them: to see that
    would take hundreds of pods, which is more than a cluster that others use should be asked for."""
    churn_deadline: float = 300.0
    """Time after which no further round is begun."""
    loss_budget: float = 0.01
    """Largest share of requests that may be lost while shares are measured."""
    share_alpha: float = 1e-6
    """Probability that a right mesh fails one check of shares."""
    share_beta: float = 1e-3
    """Probability that a mesh `share_delta` off passes one check of shares."""
    share_delta: float = 0.10
    """Deviation of a share, as a fraction of all requests, that must be found."""
    share_leak: float = 0.00345
    """Leak to a backend of weight 0 that one check of shares misses with probability at most `share_beta`:
    at 1e-3 that takes 1,999 requests."""
    share_small: float = 0.02
    """Below this share a backend counts as small: what matters is that it is not starved."""
    explore_full: int = 2
    """Exploration: requests of each call in the look that ends a wait."""
    explore_many: int = 40
    """Exploration: requests of all calls together, at least, in each of the looks that confirm what seems wrong."""
    explore_looks: int = 5
    """Exploration: looks at what seems wrong; only what is wrong in each of them is a counterexample."""
    explore_shared: int = 5
    """Exploration: calls of a state whose shares are tested."""
    explore_each: int = 100
    """Exploration: requests after which each server behind a plain Service has been seen."""
    explore_beta: float = 0.05
    """Exploration: probability that shares off by `explore_delta`, or a leak of `explore_leak`, are passed by."""
    explore_delta: float = 0.12
    """Exploration: difference of a share that is found with a probability of 1 - `explore_beta`."""
    explore_leak: float = 0.03
    """Exploration: share of requests that go astray which is found with that probability."""

    def scaled(self, factor: float) -> Limits:
        """Return the record with every deadline and timeout multiplied by `factor` (> 0);
        counts and error rates stay."""
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

    def weaker_than(self, standard: Limits) -> list[str]:
        """Name the limits that make a verdict weaker than under `standard` (fewer probes, looser errors)."""
        probes = ("settle_probes", "hold_probes", "hold_seconds", "control_share")
        lower_is_weaker = (
            *probes,
            "count_trials",
            "weight_zero_trials",
            "direct_trials",
            "stream_bytes",
            "stream_transfers",
            "streams",
            "kept_lines",
            "metrics_fewest",
            "reach_share",
            "metrics_tail",
        )
        errors = (
            "loss_budget",
            "share_alpha",
            "share_beta",
            "share_delta",
            "share_leak",
            "share_small",
            "settle_alpha",
        )
        bands = ("rare_trials", "transition_share", "settle_sigmas", "settle_spare", "settle_must_see")
        metrics = ("spare", "count_share", "count_spare", "fading", "age", "latency_factor", "ends_share")
        higher_is_weaker = (*errors, *bands, *(f"metrics_{name}" for name in metrics))
        weak = [n for n in lower_is_weaker if getattr(self, n) < getattr(standard, n)]
        weak += [n for n in higher_is_weaker if getattr(self, n) > getattr(standard, n)]
        return [f"{name} is {getattr(self, name)}, the profile's is {getattr(standard, name)}" for name in weak]
