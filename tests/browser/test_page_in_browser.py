"""The page as people use it: clicks, filters, search, keyboard, themes, phones, print, and text that tries to be code.

Every test also holds that nothing was requested from anywhere, that no error was logged
and no dialog opened (see `open_page`).
"""

from pathlib import Path
from typing import Any

import pytest

from tests.support.matrices import HOSTILE

pytestmark = pytest.mark.browser

CONTRAST = (Path(__file__).parent / "contrast.js").read_text()
"""Returns the texts of the page whose contrast is below 4.5 to 1."""


def shown(page: Any) -> list[str]:
    """The requirements whose rows are seen."""
    found: list[str] = page.eval_on_selector_all(
        "tr.requirement",
        "rows => rows.filter((row) => row.checkVisibility()).map((row) => row.querySelector('.id').textContent)",
    )
    return found


def cell(page: Any, requirement: str, mesh: str) -> Any:
    """The button of a requirement and mesh."""
    return page.get_by_role("button", name=f"{requirement}, {mesh}", exact=False).locator("visible=true").first


def test_matrix_is_there(open_page: Any) -> None:
    """Meshes with verdict and capability, requirements in the order of the specification,
    cells with a word and a shape each."""
    page = open_page()
    assert page.locator(".card h2").all_text_contents() == ["linkerd edge-26.11", "osm 1.2.4", "reference 0.1.0"]
    assert page.locator(".verdict").all_text_contents() == ["Conformant", "Not conformant", "Conformant"]
    assert shown(page) == ["TA-01", "TA-02", "TA-03", "TS-01", "TS-04", "SP-01", "SP-10", "TM-01"]
    shapes = page.eval_on_selector_all(
        "td:not(.earlier) .cell",
        "cells => [...new Set(cells.map((c) => c.innerText.trim() + ' ' + "
        "c.querySelector('use').getAttribute('href')))]",
    )
    assert {shape.split()[0] for shape in shapes} == {
        "passed",
        "failed",
        "errored",
        "unsupported",
        "skipped",
        "observed",
    }
    assert all(
        f"{word} #i-{word}" in shapes for word in ("passed", "failed", "errored", "unsupported", "skipped", "observed")
    )


def test_click_opens_the_panel(open_page: Any) -> None:
    """A cell opens statement, reason, clause and evidence; Escape closes it and gives the focus back."""
    page = open_page()
    cell(page, "SP-10", "osm").click()
    panel = page.get_by_role("dialog")
    text = panel.inner_text()
    for part in (
        "SP-10",
        "failed",
        "A backend of weight zero receives nothing.",
        "3 of 400 requests",
        "MUST (derived)",
        "counted",
        "0.50 s",
    ):
        assert part in text
    link = panel.get_by_role("link", name="split v1alpha4 §Specification")
    assert link.get_attribute("href") == (
        "https://github.com/servicemeshinterface/smi-spec/blob/main/apis/traffic-split/v1alpha4/traffic-split.md#specification"
    )
    panel.get_by_text("TrafficSplit counted").click()
    assert "apiVersion: split.smi-spec.io/v1alpha4" in panel.inner_text()
    page.keyboard.press("Escape")
    assert not panel.is_visible()
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "SP-10, osm 1.2.4: failed"


def test_reading_is_shown(open_page: Any) -> None:
    """What the specification leaves open shows what was seen."""
    page = open_page()
    cell(page, "TS-04", "linkerd").click()
    assert "the pattern must match the whole path" in page.get_by_role("dialog").inner_text()


