"""`python -m pytest_smi.reference serve` as the suite starts it: one line, and nothing left however it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest


def descendants(pid: int) -> list[int]:
    """Every process below `pid`."""
    parents: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = Path(f"/proc/{entry}/stat").read_text()
            except OSError:
                continue
            parents.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(entry))
    found, todo = [], [pid]
    while todo:
        children = parents.get(todo.pop(), [])
        found += children
        todo += children
    return found


def gone(pids: list[int], folder: Path, timeout: float = 5.0) -> bool:
    """Wait until the processes and the folder are gone."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        running = [pid for pid in pids if os.path.exists(f"/proc/{pid}")]
        if not running and not folder.exists():
            return True
        time.sleep(0.02)
    return False


@pytest.fixture
def start(short_folder: Path, tiny_spec: dict[str, Any]) -> Any:
    """Starts serve with a pod in it; gives the process, its ready line and its state folder."""
    started: list[subprocess.Popen[str]] = []

    def run(*options: str) -> tuple[subprocess.Popen[str], dict[str, Any], Path]:
        state = short_folder / "state"
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "pytest_smi.reference", "serve", "--no-mesh", "--state-dir", str(state)),
                *("--image", f"tiny:1={json.dumps(tiny_spec)}"),
                *options,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        return process, json.loads(process.stdout.readline() or "null"), state

    yield run
    for process in started:
        process.kill()
        process.wait(10)
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()


def make_pod(kubeconfig: str) -> None:
    """Create a server pod through the API and wait until it is ready."""
    from kubernetes import client, config

    load: Any = config.new_client_from_config
    api: Any = client.CoreV1Api(load(kubeconfig))
    pod = {
        "metadata": {"name": "srv"},
        "spec": {"containers": [{"name": "app", "image": "tiny:1", "args": ["server"]}]},
    }
    api.create_namespaced_pod("default", pod)
    end = time.monotonic() + 10
    while api.read_namespaced_pod("srv", "default").status.phase != "Running":
        assert time.monotonic() < end
        time.sleep(0.01)
    api.api_client.close()


class TestServe:
    """The composed cluster."""

    @pytest.mark.parametrize("how", ["eof", "SIGTERM", "SIGINT", "SIGKILL"])
    def test_nothing_is_left(self, start: Any, how: str) -> None:
        """End of stdin, SIGTERM, SIGINT and even SIGKILL leave no process and no file."""
        process, line, state = start()
        assert set(line) == {"kubeconfig", "version", "pid"}
        assert line["pid"] == process.pid
        assert state.stat().st_mode & 0o777 == 0o700
        assert Path(line["kubeconfig"]).stat().st_mode & 0o777 == 0o600
        make_pod(line["kubeconfig"])
        below = descendants(process.pid)
        assert len(below) == 2
        if how == "eof":
            process.stdin.close()
        else:
            process.send_signal(signal.Signals[how])
        assert process.wait(10) == (-signal.SIGKILL if how == "SIGKILL" else 0)
        assert gone(below, state)

    def test_ends_when_its_parent_is_killed(self, short_folder: Path) -> None:
        """A starter that is killed takes the cluster with it, even when somebody else holds stdin open."""
        state = short_folder / "state"
        code = (
            "import subprocess, sys, time\n"
            "p = subprocess.Popen([sys.executable, '-m', 'pytest_smi.reference', 'serve', '--no-mesh', "
            f"'--state-dir', {str(state)!r}])\n"
            "time.sleep(60)"
        )
        held, theirs = socket.socketpair()
        starter = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=theirs.fileno(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        theirs.close()
        try:
            assert starter.stdout is not None
            line = json.loads(starter.stdout.readline())
            below = descendants(starter.pid)
            assert line["pid"] in below
            starter.kill()
            starter.wait(5)
            starter.stdout.close()
            assert gone(below, state)
        finally:
            starter.kill()
            held.close()

    @pytest.mark.parametrize(
        ("options", "found"),
        [
            (["--fault", "no-such-fault"], "no-such-fault"),
            (["--cluster-fault", "no-such-fault"], "no-such-fault"),
            (["--image", "broken"], "broken"),
            (["--image", "x=[1]"], "JSON object"),
        ],
    )
    def test_bad_options_are_one_line(self, start: Any, options: list[str], found: str) -> None:
        """A bad option gives one JSON line with error and hint, status 1, and no folder."""
        process, line, state = start(*options)
        assert found in line["error"]
        assert line["hint"]
        assert process.wait(10) == 1
        assert not state.exists()

    def test_a_used_folder_is_refused(self, start: Any, short_folder: Path) -> None:
        """A folder with files in it is refused and left alone."""
        (short_folder / "state").mkdir()
        (short_folder / "state" / "precious").write_text("x")
        process, line, state = start()
        assert "must be empty or new" in line["error"]
        assert process.wait(10) == 1
        assert (state / "precious").exists()

    def test_two_clusters_live_side_by_side(self, short_folder: Path) -> None:
        """A second cluster on the same machine has a network of its own."""
        processes = [
            subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "pytest_smi.reference",
                    "serve",
                    "--no-mesh",
                    "--state-dir",
                    str(short_folder / name),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
            for name in ("a", "b")
        ]
        try:
            prefixes = set()
            for process, name in zip(processes, ("a", "b"), strict=True):
                assert process.stdout is not None
                assert "kubeconfig" in json.loads(process.stdout.readline())
                prefixes.add(json.loads((short_folder / name / "netmap.json").read_text())["prefix"])
            assert len(prefixes) == 2
        finally:
            for process in processes:
                process.communicate(timeout=10)

    def test_faults_are_listed(self) -> None:
        """`faults` prints every fault with name, description, breaks and kind, and versions where it needs others."""
        out = subprocess.run(
            [sys.executable, "-m", "pytest_smi.reference", "faults"],
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
        records = json.loads(out.stdout)
        fields = ("breaks", "description", "kind", "name")
        assert {tuple(sorted(record)) for record in records} == {fields, (*fields, "versions")}
        cluster = {record["name"] for record in records if record["kind"] == "cluster"}
        assert cluster == {"server-down", "dns-dead", "exec-cut", "prober-killed"}

    def test_elsewhere_it_says_linux(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        """On another system there is one JSON line that says so."""
        from pytest_smi.reference import __main__ as command

        monkeypatch.setattr(sys, "platform", "darwin")
        assert command.main(["serve", "--state-dir", str(tmp_path / "x")]) == 1
        assert json.loads(capsys.readouterr().out)["error"] == "the reference mesh needs Linux"
