"""The pure parts of the sample application besides the codec: plan lines, outcomes, echo, journal ring, settings."""

from __future__ import annotations

import errno
import json
from typing import Any

import pytest

from sample_app.echo import echo_reply, is_own_echo
from sample_app.errors import LocalFault, PlanError, ProbeFailure, ProtocolError, SettingsError
from sample_app.journal_ring import JournalOverrun, JournalRing
from sample_app.line_echo import LineEcho, parse_echo
from sample_app.plan import parse_plan
from sample_app.results import OUTCOMES, Answer, Result, classify
from sample_app.server_settings import read_settings
from sample_app.time_wait import TimeWaitBudget

LINE: dict[str, Any] = {"op": "probe", "id": "p", "kind": "http", "host": "srv", "port": 8080, "nonce": "n"}


class TestPlan:
    """Plan lines."""

    def test_defaults(self) -> None:
        """A short line is one fresh GET / with the port in the Host header."""
        plan = parse_plan(LINE)
        assert (plan.count, plan.reuse, plan.version, plan.timeout) == (1, False, "1.1", 2.0)
        assert (plan.requests[0].method, plan.requests[0].path, plan.requests[0].authority) == ("GET", "/", "srv:8080")

    def test_count_and_authority(self) -> None:
        """Requests are counted times repeat; port 80 is not shown; host_header is taken as it is."""
        plan = parse_plan({**LINE, "port": 80, "repeat": 3, "requests": [{}, {"host_header": "other"}]})
        assert plan.count == 6
        assert [request.authority for request in plan.requests] == ["srv", "other"]

    @pytest.mark.parametrize(
        ("change", "named"),
        [
            ({"kind": "smtp"}, "kind"),
            ({"port": 0}, "port"),
            ({"port": True}, "port"),
            ({"repeat": 5001}, "repeat"),
            ({"repeat": 5000, "requests": [{}, {}]}, "5000"),
            ({"timeout": float("nan")}, "timeout"),
            ({"nonce": "a b"}, "nonce"),
            ({"host": "a\r\nb"}, "host"),
            ({"id": 3}, "id"),
            ({"colour": 1}, "colour"),
            ({"requests": [{"path": "/a b"}]}, r"requests\[0\].path"),
            ({"requests": [{"method": "G T"}]}, r"requests\[0\].method"),
            ({"requests": [{"headers": [["a", "b\r\nc"]]}]}, r"requests\[0\].headers"),
            ({"requests": [{"headers": [["X-SMI-Nonce", "b"]]}]}, "sets it itself"),
            ({"version": "2", "requests": [{"headers": [["connection", "close"]]}]}, "sets it itself"),
            ({"requests": [{"body": "x" * 20_000}]}, "body"),
        ],
    )
    def test_bad_field_is_named(self, change: dict[str, Any], named: str) -> None:
        """A line that breaks the contract is refused with the name of the field."""
        with pytest.raises(PlanError, match=named):
            parse_plan({**LINE, **change})


class TestOutcomes:
    """What became of a request."""

    @pytest.mark.parametrize(
        ("failure", "outcome"),
        [
            (ConnectionRefusedError(errno.ECONNREFUSED, "x"), "refused"),
            (ConnectionResetError(errno.ECONNRESET, "x"), "reset"),
            (BrokenPipeError(errno.EPIPE, "x"), "reset"),
            (TimeoutError(), "timeout"),
            (OSError(errno.EHOSTUNREACH, "x"), "unreachable"),
            (ProtocolError("x"), "protocol"),
            (ProbeFailure("closed", "x"), "closed"),
        ],
    )
    def test_each_failure_has_its_outcome(self, failure: Exception, outcome: str) -> None:
        """An error is told by what the peer did."""
        assert classify(failure, 2.0)[0] == outcome
        assert outcome in OUTCOMES

    @pytest.mark.parametrize("number", [errno.EMFILE, errno.EADDRNOTAVAIL, errno.ENOBUFS])
    def test_own_shortage_is_no_outcome(self, number: int) -> None:
        """A prober out of descriptors or ports says nothing about the peer."""
        with pytest.raises(LocalFault):
            classify(OSError(number, "x"), 2.0)

    def test_record_has_the_contract_keys(self) -> None:
        """A result has every key of the contract; error and reconnected only where they apply."""
        record = Result(
            i=0, outcome="answer", ms=1.23456, t=2.0, answer=Answer(status=200, pod="a", echo=True)
        ).to_json()
        assert record == {"i": 0, "outcome": "answer", "status": 200, "pod": "a", "echo": True, "ms": 1.235, "t": 2.0}
        lost = Result(i=1, outcome="reset", ms=1.0, t=2.0, error="x", reconnected=True).to_json()
        assert (lost["status"], lost["echo"], lost["error"], lost["reconnected"]) == (None, False, "x", True)


