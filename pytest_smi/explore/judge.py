"""Wait until a state has settled, and tell agreement, a lasting disagreement and a mesh that keeps changing apart.

Traffic and time come from the caller. A look that agrees counts once it is still so after a hold, and in full. One that
never agrees within the patience is looked at again, several times over: only a cell that is wrong in each of these
looks is a disagreement. A mesh whose looks sometimes agree has not converged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from pytest_smi.cluster.wait import Backoff
from pytest_smi.core.limits import Limits
from pytest_smi.explore.case import Ask
from pytest_smi.explore.table import Disagreement, Expected, Fault, Seen, Table, compared
from pytest_smi.scenario.sampling.explain import explain
from pytest_smi.scenario.sampling.share_test import Decision, ShareTest, next_batch

Look = Callable[[Sequence[Ask], int], Mapping[Ask, Seen]]
"""Send each ask so many times, all at once."""


class Outcome(StrEnum):
    """What came of a state."""

    AGREES = "agrees"
    WRONG = "wrong"
    UNSETTLED = "unsettled"
    """It keeps changing: now and then it agrees."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A state of the mesh, held against its truth table."""

    outcome: Outcome
    seen: Mapping[Ask, Seen]
    disagreements: tuple[Disagreement, ...] = ()
    waited: float = 0.0
    """Seconds until it agreed, or was given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a state may take, how long it must last, and how sure a test of shares is."""

    settle: float
    hold: float
    fewest: int
    alpha: float
    """Probability that right shares are called wrong, once."""
    limits: Limits = field(default_factory=Limits)
    """Has the sizes and errors of the looks and tests, `explore_…`: a search may miss, and must not accuse wrongly."""
    pause: Callable[[float], None] = field(default=lambda _: None)


def judge(look: Look, table: Table, rounds: Callable[[], Backoff], patience: Patience) -> Judged:
    """Poll until the table is as expected, or has not been for the whole patience."""
    asks, agreed, since, backoff = list(table), False, 0.0, rounds()
    for _ in backoff:
        seen = look(asks, patience.limits.explore_full if agreed else 1)
        if not compared(table, seen):
            if agreed and backoff.waited >= patience.hold:
                return _with_shares(look, table, seen, since, patience)
            since, agreed = backoff.waited if not agreed else since, True
            # Looks in between would cost thousands of requests where a state must hold for long.
            patience.pause(max(0.0, patience.hold - backoff.waited))
            backoff.at_once()
            continue
        agreed = False
        if backoff.over(patience.settle, fewest=patience.fewest):
            break
    return _confirmed(look, table, backoff.waited, patience)


