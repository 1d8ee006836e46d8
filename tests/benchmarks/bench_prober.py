"""Measure the prober against the bare server, over real sockets, each in its own process:
`python tests/benchmarks/bench_prober.py`.

Prints one line per kind of traffic: requests a second, end to end (plan line written → results line read),
best of three lines.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from typing import Any

KINDS: dict[str, dict[str, Any]] = {
    "HTTP/1.1 fresh, one after another": {"connection": "fresh", "concurrency": 1},
    "HTTP/1.1 fresh, 4 at once": {"connection": "fresh", "concurrency": 4},
    "HTTP/1.1 reuse": {"connection": "reuse"},
    "HTTP/2 reuse, 16 interleaved": {"connection": "reuse", "version": "2", "concurrency": 16},
    "HTTP/2 fresh, 4 at once": {"connection": "fresh", "version": "2", "concurrency": 4},
}


def free_ports(count: int) -> list[int]:
    """Ports that are free right now."""
    socks = [socket.socket() for _ in range(count)]
    for sock in socks:
        sock.bind(("127.0.0.1", 0))
    ports = [int(sock.getsockname()[1]) for sock in socks]
    for sock in socks:
        sock.close()
    return ports


def main() -> int:
    """Run every kind and print its rate; status 1 if a request was not answered."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--requests", type=int, default=2000, help="requests per line, at most 5000 (default: %(default)s)"
    )
    options = parser.parse_args()
    port, health = free_ports(2)
    empty = dict.fromkeys(("TCP_PORTS", "TCP_SERVER_FIRST_PORTS", "UDP_PORTS"), "")
    command = [sys.executable, "-m", "sample_app"]
    with tempfile.TemporaryDirectory() as folder:
        env = {
            **os.environ,
            **empty,
            "TMPDIR": folder,
            "HTTP_PORTS": str(port),
            "HEALTH_PORT": str(health),
            "POD_NAME": "bench",
        }
        with subprocess.Popen([*command, "server"], env=env) as server:
            try:
                _await_port(health)
                with subprocess.Popen(
                    [*command, "prober"], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
                ) as prober:
                    assert prober.stdin
                    assert prober.stdout
                    prober.stdout.readline()
                    return max(_measure(prober, port, name, kind, options.requests) for name, kind in KINDS.items())
            finally:
                server.terminate()


def _measure(prober: subprocess.Popen[str], port: int, name: str, kind: dict[str, Any], requests: int) -> int:
    assert prober.stdin
    assert prober.stdout
    line = {
        "op": "probe",
        "id": "b",
        "kind": "http",
        "host": "127.0.0.1",
        "port": port,
        "repeat": requests,
        "nonce": "b",
        **kind,
    }
    best, bad = 0.0, 0
    for _ in range(3):
        begun = time.monotonic()
        prober.stdin.write(json.dumps(line) + "\n")
        prober.stdin.flush()
        answer = json.loads(prober.stdout.readline())
        best = max(best, requests / (time.monotonic() - begun))
        if "results" not in answer:
            raise SystemExit(f"{name}: {answer}")
        bad += sum(not result["echo"] for result in answer["results"])
    print(f"{name:36} {best:8.0f} requests/s" + (f"  ({bad} not answered)" if bad else ""))
    return int(bad > 0)


def _await_port(port: int) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


if __name__ == "__main__":
    sys.exit(main())
