"""When requests that got no answer, and arrived nowhere, are evidence of a denial. Pure.

A node that is too busy loses a request now and then: the client waits in vain, and no server knows of it. A mesh may
deny by that silence, too. So what is answered wrongly, refused or reset contradicts an opening at once; silence does
only when there is more of it than a busy node explains, in two holds one after the other. Any less of it leaves the
claim inconclusive, never passed and never failed.
"""

from __future__ import annotations

from math import comb

from pytest_smi.core.limits import Limits
from pytest_smi.testbed.probing.observation import Observation, Outcome


def silent(seen: Observation) -> int:
    """Return how many probes were neither answered in any way nor arrived."""
    return sum(probe.unanswered for probe in seen.probes)


def contradictions(seen: Observation) -> int:
    """Return how many probes contradict an opening: neither delivered, nor too slow, nor silent."""
    good = seen.outcomes[Outcome.DELIVERED] + seen.outcomes[Outcome.TIMED_OUT]
    return len(seen.probes) - good - silent(seen)


def like_a_denial(seen: Observation, limits: Limits) -> bool:
    """Return whether there is more silence than a busy node explains in one hold, see `least`."""
    return silent(seen) >= least(len(seen.probes), limits)


def least(probes: int, limits: Limits) -> int:
    """Return the least number of silent probes that a node which loses `silent_loss` of them, each by itself, shows
    with a probability of at most `silent_alpha`."""
    loss, tail = limits.silent_loss, 1.0
    for hits in range(probes + 1):
        if tail <= limits.silent_alpha:
            return hits
        tail -= comb(probes, hits) * loss**hits * (1 - loss) ** (probes - hits)
    return probes + 1
