"""The report that Allure 3 makes from a run of ours, generated with its own command line and looked at in Chromium."""

import functools
import http.server
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.support.runs import run_suite

pytestmark = pytest.mark.browser


class _Quiet(http.server.SimpleHTTPRequestHandler):
    """A server of files that logs nothing."""

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def allure() -> str:
    """The command `allure` of major version 3, from $ALLURE or PATH."""
    program = os.environ.get("ALLURE") or shutil.which("allure")
    if not program or not Path(program).exists():
        pytest.skip("needs Allure 3: npm install allure, and its path in $ALLURE")
    return program


@pytest.fixture(scope="module")
def address(allure: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a generated report is served: one failed, one passed and one observed assertion."""
    pytest.importorskip("allure_commons", reason="needs the extra 'allure'")
    folder = tmp_path_factory.mktemp("allure")
    results, report = folder / "allure-results", folder / "allure-report"
    chosen = "ninety_ten or two_thirds or end_of_a_path"
    run = run_suite(
        folder, "-n", "2", f"--alluredir={results}", "--smi-fault=split-clamps-at-100", "-k", chosen, timeout=180
    )
    assert run.status == 1, run.output
    command = [allure, "generate", "--config", str(results / "allurerc.json"), str(results), "--output", str(report)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(report)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join(timeout=10)
    server.server_close()


def test_allure_shows_our_results(address: str, browser: Any) -> None:
    """Environment, tree by API and level, and a failure with severity, labels, link,
    steps and evidence are on the page."""
    context = browser.new_context(viewport={"width": 1280, "height": 1600})
    context.set_default_timeout(15000)
    page = context.new_page()
    page.goto(address)
    page.get_by_text("reference 0.1.0").first.wait_for()
    for api in ("Traffic Split", "Traffic Specs"):
        expect(page.get_by_text(api, exact=True).first).to_be_visible()
    page.get_by_text("SP-02 Weights need not add up to 100").first.click()
    page.get_by_role("link", name="split v1alpha4 §Workflow").wait_for()
    text = page.inner_text("body")
    for part in ("Critical", "Broken by the mesh", "SP-02", "verdict: failed", "applied TrafficSplit", "evidence"):
        assert part in text, text
    context.close()