def test_filters_and_search_combine(open_page: Any) -> None:
    """Statuses and levels each add, status and level and words narrow; what is left is counted;
    clearing brings all back."""
    page = open_page()
    page.get_by_role("button", name="failed 1").click()
    assert shown(page) == ["SP-10"]
    page.get_by_role("button", name="skipped 1").click()
    assert shown(page) == ["TA-03", "SP-10"]
    page.get_by_role("button", name="SHOULD 1").click()
    assert shown(page) == ["TA-03"]
    assert page.get_by_role("status").inner_text() == "1 of 8"
    assert not page.get_by_text("Traffic Metrics", exact=True).last.is_visible()
    page.get_by_role("button", name="Clear filters").first.click()
    assert len(shown(page)) == 8
    page.get_by_role("searchbox").fill("WEIGHT receives")
    assert shown(page) == ["SP-10"]
    page.get_by_role("searchbox").fill("the mesh does not claim")
    assert shown(page) == ["TA-01", "TA-02", "TA-03", "TM-01"]
    page.get_by_role("searchbox").fill("no such thing")
    assert page.get_by_text("No requirement matches.").is_visible()
    page.keyboard.press("Escape")
    assert len(shown(page)) == 8


def test_keyboard_alone_is_enough(open_page: Any) -> None:
    """Tab reaches one cell, arrows move between cells, Enter opens, arrows walk in the panel, Escape closes,
    slash searches."""
    page = open_page()
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "search"
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.classList.contains('cell')"):
            break

    def focused() -> Any:
        return page.evaluate("document.activeElement.getAttribute('aria-label')")

    assert focused() == "TA-01, linkerd edge-26.11: unsupported"
    for key, expected in (
        ("ArrowRight", "TA-01, osm"),
        ("ArrowDown", "TA-02, osm"),
        ("End", "TM-01, osm"),
        ("Home", "TA-01, osm"),
        ("ArrowUp", "TA-01, osm"),
        ("ArrowLeft", "TA-01, linkerd"),
        ("ArrowRight", "TA-01, osm"),
    ):
        page.keyboard.press(key)
        assert focused().startswith(expected), key
    page.keyboard.press("Enter")
    panel = page.get_by_role("dialog")
    assert "TA-01" in panel.inner_text()
    page.keyboard.press("ArrowRight")
    assert "TA-02" in panel.inner_text()
    page.keyboard.press("Escape")
    assert focused().startswith("TA-02, osm")
    page.keyboard.press("Tab")
    assert not page.evaluate("document.activeElement.classList.contains('cell')")


def test_the_focus_returns_with_the_panel_and_not_after_it(open_page: Any) -> None:
    """A key that follows Escape at once meets the cell shown last, although the browser says "close" only later;
    filters stay."""
    page = open_page()
    page.get_by_role("searchbox").fill("TA-0")
    before = shown(page)
    cell(page, "TA-01", "osm").click()
    page.keyboard.press("ArrowRight")
    at_once = page.evaluate(
        """() => {
            const key = new KeyboardEvent("keydown", { key: "Escape", bubbles: true, cancelable: true });
            document.activeElement.dispatchEvent(key);
            return [document.querySelector("dialog").open, document.activeElement.getAttribute("aria-label")];
        }"""
    )
    assert at_once[0] is False
    assert at_once[1].startswith("TA-02, osm")
    assert shown(page) == before
    cell(page, "TA-01", "osm").click()
    assert page.get_by_role("dialog").is_visible()


def test_history_of_a_mesh(open_page: Any) -> None:
    """Earlier runs are in the panel, and as columns when asked for."""
    page = open_page()
    cell(page, "SP-01", "reference").click()
    panel = page.get_by_role("dialog")
    assert [text.split(" ")[0] for text in panel.locator(".past button").all_inner_texts()] == [
        "0.0.8",
        "0.0.9",
        "0.1.0",
    ]
    panel.get_by_role("button", name="0.0.8").click()
    assert "81 of 100 reached v1" in panel.inner_text()
    page.keyboard.press("Escape")
    assert page.locator("th.run:visible").count() == 3
    page.get_by_role("button", name="Earlier runs").click()
    assert page.locator("th.run:visible").count() == 5
    assert cell(page, "TA-01", "reference 0.0.8").is_visible()


