"""Start and stop the embedded reference cluster as a process of its own; only a kubeconfig comes back.

The process ends when its standard input does, so it cannot outlive this one, whatever happens.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
import threading
from collections import deque
from pathlib import Path
from typing import Any

from pytest_smi import __version__
from pytest_smi.core.nearest import unknown
from pytest_smi.core.resources import bundled
from pytest_smi.errors import ClusterError, HarnessError, UsageProblem

SAMPLE_APP_IMAGE = f"pytest-smi/sample-app:{__version__}"
START_DEADLINE = 60.0
STOP_DEADLINE = 15.0
_LONGEST_FOLDER = 60
"""Bytes; a Unix socket's path has 108, and the rest is for cluster, pod, container and file."""
_MODULE = "pytest_smi.reference"


def known_faults() -> list[dict[str, Any]]:
    """Return the faults of the reference as it lists them: name, description, breaks, kind. Raises HarnessError."""
    return _listed("faults", {"name": str, "description": str, "breaks": list})


def known_personas() -> list[dict[str, Any]]:
    """Return the meshes that the reference can pass for: name, title, description, deviations. Raises HarnessError."""
    return _listed("personas", {"name": str, "title": str, "description": str, "deviations": dict})


def _listed(what: str, fields: dict[str, type]) -> list[dict[str, Any]]:
    command = [sys.executable, "-P", "-m", _MODULE, what]
    try:
        done = subprocess.run(command, env=_environment(), capture_output=True, timeout=START_DEADLINE, check=False)
    except subprocess.TimeoutExpired:
        raise HarnessError(
            f"the reference must list its {what}; it did not answer", "Try again on a quieter machine."
        ) from None
    if done.returncode != 0:
        tail = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or [f"exit status {done.returncode}"]
        raise HarnessError(f"the reference must list its {what}; it failed: {tail[0]}", f"Run: {' '.join(command)}")
    try:
        found: list[dict[str, Any]] = json.loads(done.stdout)
        if not all(isinstance(entry[field], kind) for entry in found for field, kind in fields.items()):
            raise TypeError
    except (ValueError, TypeError, KeyError):
        raise HarnessError(
            f"the reference must list its {what} as JSON; it printed something else", "Install pytest-smi again."
        ) from None
    return found


def fault_arguments(given: str | None) -> list[str]:
    """Return the arguments that make the reference wrong as `given` says, one fault or several of the mesh with commas
    between them; raises UsageProblem, for an unknown fault with the nearest names."""
    if given is None:
        return []
    faults = {fault["name"]: fault for fault in known_faults()}
    names = [name.strip() for name in given.split(",")]
    for name in names:
        if name not in faults:
            raise UsageProblem(unknown("fault", name, faults, where="pytest-smi faults"))
    alone = [name for name in names if faults[name]["kind"] != "mesh"]
    if not alone:
        return ["--fault", ",".join(names)]
    if len(names) > 1:
        raise UsageProblem(
            f"the fault {alone[0]!r} must stand alone, found {given!r}",
            hint="only faults of the mesh itself go together; 'pytest-smi faults --json' tells the kind of each",
        )
    return ["--no-mesh"] if alone == ["no-mesh"] else ["--cluster-fault", *alone]


def persona_arguments(name: str | None) -> list[str]:
    """Return the arguments that let the reference pass for mesh `name`, or `NAME@PACE`;
    raises UsageProblem with the nearest names."""
    if name is None:
        return []
    known = [persona["name"] for persona in known_personas()]
    if (plain := name.partition("@")[0]) not in known:
        raise UsageProblem(unknown("persona", plain, known, where="pytest-smi reference personas"))
    return ["--persona", name]


class EmbeddedCluster:
    """A running embedded cluster; `kubeconfig` is where to find it."""

    def __init__(self, arguments: list[str]) -> None:
        app = bundled("sample_app")
        image = {
            "executables": {"sample-app": {"package": "sample_app", "path": str(app), "module": "sample_app.__main__"}},
            "preload": ["sample_app.server", "sample_app.prober", "sample_app.journal"],
        }
        self._folder = tempfile.TemporaryDirectory(prefix="smi-", dir=_short_folder())
        command = [sys.executable, "-P", "-m", _MODULE, "serve", "--state-dir", str(Path(self._folder.name) / "c")]
        command += ["--image", f"{SAMPLE_APP_IMAGE}={json.dumps(image)}", *arguments]
        # A session of its own: Ctrl-C reaches pytest, which ends this process in an orderly way.
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            env=_environment(),
        )
        self._errors: deque[bytes] = deque(maxlen=20)
        self._drained = threading.Thread(target=self._drain, daemon=True)
        self._drained.start()
        try:
            ready = self._await_ready()
        except BaseException:
            self.stop()
            raise
        self.kubeconfig = Path(ready["kubeconfig"])
        self.version: str = ready.get("version", "")

    def wait(self) -> int:
        """Wait until the cluster ends by itself; returns its exit status."""
        return self._process.wait()

    def stop(self) -> None:
        """End the cluster and every process of it."""
        process = self._process
        if process.stdin and not process.stdin.closed:
            process.stdin.close()
        try:
            process.wait(timeout=STOP_DEADLINE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._drained.join(_LAST_WORDS)
        for stream in (process.stdout, None if self._drained.is_alive() else process.stderr):
            if stream:
                stream.close()
        self._folder.cleanup()

    def _await_ready(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        readable, _, _ = select.select([self._process.stdout], [], [], START_DEADLINE)
        line = self._process.stdout.readline() if readable else b""
        try:
            ready = json.loads(line)
        except ValueError:
            said = b"".join(self._errors).decode("utf-8", "replace").strip()
            raise ClusterError(
                f"the embedded cluster did not start: {said.splitlines()[-1] if said else 'it said nothing'}"
            ) from None
        if "error" in ready:
            raise ClusterError(ready["error"], hint=ready.get("hint", ""))
        answer: dict[str, Any] = ready
        return answer

    def _drain(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._errors.append(line)


def _environment() -> dict[str, str]:
    """Return the environment without the private signing key, with which pods have no business.

    No process takes modules from the folder in which the user happens to be.
    """
    return {key: value for key, value in os.environ.items() if not key.startswith("SMI_SIGNING_KEY")} | {
        "PYTHONSAFEPATH": "1"
    }


def _short_folder() -> str | None:
    """Return a folder for temporary files in whose paths Unix sockets fit; None: the usual one."""
    usual = tempfile.gettempdir()
    fits = len(os.fsencode(usual)) <= _LONGEST_FOLDER
    return None if fits else next((folder for folder in ("/tmp", "/var/tmp") if os.access(folder, os.W_OK)), None)  # noqa: S108


_LAST_WORDS = 1.0
"""Seconds that a child of the cluster may hold its error output open after it ended."""