def _confirmed(look: Look, table: Table, waited: float, patience: Patience) -> Judged:
    """Look again and again: what is wrong each time is wrong."""
    total: dict[Ask, Seen] = {}
    lasting: set[tuple[Ask, Fault]] | None = None
    # Of few requests more each: one in three may go astray where a split has a part in it.
    times = max(patience.limits.explore_full + 1, patience.limits.explore_many // max(1, len(table)))
    for number in range(patience.limits.explore_looks):
        if number:
            patience.pause(patience.hold / patience.limits.explore_looks)
        seen = look(list(table), times)
        total = {ask: total.get(ask, Seen()) + seen.get(ask, Seen()) for ask in table}
        wrong = {(one.ask, one.fault) for one in compared(table, seen)}
        lasting = wrong if lasting is None else lasting & wrong
        if not lasting:
            return Judged(outcome=Outcome.UNSETTLED, seen=total, waited=waited)
    found = tuple(one for one in compared(table, total) if (one.ask, one.fault) in (lasting or ()))
    return Judged(outcome=Outcome.WRONG, seen=total, disagreements=found, waited=waited)


def _with_shares(look: Look, table: Table, seen: Mapping[Ask, Seen], waited: float, patience: Patience) -> Judged:
    """Test the shares of some calls, and calls of which one arrived twice; what fails is tested once more after the
    time that a mesh has to settle."""
    most = patience.limits.explore_shared
    twice = [ask for ask, one in seen.items() if one.twice]
    wrong = _wrong_shares(look, table, list(dict.fromkeys((*_tested(table, most), *twice[:most]))), patience)
    if wrong:
        patience.pause(patience.settle)
        wrong = _wrong_shares(look, table, [one.ask for one in wrong], patience)
    if not wrong:
        return Judged(outcome=Outcome.AGREES, seen=seen, waited=waited)
    known = {**seen, **{one.ask: one.seen for one in wrong}}
    return Judged(outcome=Outcome.WRONG, seen=known, disagreements=tuple(wrong), waited=waited)


def _tested(table: Table, most: int) -> list[Ask]:
    """Return calls whose shares are tested: one for each thing that is expected, of changing clients; then others."""
    chosen: dict[tuple[object, ...], Ask] = {}
    shared = [ask for ask, wanted in table.items() if wanted.weights or wanted.each]
    clients = list(dict.fromkeys(ask.client for ask in shared))
    for ask in shared:
        wanted = table[ask]
        key = (ask.service, ask.port, ask.version, str(wanted.weights), wanted.each)
        turn = clients[len(chosen) % len(clients)]
        if key not in chosen and (ask.client == turn or not _asked_later(shared, ask, turn)):
            chosen[key] = ask
    first = list(chosen.values())
    return [*first, *(ask for ask in shared if ask not in first and table[ask].weights)][:most]


def _asked_later(shared: Sequence[Ask], ask: Ask, client: str) -> bool:
    return replace(ask, client=client) in shared[shared.index(ask) + 1 :]


def _wrong_shares(look: Look, table: Table, asks: Sequence[Ask], patience: Patience) -> list[Disagreement]:
    """Test the shares of several calls side by side; return those that are wrong."""
    plain = [ask for ask in asks if table[ask].weights is None]
    seen = look(plain, patience.limits.explore_each) if plain else {}
    found = [_told(table, ask, one, _missed(table[ask], one)) for ask, one in seen.items()]
    states = {ask: _share_test(table[ask], patience).start() for ask in asks if ask not in plain}
    totals = dict.fromkeys(states, Seen())
    while sizes := {
        ask: size
        for ask, state in states.items()
        if state.decision is Decision.UNDECIDED and (size := next_batch(state))
    }:
        for ask, one in look(list(sizes), min(sizes.values())).items():
            totals[ask] += one
            counts: dict[str, int] = {}
            for (server, _), number in one.arrivals.items():
                counts[server] = counts.get(server, 0) + number
            if counts:
                states[ask] = states[ask].feed(counts)
            else:
                found.append(_told(table, ask, totals[ask], ""))
                del states[ask]
    for ask, state in states.items():
        rejected = state.decision is Decision.REJECTED
        found.append(_told(table, ask, totals[ask], explain(state) if rejected else ""))
    return [one for one in found if one is not None]


def _share_test(wanted: Expected, patience: Patience) -> ShareTest:
    return ShareTest.from_weights(
        {server: float(weight) for server, weight in (wanted.weights or {}).items()},
        alpha=patience.alpha,
        beta=patience.limits.explore_beta,
        delta=patience.limits.explore_delta,
        leak=patience.limits.explore_leak,
    )


def _missed(wanted: Expected, seen: Seen) -> str:
    """Return which servers behind a plain Service got nothing."""
    missed = sorted(wanted.each - {server for server, _ in seen.arrivals})
    return f"{', '.join(missed)} got none of {seen.sent} requests" if missed else ""


def _told(table: Table, ask: Ask, seen: Seen, detail: str) -> Disagreement | None:
    """Return what is wrong with many requests of one call: shares first, else a cell that is not as it was, or requests
    that arrived twice. A busy node may lose a few, and a proxy may send one again that it lost sight of."""
    if detail:
        return Disagreement(ask=ask, fault=Fault.SHARES, expected=table[ask], seen=seen, detail=detail)
    few = max(1, seen.sent // 50)
    strict = compared({ask: table[ask]}, {ask: seen})
    if strict and (strict[0].fault is Fault.LEAK or seen.sent - seen.delivered - seen.slow > few):
        return strict[0]
    if seen.twice > few:
        detail = f"{seen.twice} of {seen.sent} arrived more than once"
        return Disagreement(ask=ask, fault=Fault.TWICE, expected=table[ask], seen=seen, detail=detail)
    return None
