"""Runs the suite against a persona of the reference mesh, with the shipped profile
of the mesh at the persona's pace."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from pytest_smi.cluster.embedded import EmbeddedCluster, persona_arguments
from pytest_smi.profiles.load import known_profiles

EXPECTED = Path(__file__).parent / "expected"
SCALE = 0.1
"""Personas propagate this much quicker than their meshes (see `pace.scale`),
and so may be waited for that much less."""
RUN_DEADLINE = 600
_QUICK = {
    "poll_interval": 0.1,
    "settle_deadline": 6,
    "hold_probes": 40,
    "udp_timeout": 0.3,
    "ready_deadline": 60,
    "session_deadline": 30,
    "cleanup_deadline": 30,
    "event_deadline": 5,
    "churn_rounds": 50,
    "metrics_deadline": 40,
}


def quick_profile(name: str, folder: Path) -> Path:
    """The shipped profile of a mesh with its waits scaled as its persona's are;
    everything else is the shipped one's."""
    document = yaml.safe_load(known_profiles()[name].read_text(encoding="utf-8"))
    hold = float((document.get("limits") or {}).get("hold_seconds", 10.0)) * SCALE
    document["limits"] = {**_QUICK, "hold_seconds": max(0.3, hold)}
    if "idleBefore" in document.get("splits", {}):
        document["splits"]["idleBefore"] *= SCALE
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return path


def expected(name: str) -> dict[str, dict[str, Any]]:
    """Requirement -> {status, why, deviations} for each that persona `name` does not pass."""
    found: dict[str, dict[str, Any]] = json.loads((EXPECTED / f"{name}.json").read_text(encoding="utf-8"))
    return found


def run_persona(name: str, folder: Path, *more: str) -> dict[str, tuple[str, str]]:
    """Requirement -> (status, reason) of a whole run against persona `name` with its mesh's profile;
    AssertionError without a report."""
    return _run(name, folder, f"--mesh={name}", "--mesh-profile", str(quick_profile(name, folder)), *more)


def run_reference(folder: Path, *more: str) -> dict[str, tuple[str, str]]:
    """The same for the reference mesh that reads every version."""
    return _run("all-versions", folder, "--mesh=reference", *more)


def _run(persona: str, folder: Path, *arguments: str) -> dict[str, tuple[str, str]]:
    cluster = EmbeddedCluster(persona_arguments(persona))
    try:
        command = [
            sys.executable,
            "-m",
            "pytest",
            "--kubeconfig",
            str(cluster.kubeconfig),
            "-n",
            "2",
            "-q",
            "-p",
            "no:cacheprovider",
        ]
        command += ["--smi-report", str(folder / "report"), *arguments]
        done = subprocess.run(command, capture_output=True, timeout=RUN_DEADLINE, check=False, text=True)
    finally:
        cluster.stop()
    report = folder / "report" / "matrix.json"
    assert report.is_file(), f"no report; the run said:\n{done.stdout[-4000:]}\n{done.stderr[-2000:]}"
    return statuses(json.loads(report.read_text(encoding="utf-8")))


def statuses(matrix: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Requirement -> (status, reason) of the only run of a matrix."""
    (run,) = matrix["runs"]
    return {result["requirement"]: (result["status"], result.get("reason") or "") for result in run["results"]}
