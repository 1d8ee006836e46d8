"""Before a split is judged, every server is seen to be reached by its own Service: scripted traffic,
an injected clock."""

from collections.abc import Mapping

import pytest

from pytest_smi.core.limits import Limits
from pytest_smi.scenario.verdict import Inconclusive
from pytest_smi.testbed.probing.observation import Outcome
from tests.scenario.scripted import Scripted

LIMITS = Limits(settle_deadline=10, settle_rounds=3, hold_probes=20, hold_seconds=1)


class NewServers(Scripted):
    """Servers on a mesh without access control; `known_at` says when clients' proxies know a server."""

    def __init__(self, known_at: Mapping[str, float]) -> None:
        super().__init__(
            lambda call, _number, now: (
                Outcome.DELIVERED if now >= known_at.get(call.server, 0.0) else Outcome.NOT_DELIVERED
            ),
            limits=LIMITS,
            versions={"split": "v1alpha4"},
        )
        self.a, self.c = self.smi.client("a"), self.smi.client("c")
        self.v1 = self.smi.server("v1", ports={"8080/TCP": 8080})
        self.v2 = self.smi.server("v2", ports={"9000/TCP": 9000, "1024/TCP": 8080})
        self.tcp_only = self.smi.server("tcp-only", ports={"9000/TCP": 9000})
        self.no_service = self.smi.server("no-service", service=False)


def test_every_source_reaches_every_server_on_its_own_port() -> None:
    """By the first port that leads to HTTP; what has no such port, or no Service of its own, is left out."""
    made = NewServers({})
    made.smi.open_to_all(made.v1, made.v2, made.tcp_only, made.no_service, sources=[made.a, made.c])

    assert {(call.source, call.server, call.port) for call in made.calls} == {
        (source, server, port)
        for source in ("t1/cli-a-0", "t1/cli-c-0")
        for server, port in (("t1/v1-x", 8080), ("t1/v2-x", 1024))
    }


def test_a_server_that_is_not_known_yet_is_waited_for() -> None:
    """A split that is applied afterwards finds every server known."""
    made = NewServers({"t1/v2-x": 5.0})
    made.smi.open_to_all(made.v1, made.v2, sources=[made.a])

    assert made.clock.now >= 5.0


def test_a_server_that_is_never_reached_decides_nothing() -> None:
    """It is neither proof that a split keeps it out nor a failure of the split."""
    made = NewServers({"t1/v2-x": float("inf")})
    with pytest.raises(Inconclusive, match="v2"):
        made.smi.open_to_all(made.v1, made.v2, sources=[made.a])


def test_granting_alone_sends_nothing() -> None:
    """Where requests are counted, the control would be counted too."""
    made = NewServers({"t1/v2-x": float("inf")})
    made.smi.grant_all(made.v1, made.v2, sources=[made.a])

    assert made.calls == set()