class TestEcho:
    """The echo over HTTP, TCP and UDP."""

    def test_reply_is_recognised(self) -> None:
        """Our own reply is the echo of its nonce and of no other, also with a status of 500."""
        headers = [("X-SMI-Nonce", "n-0"), ("x-smi-status", "500")]
        reply = echo_reply(pod="a", port=1, protocol="HTTP/1.1", method="GET", path="/", headers=headers)
        assert reply.status == 500
        assert is_own_echo(reply.body, "a", "n-0")
        assert not is_own_echo(reply.body, "a", "n-1")
        assert not is_own_echo(reply.body, None, "n-0")

    @pytest.mark.parametrize(
        "body", [b"", b"n-0", b'{"headers":{"x-smi-nonce":"n-0"}}', b'{"nonce":"n-0"}', b'["n-0"]', b"{broken n-0"]
    )
    def test_reflected_nonce_is_no_echo(self, body: bytes) -> None:
        """An error page that reflects the request is not the echo."""
        assert not is_own_echo(body, "a", "n-0")

    @pytest.mark.parametrize(
        ("name", "value"),
        [("x-smi-status", "99"), ("x-smi-status", "x"), ("x-smi-delay", "-1"), ("x-smi-delay", "nan")],
    )
    def test_senseless_wish_is_400(self, name: str, value: str) -> None:
        """A control header that makes no sense is answered 400, not ignored."""
        assert (
            echo_reply(pod="a", port=1, protocol="HTTP/1.1", method="GET", path="/", headers=[(name, value)]).status
            == 400
        )

    @pytest.mark.parametrize("size", [1, 4, 100])
    def test_lines_among_bytes(self, size: int) -> None:
        """NONCE lines are found at line starts only; everything else comes back verbatim."""
        data = b"NONCE a-1\nxNONCE b\nNON\nNONCE \nNONCE c\r\ntail"
        echo, out = LineEcho(), list[str | bytes]()
        for i in range(0, len(data), size):
            out += echo.feed(data[i : i + size])
        assert [item for item in out if isinstance(item, str)] == ["a-1", "c"]
        assert b"".join(item for item in out if isinstance(item, bytes)) + echo.end() == b"xNONCE b\nNON\nNONCE \ntail"

    def test_echo_line(self) -> None:
        """Only a whole ECHO line counts."""
        assert parse_echo(b"ECHO n a\n") == ("n", "a")
        assert parse_echo(b"ECHO n") is None
        assert parse_echo(b"xECHO n a") is None


class TestJournalRing:
    """The journal in memory."""

    def test_cursor_reads_in_order(self) -> None:
        """A cursor gets what follows it, in order, in batches."""
        ring = JournalRing("a", lambda: 1.0)
        for i in range(10):
            ring.add(nonce=str(i), port=1, protocol="TCP", peer="p")
        for seq in range(11):
            assert [entry.seq for entry in ring.after(seq, 3)] == list(range(seq + 1, 11))[:3]

    def test_entry_has_the_contract_keys(self) -> None:
        """An entry's JSON has every key of the contract."""
        ring = JournalRing("a", lambda: 1.5)
        ring.add(nonce="n", port=1, protocol="HTTP/1.1", peer="p", method="GET", path="/", headers=[("A", "b")])
        fields = {"seq": 1, "nonce": "n", "pod": "a", "port": 1, "protocol": "HTTP/1.1", "method": "GET", "path": "/"}
        assert json.loads(ring.after(0, 1)[0].text) == {**fields, "headers": [["A", "b"]], "peer": "p", "at": 1.5}

    def test_overrun_is_told(self) -> None:
        """Entries that were dropped unread are an error, never a silent gap."""
        ring = JournalRing("a", lambda: 1.0, capacity=3)
        for _ in range(5):
            ring.add(nonce="", port=1, protocol="TCP", peer="p")
        assert [entry.seq for entry in ring.after(2, 9)] == [3, 4, 5]
        with pytest.raises(JournalOverrun):
            ring.after(1, 9)


class TestSettings:
    """The server's environment."""

    def test_empty_means_none(self) -> None:
        """Defaults hold for what is absent; an empty list is no port; TCP and UDP may share a number."""
        settings = read_settings({"TCP_PORTS": "", "UDP_PORTS": "8080"}, "host")
        assert (settings.pod, settings.http, settings.tcp, settings.udp, settings.health) == (
            "host",
            (8080, 8081),
            (),
            (8080,),
            (8086,),
        )

    @pytest.mark.parametrize(
        "env", [{"HTTP_PORTS": "x"}, {"UDP_PORTS": "70000"}, {"TCP_PORTS": "8080"}, {"HEALTH_PORT": "1,2"}]
    )
    def test_bad_ports_are_refused(self, env: dict[str, str]) -> None:
        """A port that is none, or has two uses, is refused."""
        with pytest.raises(SettingsError):
            read_settings(env, "host")


def test_time_wait_budget_recovers() -> None:
    """Orderly closings are counted over a sliding window."""
    budget = TimeWaitBudget(budget=2, window=10.0)
    assert [budget.orderly(now) for now in (0.0, 1.0, 2.0, 10.0, 10.5, 11.0)] == [True, True, False, True, False, True]
