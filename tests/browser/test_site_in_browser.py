"""A site as people use it, from a server: the index, details that are loaded when asked for, the page of a run."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from pytest_smi.matrix.matrix import Suite
from pytest_smi.reports.site import write_site
from tests.support.field import NEWEST, reports_of, statements
from tests.support.reports import SIGNER
from tests.support.web import Site, serving

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site of three meshes with three versions each."""
    folder = tmp_path_factory.mktemp("field")
    write_site(
        reports_of(folder, 3, 3, SIGNER),
        folder / "site",
        statements(),
        keys=[SIGNER.public_key],
        suite=Suite(name="pytest-smi", version="0.1.0", digest="a" * 64),
        now=NEWEST,
        max_age=timedelta(days=90),
    )
    with serving(folder / "site") as running:
        yield running


@pytest.fixture
def open_site(browser: Any, served: Site) -> Iterator[Any]:
    """Open an address of the site; afterwards nothing may have gone elsewhere, or failed."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(20_000)
    complaints: list[str] = []

    def open_(address: str = "/") -> Any:
        page = context.new_page()
        page.on("request", lambda one: complaints.append(one.url) if not _own(one.url, served) else None)
        page.on("pageerror", lambda error: complaints.append(f"error {error}"))
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.goto(served.url + address)
        return page

    yield open_
    context.close()
    assert complaints == []


def _own(url: str, served: Site) -> bool:
    return url.startswith((served.url, "data:"))


def details_asked(served: Site) -> int:
    """How often details were loaded."""
    return sum(path.endswith("run.json") for path, _ in served.asked)


def test_details_are_loaded_when_a_cell_is_opened(open_site: Any, served: Site) -> None:
    """Once for each run; then reason, timeline and the evidence file are there."""
    page = open_site()
    before = details_asked(served)
    page.locator("#grid td.s-failed a").first.click()
    panel = page.get_by_role("dialog")
    panel.get_by_text("as kubectl get shows").first.wait_for()
    assert details_asked(served) == before + 1
    expect(panel.get_by_text("deployed srv in t1")).to_be_visible()
    address = panel.get_by_role("link", name="evidence/").get_attribute("href")
    assert page.request.get(f"{served.url}/{address}").json()["requirement"] == panel.locator("h2").inner_text()
    page.go_back()
    expect(page.locator("#panel")).to_be_hidden()
    page.locator("#grid td.s-failed a").first.click()
    panel.get_by_text("deployed srv in t1").wait_for()
    assert details_asked(served) == before + 1


def test_every_version_has_a_page(open_site: Any) -> None:
    """From the index over the versions of a mesh to the page of one of them, and its evidence."""
    page = open_site("/#consul")
    panel = page.get_by_role("dialog")
    assert panel.get_by_alt_text("Badge of consul").evaluate("(image) => image.naturalWidth") > 100
    panel.locator(".versions a").last.click()
    page.wait_for_url("**/meshes/consul/**")
    assert page.locator(".overview tbody th").all_inner_texts() == ["consul"]
    page.locator("#grid td.s-failed a").first.click()
    panel.get_by_text("deployed srv in t1").wait_for()
    href = panel.get_by_role("link", name="evidence/").get_attribute("href")
    assert page.request.get(page.evaluate("(href) => new URL(href, location.href).href", href)).ok
    page.keyboard.press("Escape")
    page.get_by_role("link", name="all meshes").click()
    page.wait_for_url("**/index.html")
    expect(page.locator(".overview tbody tr")).to_have_count(3)


@pytest.mark.parametrize(("days", "stale"), [(89, 0), (91, 3)])
def test_what_is_old_is_seen_to_be_old(browser: Any, served: Site, days: int, stale: int) -> None:
    """By the reader's clock: a site that nobody renews turns stale by itself."""
    context = browser.new_context()
    page = context.new_page()
    page.clock.set_fixed_time(NEWEST + timedelta(days=days))
    page.goto(served.url)
    expect(page.locator(".stale:visible")).to_have_count(stale)
    context.close()


def test_without_a_server_the_matrix_is_there_and_the_panel_says_how(
    browser: Any, served: Site, tmp_path: Path
) -> None:
    """A browser loads nothing beside a local file; the matrix is there all the same."""
    context = browser.new_context()
    page = context.new_page()
    copy = tmp_path / "index.html"
    copy.write_bytes(page.request.get(served.url).body())
    page.goto(copy.as_uri())
    page.locator("#grid td.s-failed a").first.click()
    page.get_by_text("serve the folder, python -m http.server does").wait_for()
    context.close()
