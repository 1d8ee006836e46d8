"""The direct way to the servers, where no split is: what is lost there as well is not the split's doing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pytest_smi.errors import SmiError
from pytest_smi.scenario.context import Context
from pytest_smi.scenario.deployment import Deployment
from pytest_smi.scenario.expectations import Expectations
from pytest_smi.scenario.verdict import Inconclusive, NotReached
from pytest_smi.testbed.probing.observation import Observation, Outcome
from pytest_smi.testbed.probing.plan import Call


class DirectWays:
    """Asks the servers by their own names. `send`: each call so many times, all at once."""

    def __init__(
        self,
        context: Context,
        deployment: Deployment,
        expectations: Expectations,
        send: Callable[[Sequence[Call], Sequence[int]], list[Observation]],
    ) -> None:
        self._context, self._deployment, self._expectations = context, deployment, expectations
        self._limits, self._send = context.limits, send

    def require(self, error: NotReached, call: Call) -> None:
        """Raise Inconclusive where requests of the same kind are lost. A way on which each of them is turned away,
        though the server's pods are Ready, is closed by the mesh: a busy node loses some, and they wait in vain."""
        ways = self._of(call)
        if any(way.host == call.host for way in ways):  # it is a direct way that is judged
            return
        closed = set()
        for way, seen in zip(ways, self._send(ways, [self._limits.direct_trials] * len(ways)), strict=True):
            times, arrived = len(seen.probes), seen.outcomes[Outcome.DELIVERED]
            if all(probe.turned_away for probe in seen.probes):
                closed.add(way.server)
            elif arrived < (1 - self._limits.loss_budget) * times:
                example = seen.first_not(Outcome.DELIVERED)
                raise Inconclusive(
                    f"{error}; but {way.label} loses requests as well, which no split explains "
                    f"({times - arrived} of {times}{f'; {example.describe()}' if example else ''})"
                ) from error
        try:
            self._context.testbed.check_ready([one for one in self._deployment.servers if one.key in closed])
        except SmiError as broken:
            raise Inconclusive(f"the harness is not healthy: {broken}") from error

    def _of(self, call: Call) -> list[Call]:
        """Return the ways to the servers that this client has reached before, since policy may keep it from others; to
        all, when it has reached none."""
        ways = self._deployment.direct_calls(call)
        opened = {seen.server for seen in self._expectations.opened if seen.source == call.source}
        return [way for way in ways if way.server in opened] or ways
