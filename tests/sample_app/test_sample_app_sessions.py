"""Server, journal and prober as processes, over real sockets."""

from __future__ import annotations

import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from struct import pack
from typing import Any

import pytest

OddServer = Callable[[Callable[[socket.socket], None]], int]


def line(port: int, **fields: Any) -> dict[str, Any]:
    """A plan line to a port of this machine."""
    return {"op": "probe", "id": "p", "kind": "http", "host": "127.0.0.1", "port": port, "nonce": "n", **fields}


def open_journal(app: Any, *arguments: str) -> tuple[Any, int]:
    """A journal session and the number of entries it found."""
    journal = app.start("journal", *arguments)
    ready = journal.receive()
    assert ready["ready"] is True
    assert ready["pod"] == "srv-1"
    return journal, ready["entries"]


def entries_until_sync(journal: Any, name: str) -> list[dict[str, Any]]:
    """Send the fence; what came out before it."""
    journal.send({"op": "sync", "id": name})
    entries = []
    while "entry" in (record := journal.receive()):
        entries.append(record["entry"])
    assert record["sync"] == name
    assert not entries or record["seq"] >= entries[-1]["seq"]
    return entries


KINDS: dict[str, tuple[str, dict[str, Any], str]] = {
    "http1-fresh": ("http", {"concurrency": 4}, "HTTP/1.1"),
    "http1-reuse": ("http", {"connection": "reuse"}, "HTTP/1.1"),
    "http2-fresh": ("http", {"version": "2", "concurrency": 4}, "HTTP/2"),
    "http2-single": ("http", {"version": "2", "connection": "reuse"}, "HTTP/2"),
    "http2-interleaved": ("http", {"version": "2", "connection": "reuse", "concurrency": 8}, "HTTP/2"),
    "tcp-client-first": ("tcp", {"kind": "tcp"}, "TCP"),
    "tcp-server-first": ("greeting", {"kind": "tcp", "mode": "server-first", "concurrency": 3}, "TCP"),
    "tcp-reuse": ("tcp", {"kind": "tcp", "connection": "reuse"}, "TCP"),
    "tcp-payload": ("tcp", {"kind": "tcp", "payload": 200_000}, "TCP"),
    "udp-fresh": ("udp", {"kind": "udp", "concurrency": 2}, "UDP"),
    "udp-reuse": ("udp", {"kind": "udp", "connection": "reuse"}, "UDP"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_answered_and_journalled(app: Any, prober: Any, kind: str) -> None:
    """Each request comes back as its own echo, and is in the journal once, with its protocol, before the fence."""
    attribute, fields, protocol = KINDS[kind]
    port = getattr(app, attribute)
    journal, found = open_journal(app)
    answer = prober.ask(line(port, repeat=20, nonce=kind, **fields))
    assert [(r["i"], r["outcome"], r["echo"], r["pod"]) for r in answer["results"]] == [
        (i, "answer", True, "srv-1") for i in range(20)
    ]
    assert not any("reconnected" in r for r in answer["results"])
    entries = entries_until_sync(journal, "1")
    assert sorted(entry["nonce"] for entry in entries) == sorted(f"{kind}-{i}" for i in range(20))
    assert {(entry["port"], entry["protocol"], entry["pod"], entry["peer"]) for entry in entries} == {
        (port, protocol, "srv-1", "127.0.0.1")
    }
    assert [entry["seq"] for entry in entries] == list(range(found + 1, found + 21))
    assert journal.end() == 0


@pytest.mark.parametrize("version", ["1.1", "2"])
def test_requests_arrive_as_planned(app: Any, prober: Any, version: str) -> None:
    """Method, raw target, headers and host reach the journal; status and pod come back; HEAD has no body,
    so no echo."""
    journal, _ = open_journal(app)
    requests = [
        {
            "method": "PATCH",
            "path": "/a%2Fb?x=1&y",
            "headers": [["x-k", "v"]],
            "body": "data",
            "host_header": "other.example",
        },
        {"method": "HEAD", "headers": [["x-smi-status", "503"]]},
        {"method": "GET", "headers": [["x-smi-status", "500"]]},
    ]
    results = prober.ask(line(app.http, version=version, requests=requests))["results"]
    assert [(r["status"], r["pod"], r["echo"]) for r in results] == [
        (200, "srv-1", True),
        (503, "srv-1", False),
        (500, "srv-1", True),
    ]
    first, second, _ = entries_until_sync(journal, "a")
    assert (first["method"], first["path"], second["method"]) == ("PATCH", "/a%2Fb?x=1&y", "HEAD")
    assert ["x-k", "v"] in first["headers"]
    assert [":authority" if version == "2" else "host", "other.example"] in first["headers"]


@pytest.mark.parametrize("version", ["1.1", "2"])
def test_delay_is_a_timeout_and_spares_others(app: Any, prober: Any, version: str) -> None:
    """A request that is answered too late is a timeout; those after it on the same line still succeed."""
    requests = [{"headers": [["x-smi-delay", "60"]]}, {"headers": [["x-smi-delay", "0.02"]]}]
    results = prober.ask(line(app.http, version=version, connection="reuse", timeout=1.0, requests=requests))["results"]
    assert [r["outcome"] for r in results] == ["timeout", "answer"]
    assert results[0]["ms"] >= 1000
    assert results[1]["ms"] >= 20
    assert results[1].get("reconnected", False) is (version == "1.1")


def test_interval_paces_the_starts(app: Any, prober: Any) -> None:
    """Starts are at least the interval apart, also across workers."""
    results = prober.ask(line(app.http, repeat=6, interval=0.02, concurrency=3))["results"]
    starts = sorted(r["t"] for r in results)
    assert all(later - earlier >= 0.0199 for earlier, later in pairwise(starts))


def silent(connection: socket.socket) -> None:
    """Read until the client gives up."""
    while connection.recv(1000):
        pass


def end_at_once(connection: socket.socket) -> None:
    """Take the request and close."""
    connection.recv(1000)


def reset_it(connection: socket.socket) -> None:
    """Take the request and reset."""
    connection.recv(1000)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, pack("ii", 1, 0))


def garbage(connection: socket.socket) -> None:
    """Take the request and answer with another protocol."""
    connection.recv(1000)
    connection.sendall(b"220 mail.example ESMTP ready\r\n")
    silent(connection)


def half_answer(connection: socket.socket) -> None:
    """Start an answer and close in its middle."""
    connection.recv(1000)
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf")


ODD = {"closed": end_at_once, "reset": reset_it, "timeout": silent, "protocol": garbage}


@pytest.mark.parametrize("outcome", ODD)
@pytest.mark.parametrize("kind", ["1.1", "2", "tcp"])
def test_odd_server_has_its_outcome(prober: Any, odd_server: OddServer, kind: str, outcome: str) -> None:
    """What an odd server does is told apart, in every protocol."""
    fields: dict[str, Any] = {"kind": "tcp"} if kind == "tcp" else {"version": kind}
    patience = 0.25 if outcome == "timeout" else 20.0
    (result,) = prober.ask(line(odd_server(ODD[outcome]), timeout=patience, **fields))["results"]
    assert (result["outcome"], result["status"], result["echo"]) == (outcome, None, False)
    assert result["error"]


def without_nuls(connection: socket.socket) -> None:
    """Answer a nonce, and echo the rest without its NUL bytes."""
    line, _, rest = connection.recv(1000).partition(b"\n")
    connection.sendall(b"ECHO " + line.removeprefix(b"NONCE ") + b" odd\n" + rest.replace(b"\0", b""))
    while data := connection.recv(1000):
        connection.sendall(data.replace(b"\0", b""))


def without_last_words(connection: socket.socket) -> None:
    """Answer a nonce, echo what follows, and close at the client's half-close without echoing what came with it."""
    connection.sendall(b"ECHO " + connection.recv(1000).removeprefix(b"NONCE ").strip() + b" odd\n")
    due = 5_000
    while due and (data := connection.recv(due)):
        connection.sendall(data)
        due -= len(data)
    silent(connection)


@pytest.mark.parametrize(("serve", "words"), [(without_nuls, "differs"), (without_last_words, "got 0")])
def test_payload_that_comes_back_otherwise_is_no_echo(
    prober: Any, odd_server: OddServer, serve: Callable[[socket.socket], None], words: str
) -> None:
    """The nonce alone is not enough: every byte counts, also after the client has ended its direction."""
    (result,) = prober.ask(line(odd_server(serve), kind="tcp", payload=5_000, timeout=20.0))["results"]
    assert (result["outcome"], result["echo"]) == ("protocol", False)
    assert words in result["error"]


def test_half_an_answer_is_no_answer(prober: Any, odd_server: OddServer) -> None:
    """An answer cut off in the middle is a protocol error, not a close before an answer."""
    (result,) = prober.ask(line(odd_server(half_answer)))["results"]
    assert result["outcome"] == "protocol"


@pytest.mark.parametrize("kind", ["http", "tcp", "udp"])
def test_free_port_is_refused(prober: Any, kind: str) -> None:
    """A port with nothing behind it is refused, in UDP too."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM) as sock:
        sock.bind(("127.0.0.1", 0))  # bound but not listening; for UDP closed again below
        port = sock.getsockname()[1]
        if kind == "udp":
            sock.close()
        (result,) = prober.ask(line(port, kind=kind))["results"]
    assert result["outcome"] == "refused"


def test_unknown_name_is_dns(prober: Any) -> None:
    """A name that does not resolve is never taken for a denial, also when asked for by `resolve`."""
    results = prober.ask(line(80, host="no-such-name.invalid", repeat=2))["results"]
    assert [r["outcome"] for r in results] == ["dns", "dns"]
    assert prober.ask({"op": "resolve", "id": "r", "host": "no-such-name.invalid"}) == {
        "id": "r",
        "addresses": [],
        "error": "dns",
    }
    assert prober.ask({"op": "resolve", "id": "r", "host": "localhost"}) == {
        "id": "r",
        "addresses": ["127.0.0.1"],
        "error": None,
    }


def test_address_goes_before_host(app: Any, prober: Any) -> None:
    """With an address the name is not resolved, and is still the Host header."""
    journal, _ = open_journal(app)
    (result,) = prober.ask(line(app.http, host="srv.example", address="127.0.0.1"))["results"]
    assert result["echo"] is True
    assert ["host", f"srv.example:{app.http}"] in entries_until_sync(journal, "1")[0]["headers"]


def test_reuse_goes_on_after_a_loss(prober: Any, odd_server: OddServer) -> None:
    """After a lost connection the rest is sent on a new one, and says so."""

    def two_answers(connection: socket.socket) -> None:
        for _ in range(2):
            connection.recv(1000)
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        connection.recv(1000)

    results = prober.ask(line(odd_server(two_answers), connection="reuse", repeat=5))["results"]
    assert [r["outcome"] for r in results] == ["answer", "answer", "closed", "answer", "answer"]
    assert [r.get("reconnected", False) for r in results] == [False, False, False, True, True]


def test_bad_lines_do_not_end_the_session(prober: Any) -> None:
    """Each bad line is answered with its error, and the session goes on."""
    assert prober.ask(b"{nonsense\n")["id"] is None
    assert "op is one of" in prober.ask({"op": "x", "id": "1"})["error"]
    assert prober.ask(line(0))["error"].startswith("port is")
    assert prober.ask({"op": "ping", "id": "x"}) == {"id": "x", "pong": True}


def test_end_of_input_ends_the_prober(app: Any) -> None:
    """At the end of input the lines under way are finished, and the status is 0."""
    prober = app.start("prober")
    prober.receive()
    prober.send(line(app.http, requests=[{"headers": [["x-smi-delay", "0.1"]]}]))
    assert prober.end() == 0
    assert prober.receive()["results"][0]["echo"] is True


def test_fence_covers_what_was_sent_before_it(app: Any) -> None:
    """Bytes that are in the server's socket buffers when the fence arrives are journalled before it,
    answered or not."""
    journal, _ = open_journal(app)
    for turn in range(20):
        sock = socket.create_connection(("127.0.0.1", app.http), timeout=5)
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with sock, udp:
            for i in range(30):
                udp.sendto(f"NONCE u{turn}-{i}".encode(), ("127.0.0.1", app.udp))
            sock.sendall(f"GET / HTTP/1.1\r\nx-smi-nonce: h{turn}\r\nx-smi-delay: 9\r\n\r\n".encode())
            nonces = {entry["nonce"] for entry in entries_until_sync(journal, str(turn))}
        assert nonces == {f"h{turn}", *(f"u{turn}-{i}" for i in range(30))}


def test_loopback_is_journalled_and_not_sent_out(app: Any) -> None:
    """The server proves from inside that it answers; the check is no entry of the session."""
    journal, found = open_journal(app)
    assert journal.ask({"op": "loopback", "id": "8", "port": app.http}) == {"loopback": "8", "ok": True}
    assert journal.ask({"op": "loopback", "id": "9", "port": app.udp})["ok"] is False
    assert entries_until_sync(journal, "1") == []
    assert open_journal(app)[1] == found + 1


def test_all_sends_old_entries(app: Any, prober: Any) -> None:
    """With `--all` the entries that were there before come first."""
    prober.ask(line(app.http, nonce="old"))
    journal, found = open_journal(app, "--all")
    entries = entries_until_sync(journal, "1")
    assert entries[-1]["nonce"] == "old-0"
    assert entries[-1]["seq"] == found


def test_server_ends_on_sigterm(tmp_path: Path, app: Any) -> None:
    """SIGTERM ends the server with status 0; its journal session tells, with status 3,
    and so does one that finds no server."""
    other = type(app)(tmp_path)
    try:
        journal, _ = open_journal(other)
        other.server.process.send_signal(signal.SIGTERM)
        assert other.server.process.wait(5) == 0
        assert "closed" in journal.receive()
        assert journal.process.wait(5) == 3
        late = other.start("journal")
        assert "no server" in late.receive()["closed"]
        assert late.process.wait(5) == 3
        assert list(tmp_path.iterdir()) == []
    finally:
        other.stop()


def test_prober_starts_without_h2() -> None:
    """A prober that speaks only HTTP/1.1 does not pay for HTTP/2."""
    code = "import sys, sample_app.prober; sys.exit('h2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=10, check=False).returncode == 0


@pytest.mark.parametrize(
    ("port", "fields"),
    [("http", {}), ("http", {"version": "2"}), ("tcp", {"kind": "tcp"})],
    ids=["http1", "http2", "tcp"],
)
def test_a_kept_connection_outlives_its_line(
    app: Any, prober: Any, odd_server: OddServer, port: str, fields: dict[str, Any]
) -> None:
    """A later line of its name goes over the same connection, until it is dropped."""
    opened = []

    def relay(connection: socket.socket) -> None:
        opened.append(connection)
        with socket.create_connection(("127.0.0.1", getattr(app, port))) as server:
            while ready := select.select([connection, server], [], [])[0]:
                for source in ready:
                    if not (data := source.recv(65_536)):
                        return
                    (server if source is connection else connection).sendall(data)

    through = odd_server(relay)
    kept = {"connection": "kept", "line": f"through-{through}", **fields}
    for _ in range(2):
        (result,) = prober.ask(line(through, **kept))["results"]
        assert (result["echo"], len(opened)) == (True, 1)
    assert prober.ask({"op": "drop", "id": "x", "line": kept["line"]}) == {"id": "x", "dropped": True}
    assert prober.ask({"op": "drop", "id": "y", "line": kept["line"]}) == {"id": "y", "dropped": False}
    (result,) = prober.ask(line(through, **kept))["results"]
    assert (result["echo"], len(opened)) == (True, 2)


def test_a_kept_connection_that_is_lost_is_not_opened_again(prober: Any, odd_server: OddServer) -> None:
    """What comes after its end is told as closed, and nothing is sent."""

    def one_answer(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")

    port = odd_server(one_answer)
    kept = line(port, connection="kept", line="lost")
    seen = [prober.ask(kept)["results"][0]["outcome"] for _ in range(3)]
    assert seen == ["answer", "closed", "closed"]


def test_a_kept_connection_has_a_name(prober: Any) -> None:
    """Without one it is refused, for a line and for its end."""
    assert prober.ask(line(1, connection="kept"))["error"].startswith("line has the form")
    assert prober.ask({"op": "drop", "id": "x"})["error"].startswith("line has the form")
