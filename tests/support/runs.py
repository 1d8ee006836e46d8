"""Start whole runs of the suite in processes of their own, and read what they wrote."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedRun:
    """A run that is over."""

    status: int
    output: str
    matrix: dict[str, Any] | None

    def requirements(self, *statuses: str) -> set[str]:
        """The requirements whose result has one of these statuses."""
        return {result["requirement"] for result in self.results if result["status"] in statuses}

    @property
    def results(self) -> list[dict[str, Any]]:
        """The results of the only run in the matrix."""
        if self.matrix is None:
            return []
        (run,) = self.matrix["runs"]
        found: list[dict[str, Any]] = run["results"]
        return found

    def explain(self, requirements: set[str]) -> str:
        """The results of these requirements in words, for an assertion's message."""
        lines = [
            f"{r['requirement']} {r['status']}: {r['reason'][:300]}"
            for r in self.results
            if r["requirement"] in requirements
        ]
        return "\n".join(lines) or self.output[-3000:]


def suite_command(folder: Path, *arguments: str, mesh: str = "reference") -> list[str]:
    """The command `pytest --mesh=MESH ARGUMENTS` with its report in `folder`, unless the arguments name another one."""
    report = (
        []
        if any(argument.startswith("--smi-report") for argument in arguments)
        else [f"--smi-report={folder / 'smi-report'}"]
    )
    return [sys.executable, "-m", "pytest", f"--mesh={mesh}", "-q", "-p", "no:cacheprovider", *report, *arguments]


def read_run(folder: Path, status: int, output: str) -> FinishedRun:
    """What a run that ended with `status` wrote into `folder`."""
    matrix = report_of(folder) / "matrix.json"
    return FinishedRun(status=status, output=output, matrix=json.loads(matrix.read_text()) if matrix.exists() else None)


def report_of(folder: Path) -> Path:
    """The report folder that a run wrote: the one for partial runs, if there is one."""
    partial = folder / "smi-report-partial"
    return partial if partial.exists() else folder / "smi-report"


def run_suite(folder: Path, *arguments: str, mesh: str = "reference", timeout: float = 600) -> FinishedRun:
    """Run `pytest --mesh=MESH ARGUMENTS` in `folder`."""
    done = subprocess.run(
        suite_command(folder, *arguments, mesh=mesh), cwd=folder, capture_output=True, text=True, timeout=timeout
    )
    return read_run(folder, done.returncode, done.stdout + done.stderr)


def list_faults() -> list[dict[str, Any]]:
    """The faults as `pytest-smi faults --json` prints them."""
    command = [str(Path(sys.executable).with_name("pytest-smi")), "faults", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    faults: list[dict[str, Any]] = json.loads(done.stdout)
    return faults
