"""How the state of a share test is told: to people in a sentence or two, and as JSON for the evidence. Pure."""

import math
from typing import Any

from pytest_smi.scenario.sampling.share_test import BackendResult, ShareState, wald_lower_bound
from pytest_smi.scenario.sampling.sprt import BackendTest, Side

__all__ = ["explain", "state_json"]


def explain(state: ShareState) -> str:
    """Return the decision, the counts, and how sure it is."""
    plan = state.plan
    seen = ", ".join(
        f"{name} {state.counts[name]} ({_percent(state.counts[name], state.n)}, expected {share:.4g})"
        for name, share in _percents(state)
    )
    head = f"{state.decision} after {state.decided_at or state.n} requests: {seen}"
    if state.unexpected:
        strangers = ", ".join(f"{name} {count}" for name, count in sorted(state.unexpected.items()))
        return f"{head}. Answers came from what is not a backend: {strangers}."
    if state.decision == "rejected":
        return f"{head}. {' '.join(_objection(test, outcome, state) for test, outcome in _ended(state, 'rejected'))}"
    if state.decision == "accepted":
        return f"{head}. A mesh {plan.delta * 100:.4g} points off passes with probability {plan.beta:.1g} at most."
    if state.exhausted:
        names = ", ".join(test.backend for test, _ in _ended(state, "undecided"))
        return (
            f"{head}. The largest number of requests is reached and {names} is neither accepted nor rejected "
            "within the errors stated."
        )
    return f"{head}. At most {plan.n_max} are needed."


def state_json(state: ShareState) -> dict[str, Any]:
    """Decision, counts, bounds and errors. Infinite log-likelihood ratios are the strings `inf` and `-inf`."""
    plan = state.plan
    return {
        "decision": str(state.decision),
        "exhausted": state.exhausted,
        "n": state.n,
        "decidedAt": state.decided_at,
        "nMax": plan.n_max,
        "atLeast": plan.at_least,
        "expected": {name: round(share, 9) for name, share in plan.shares.items()},
        "counts": dict(state.counts),
        "unexpected": dict(state.unexpected),
        "errors": {"rejectRightMesh": plan.alpha, "acceptWrongMesh": plan.beta, "delta": plan.delta},
        "waldLowerBound": round(wald_lower_bound(plan), 3),
        "tests": [_test_json(test, outcome, state) for test, outcome in zip(plan.tests, state.outcomes, strict=True)],
    }


def _test_json(test: BackendTest, outcome: BackendResult | None, state: ShareState) -> dict[str, Any]:
    hits = state.counts[test.backend]
    return {
        "backend": test.backend,
        "decision": "undecided" if outcome is None else str(outcome.decision),
        "decidedAt": None if outcome is None else outcome.n,
        "by": None if outcome is None else outcome.by,
        "nMax": test.n_max,
        "sides": [_side_json(side, hits, state.n) for side in test.sides],
    }


def _side_json(side: Side, hits: int, n: int) -> dict[str, Any]:
    return {
        "side": side.name,
        "expected": round(side.expected, 9),
        "alternative": round(side.alternative, 9),
        "logLikelihoodRatio": _number(side.log_ratio(hits, n)),
        "rejectAt": _number(side.reject_at),
        "acceptAt": _number(side.accept_at),
        "rejectError": side.alpha if 0 < side.expected < 1 else 0.0,
        "acceptError": float(f"{side.accept_error:.6g}"),
    }


def _objection(test: BackendTest, outcome: BackendResult, state: ShareState) -> str:
    name, hits = test.backend, state.counts[test.backend]
    if test.expected == 0:
        return f"{name} has weight 0 and may not be hit at all; it was, {hits} time(s)."
    odds = sum(side.alpha for side in test.sides)
    return (
        f"{name} should get {test.expected * 100:.4g} % and got {hits} of {state.n}; "
        "a right mesh shows this with probability "
        f"{odds:.1g} at most ({outcome.by})."
    )


def _ended(state: ShareState, decision: str) -> "list[tuple[BackendTest, BackendResult]]":
    pairs = zip(state.plan.tests, state.outcomes, strict=True)
    return [(test, outcome) for test, outcome in pairs if outcome is not None and outcome.decision == decision]


def _percents(state: ShareState) -> list[tuple[str, float]]:
    return [(name, share * 100) for name, share in state.plan.shares.items()]


def _percent(count: int, n: int) -> str:
    return f"{100 * count / n:.4g} %" if n else "0 %"


def _number(value: float) -> float | str:
    return round(value, 6) if math.isfinite(value) else ("inf" if value > 0 else "-inf")
