"""Benchmark of a site: the size of its index for 12 meshes with 50 versions each, and the time until Chromium shows it.

Run it as a program; `SMI_BENCH_MESHES` and `SMI_BENCH_VERSIONS` set others. The first view is what Chromium reports as
the first contentful paint, of a page that is read from a server on this machine; the median of five.
"""

import os
import shutil
import statistics
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from pytest_smi.reports.render.site import places_of, site_files
from tests.support.field import NEWEST, field, statements
from tests.support.web import serving

MESHES = int(os.environ.get("SMI_BENCH_MESHES", "12"))
VERSIONS = int(os.environ.get("SMI_BENCH_VERSIONS", "50"))
LARGEST, LONGEST = 300_000, 1000.0
PAINT = """() => new Promise((done) => new PerformanceObserver((list) => done(list.getEntries()[0].startTime))
    .observe({ type: "paint", buffered: true }))"""


def first_view(folder: Path) -> float | None:
    """Milliseconds until the index is seen, None without Chromium."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        return None
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver, serving(folder) as site:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        found = []
        for _ in range(5):
            context = browser.new_context(viewport={"width": 1280, "height": 900})
            page = context.new_page()
            page.goto(site.url)
            found.append(float(page.evaluate(PAINT)))
            context.close()
        browser.close()
    return statistics.median(found)


def main() -> None:
    """Make the index, and print what it costs."""
    matrix = field(MESHES, VERSIONS).matrix
    places = places_of(matrix.runs, {run.nonce: ("a" * 32, ("SHA256:signer",)) for run in matrix.runs})
    begun = time.perf_counter()
    files = site_files(matrix, places, statements(), now=NEWEST, max_age=timedelta(days=90))
    took = time.perf_counter() - begun
    with tempfile.TemporaryDirectory() as name:
        for file, data in files.items():
            (Path(name) / file).parent.mkdir(exist_ok=True)
            (Path(name) / file).write_bytes(data)
        seen = first_view(Path(name))
    size = len(files["index.html"])
    print(f"site     {MESHES} meshes with {VERSIONS} versions each, made in {took:.2f} s")
    print(f"index    {size / 1000:.0f} kB, {size / LARGEST:.2f} of what it may have")
    if seen is None:
        print("view     not measured: there is no Chromium")
    else:
        print(f"view     {seen:.0f} ms until the first paint, {seen / LONGEST:.2f} of what it may take")


if __name__ == "__main__":
    main()