def test_a_link_leads_to_a_result(open_page: Any) -> None:
    """The address of an open panel opens it again."""
    page = open_page(fragment="#SP-10/osm")
    assert "A backend of weight zero receives nothing." in page.get_by_role("dialog").inner_text()
    assert open_page(fragment="#__proto__/osm").get_by_role("dialog").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast(open_page: Any, scheme: str) -> None:
    """Every text has a contrast of 4.5 to 1 at least, in both schemes, with and without the panel."""
    page = open_page(color_scheme=scheme, reduced_motion="reduce")
    assert page.evaluate(CONTRAST) == []
    cell(page, "SP-10", "osm").click()
    assert page.evaluate(CONTRAST) == []


def test_dark_is_dark(open_page: Any) -> None:
    """The page follows the reader's scheme."""
    grounds = {
        scheme: open_page(color_scheme=scheme).evaluate("getComputedStyle(document.body).backgroundColor")
        for scheme in ("light", "dark")
    }
    assert grounds == {"light": "rgb(251, 251, 250)", "dark": "rgb(19, 21, 24)"}


@pytest.mark.parametrize("width", [320, 390, 768])
def test_narrow_screens(open_page: Any, width: int) -> None:
    """Nothing is wider than the screen; each cell says whose it is; the panel fills the screen."""
    page = open_page(width=width, height=800, is_mobile=width < 700, has_touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if width < 700:
        said = page.evaluate(
            "getComputedStyle(document.querySelector('td.run[data-status=failed]:not(.earlier)'), '::before').content"
        )
        assert "osm" in said
    cell(page, "SP-10", "osm").tap()
    box = page.get_by_role("dialog").bounding_box()
    assert round(box["width"]) == min(width, 704)
    assert page.evaluate(
        "document.querySelector('#panel-body').scrollWidth <= document.querySelector('#panel-body').clientWidth"
    )


@pytest.mark.parametrize("width", [390, 1280])
def test_hostile_text_stays_text(open_page: Any, width: int) -> None:
    """Markup in names, reasons, readings and evidence is shown as it is, in page and panel, and makes nothing wider."""
    page = open_page("hostile", width=width)
    assert page.locator(".card h2 bdi").first.inner_text() == HOSTILE
    assert page.evaluate("document.images.length") == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator(".cell.s-failed").first.click()
    panel = page.get_by_role("dialog")
    assert panel.inner_text().count(HOSTILE) >= 3
    assert panel.locator("img, script").count() == 0
    assert page.locator("script").count() == 2


def test_print_has_everything_but_the_tools(open_page: Any) -> None:
    """On paper there are no controls, and the matrix and the reasons are there."""
    page = open_page()
    page.emulate_media(media="print")
    assert not page.locator(".tools").is_visible()
    assert page.locator("tr.requirement").first.is_visible()
    assert page.locator(".finding .why").first.is_visible()
    assert page.pdf()[:5] == b"%PDF-"


def test_without_script_the_matrix_is_there(open_page: Any) -> None:
    """Cards and matrix need no JavaScript; controls that would do nothing are not shown."""
    page = open_page(java_script_enabled=False)
    assert page.locator("tr.requirement").count() == 8
    assert not page.locator(".tools").is_visible()


def test_accessible_names_and_roles(open_page: Any) -> None:
    """Landmarks, one main heading, a grid with headers, a labelled search, filters that say whether they are on."""
    page = open_page()
    assert page.get_by_role("heading", level=1).count() == 1
    for role in ("banner", "main", "contentinfo", "search", "grid", "searchbox"):
        assert page.get_by_role(role).count() == 1, role
    assert page.get_by_role("columnheader").count() >= 4
    assert page.get_by_role("rowheader").count() >= 8
    button = page.get_by_role("button", name="failed 1")
    assert button.get_attribute("aria-pressed") == "false"
    button.click()
    assert button.get_attribute("aria-pressed") == "true"
    nameless = page.eval_on_selector_all(
        "button", "all => all.filter((b) => !(b.innerText.trim() || b.getAttribute('aria-label'))).length"
    )
    assert nameless == 0
