"""What is tested of each backend's share, and how the allowed errors are split up among it. Pure."""

from collections.abc import Callable, Mapping

from pytest_smi.scenario.sampling.error_bounds import build_test
from pytest_smi.scenario.sampling.sprt import BackendTest


def backend_tests(
    shares: Mapping[str, float], alpha: float, beta: float, draft: Callable[[float], list[tuple[str, float]]]
) -> tuple[BackendTest, ...]:
    """Return one test per backend that needs one; all errors together stay within `alpha` and `beta`.

    `draft`: the sides that a share needs, see `sides_wanted`.
    """
    # Of two backends one is the complement of the other: testing the smaller share tests both.
    tested = [min(shares, key=lambda name: (shares[name], name))] if len(shares) == 2 else list(shares)
    drafts = {name: draft(shares[name]) for name in tested}
    starved = sum(side == "starved" for sides in drafts.values() for side, _ in sides)
    # A backend of weight zero, or one that gets everything, costs a right mesh nothing: it cannot be rejected for
    # chance.
    others = sum(side != "starved" for name, sides in drafts.items() if 0 < shares[name] < 1 for side, _ in sides)
    for_starved = min(alpha / 10, alpha / (2 * starved)) if starved else 0.0
    for_others = (alpha - for_starved * starved) / max(1, others)
    budget = {
        name: tuple((side, other, for_starved if side == "starved" else for_others) for side, other in drafts[name])
        for name in tested
    }
    return tuple(build_test(name, shares[name], budget[name], beta) for name in tested)


def sides_wanted(share: float, delta: float, leak: float, small: float) -> list[tuple[str, float]]:
    """Return the sides a backend needs, as (name, alternative share)."""
    if share == 0:
        return [("leak", leak)]
    if share == 1:
        return [("below", 1 - delta)]
    # No share is above 1: "everything" is what the other backends notice as being starved.
    above = [("above", share + delta)] if share + delta < 1 else []
    if share < small:
        return [("starved", 0.0), *above]
    return [("below", max(0.0, share - delta)), *above]
