"""A real Chromium that may reach nothing, and a page in it for each test."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from pytest_smi.matrix.build import Built
from pytest_smi.matrix.matrix import Matrix
from pytest_smi.reports.render.page_html import index_html
from pytest_smi.reports.render.page_records import Links
from tests.support.field import field, statements
from tests.support.matrices import STATEMENTS, hostile_built, mixed

playwright = pytest.importorskip("playwright.sync_api", reason="needs the package playwright")

_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
Open = Callable[..., Any]


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One Chromium for all tests; a fresh profile in each context."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=program, args=_FLAGS, headless=True)
        yield started
        started.close()


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Pages on disk: `mixed`, `hostile`, `field` of twelve meshes with twenty versions each, `osm` of a real run."""
    folder = tmp_path_factory.mktemp("pages")
    made = {
        "mixed": (mixed(), STATEMENTS),
        "hostile": (hostile_built(), STATEMENTS),
        "field": (field(), statements()),
        "osm": (_real("osm"), statements()),
    }
    return {name: _write(folder / f"{name}.html", *of) for name, of in made.items()}


@pytest.fixture
def open_page(browser: Any, pages: dict[str, Path]) -> Iterator[Open]:
    """Open a page from file://; afterwards nothing may have been requested, logged as an error, or alerted."""
    contexts: list[Any] = []
    complaints: list[str] = []

    def refuse(dialog: Any) -> None:
        complaints.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def open_(name: str = "mixed", *, width: int = 1280, height: int = 900, fragment: str = "", **options: Any) -> Any:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        context.set_default_timeout(20_000)
        contexts.append(context)
        page = context.new_page()
        address = pages[name].as_uri()
        page.on(
            "request",
            lambda request: complaints.append(request.url) if not request.url.startswith((address, "data:")) else None,
        )
        page.on("dialog", refuse)
        page.on("pageerror", lambda error: complaints.append(f"error {error}"))
        page.on(
            "console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None
        )
        page.goto(address + fragment)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []


def _real(mesh: str) -> Built:
    """A report of a real mesh."""
    folder = Path(__file__).parents[2] / "docs" / "results" / mesh
    matrix = Matrix.from_bytes((folder / "matrix.json").read_bytes())
    paths = [entry.evidence.path for run in matrix.runs for entry in run.results if entry.evidence]
    return Built(matrix=matrix, evidence={path: (folder / path).read_bytes() for path in paths})


def _write(path: Path, of: Built, words: Mapping[str, str]) -> Path:
    path.write_bytes(
        index_html(of.matrix, of.evidence, words, matrix_sha256="d" * 64, signer="SHA256:abc", links=Links())
    )
    return path
