"""The examples of docs/dashboards.md and docs/releases.md, run as they are printed."""

import functools
import os
import re
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pytest_smi.core.terms import Status
from tests.support.reports import SIGNER, a_report

DOCS = Path(__file__).parents[2] / "docs"
ENVIRON = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}


def example(page: str, name: str) -> str:
    """The code block under `<!-- example: NAME -->`."""
    found = re.search(rf"<!-- example: {re.escape(name)} -->\n```\w+\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)
    assert found, f"{page} has no example {name}"
    return found[1]


class Quiet(SimpleHTTPRequestHandler):
    """A file server that logs nothing."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The address of a file server over the test's folder."""
    running = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(tmp_path)))
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    running.server_close()
    thread.join()


@pytest.mark.parametrize("changed", [False, True])
def test_fetch_verify_show(server: str, tmp_path: Path, changed: bool) -> None:
    """The ten lines for dashboards print what the page says they print, and nothing of a report that was changed."""
    folder = a_report(tmp_path / "made")
    if changed:
        (folder / "evidence" / "TA-01.json").write_text("{}")
    with tarfile.open(tmp_path / "report.tar.gz", "w:gz") as archive:
        archive.add(folder, "smi-report")
    (tmp_path / "show.py").write_text(example("dashboards.md", "show.py"))
    assert len([line for line in example("dashboards.md", "show.py").splitlines() if line]) <= 10

    command = [sys.executable, "show.py", f"{server}/report.tar.gz", str(folder / "signing-key.pub.pem")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)

    if changed:
        assert (done.returncode, done.stdout) == (1, "")
        assert "step 9" in done.stderr
    else:
        assert done.stdout == example("dashboards.md", "output"), done.stderr


@pytest.mark.parametrize(
    ("statuses", "status"), [({}, 0), ({"TA-01": Status.FAILED}, 1), ({"TA-03": Status.FAILED}, 1)]
)
def test_gate(tmp_path: Path, statuses: dict[str, Status], status: int) -> None:
    """The gate of the release page: passes what is as good as before,
    stops a failed MUST at verify and a failed SHOULD at diff."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    a_report(tmp_path / "last-release", finished="2026-01-01T00:00:00Z")
    a_report(tmp_path / "smi-report", nonce="n2", finished=now, statuses=statuses)
    (tmp_path / "ci.pub.pem").write_bytes(SIGNER.public_pem)
    (tmp_path / "gate.sh").write_text(example("releases.md", "gate.sh"))

    done = subprocess.run(
        ["sh", "gate.sh"], cwd=tmp_path, env=ENVIRON, capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == status, done.stdout + done.stderr
    if "TA-01" in statuses:
        assert "TA-01 failed" in done.stderr
        assert "Regressed" not in done.stdout
    if "TA-03" in statuses:
        assert "TA-03  passed → failed" in done.stdout
