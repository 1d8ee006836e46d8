"""The page as people use it: clicks, filters, search, keyboard, themes, phones, print, and text that tries to be code.

Every test also holds that nothing was requested from anywhere, that no error was logged
and no dialog opened (see `open_page`).
"""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

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
    """The cell of a requirement and mesh."""
    return (
        page.locator("#grid")
        .get_by_role("link", name=f"{requirement}, {mesh}", exact=False)
        .locator("visible=true")
        .first
    )


def test_matrix_is_there(open_page: Any) -> None:
    """Meshes with verdict and capability, requirements in the order of the specification,
    cells with a word and a shape each."""
    page = open_page()
    assert page.locator(".overview tbody th").all_inner_texts() == ["linkerd", "osm", "reference"]
    assert page.locator(".overview tbody td:nth-child(2)").all_inner_texts() == ["edge-26.11", "1.2.4", "0.1.0"]
    assert page.locator(".overview .verdict").all_inner_texts() == ["Conformant", "Not conformant", "Conformant"]
    assert page.locator(".overview .share").all_inner_texts() == ["100%", "67%", "100%"]
    assert shown(page) == ["TA-01", "TA-02", "TA-03", "TS-01", "TS-04", "SP-01", "SP-10", "TM-01"]
    shapes = page.eval_on_selector_all(
        "#grid td a", "all => all.map((a) => [a.innerText.trim(), getComputedStyle(a, '::before').maskImage])"
    )
    words = {"passed", "failed", "errored", "unsupported", "skipped", "observed"}
    assert {word for word, _ in shapes} == words
    assert len({shape for _, shape in shapes}) == len(words), "each status has a shape of its own"


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
    expect(panel).to_be_hidden()
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
    expect(page.get_by_text("Traffic Metrics", exact=True).last).to_be_hidden()
    page.get_by_role("button", name="Clear filters").first.click()
    assert len(shown(page)) == 8
    page.get_by_role("searchbox").fill("WEIGHT receives")
    assert shown(page) == ["SP-10"]
    page.get_by_role("searchbox").fill("the mesh does not claim")
    assert shown(page) == ["TA-01", "TA-02", "TA-03", "TM-01"]
    page.get_by_role("searchbox").fill("no such thing")
    expect(page.get_by_text("No requirement matches.")).to_be_visible()
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
        if page.evaluate("!!document.activeElement.closest('#grid td')"):
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
    assert not page.evaluate("!!document.activeElement.closest('#grid td')")


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
    expect(page.get_by_role("dialog")).to_be_visible()


def test_history_of_a_mesh(open_page: Any) -> None:
    """Earlier runs are in the panel, and as columns when asked for."""
    page = open_page()
    cell(page, "SP-01", "reference").click()
    panel = page.get_by_role("dialog")
    assert [text.split(" ")[0] for text in panel.locator(".past a").all_inner_texts()] == [
        "0.0.8",
        "0.0.9",
        "0.1.0",
    ]
    panel.get_by_role("link", name="0.0.8").click()
    assert "81 of 100 reached v1" in panel.inner_text()
    page.keyboard.press("Escape")
    expect(page.locator("th.run:visible")).to_have_count(3)
    page.get_by_role("button", name="Earlier runs").click()
    expect(page.locator("th.run:visible")).to_have_count(5)
    expect(cell(page, "TA-01", "reference 0.0.8")).to_be_visible()


def test_a_link_leads_to_a_result(open_page: Any) -> None:
    """The address of an open panel opens it again."""
    page = open_page(fragment="#SP-10/osm")
    assert "A backend of weight zero receives nothing." in page.get_by_role("dialog").inner_text()
    expect(open_page(fragment="#__proto__/osm").get_by_role("dialog")).to_have_count(0)


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


def beside(page: Any, one: Any) -> list[str]:
    """The mesh and the requirement that are seen above and left of a cell, once it was scrolled to."""
    one.evaluate("(cell) => cell.scrollIntoView({ block: 'center', inline: 'center' })")
    # The head follows the screen when the browser next says that it scrolled.
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    found: list[str] = one.evaluate(
        """(cell) => {
            const box = cell.getBoundingClientRect(), area = document.querySelector(".scroll").getBoundingClientRect();
            const at = (x, y) => document.elementFromPoint(x, y);
            const above = at(box.x + box.width / 2, Math.max(area.y, 0) + 20);
            const left = at(area.x + 20, box.y + box.height / 2);
            return [above.closest("th").querySelector("bdi").textContent,
                    left.closest("th").querySelector(".id").textContent];
        }"""
    )
    return found


@pytest.mark.parametrize("width", [320, 390, 768])
def test_narrow_screens(open_page: Any, width: int) -> None:
    """Nothing is wider than the screen; each cell says whose it is; the panel fills the screen."""
    page = open_page(width=width, height=800, is_mobile=width < 700, has_touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert beside(page, cell(page, "SP-10", "osm")) == ["osm", "SP-10"]
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
    assert page.locator(".overview tbody th bdi").first.inner_text() == HOSTILE
    assert page.evaluate("document.images.length") == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("td.s-failed a").first.click()
    panel = page.get_by_role("dialog")
    assert panel.inner_text().count(HOSTILE) >= 3
    expect(panel.locator("img, script")).to_have_count(0)
    expect(page.locator("script")).to_have_count(2)


def test_print_has_everything_but_the_tools(open_page: Any) -> None:
    """On paper there are no controls, and the matrix and the reasons are there."""
    page = open_page()
    page.emulate_media(media="print")
    expect(page.locator(".tools")).to_be_hidden()
    expect(page.locator("tr.requirement").first).to_be_visible()
    expect(page.locator(".finding .why").first).to_be_visible()
    assert page.pdf()[:5] == b"%PDF-"


def test_without_script_the_matrix_is_there(open_page: Any) -> None:
    """Table and matrix need no JavaScript; controls that would do nothing are not shown."""
    page = open_page(java_script_enabled=False)
    expect(page.locator("tr.requirement")).to_have_count(8)
    expect(page.locator(".tools")).to_be_hidden()


def test_accessible_names_and_roles(open_page: Any) -> None:
    """Landmarks, one main heading, a grid with headers, a labelled search, filters that say whether they are on."""
    page = open_page()
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    for role in ("banner", "main", "contentinfo", "search", "grid", "searchbox"):
        expect(page.get_by_role(role)).to_have_count(1)
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


@pytest.mark.parametrize("width", [390, 768, 1280, 1920])
def test_names_stand_beside_every_cell(open_page: Any, width: int) -> None:
    """Of twelve meshes, at any width and however far it was scrolled; the table of meshes is on one screen."""
    page = open_page("field", width=width, height=844 if width < 700 else 900)
    assert page.locator(".overview tbody tr").last.bounding_box()["y"] < 800
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for requirement in ("TA-01", "TA-41", "TS-04", "SP-31", "TM-55"):
        for mesh in ("aspen-mesh", "linkerd", "traefik-mesh"):
            assert beside(page, cell(page, requirement, mesh)) == [mesh, requirement], (requirement, mesh)


def test_names_stand_beside_the_cells_of_earlier_runs(open_page: Any) -> None:
    """Seventy-two columns."""
    page = open_page("field", fragment="?earlier=1")
    expect(page.locator("#grid th.run")).to_have_count(72)
    assert beside(page, cell(page, "SP-31", "osm v1.17.")) == ["osm", "SP-31"]


def test_the_table_of_meshes_is_sorted_by_any_column(open_page: Any) -> None:
    """Once the largest first, then the smallest; the address says so, and leads back to it."""
    page = open_page("field")

    def shares(of: Any) -> list[int]:
        return [int(text.rstrip("%")) for text in of.locator(".overview .share").all_inner_texts()]

    page.get_by_role("button", name="Passed", exact=True).click()
    assert shares(page) == sorted(shares(page), reverse=True)
    page.get_by_role("button", name="Passed", exact=True).click()
    assert shares(page) == sorted(shares(page))
    assert page.url.endswith("?sort=passed")
    assert page.locator("th[aria-sort=ascending]").inner_text() == "Passed"
    again = open_page("field", fragment="?sort=-version")
    versions = again.locator(".overview tbody td:nth-child(2)").all_inner_texts()
    assert versions == sorted(versions, reverse=True)


def test_meshes_and_differences_are_picked(open_page: Any) -> None:
    """The picker hides columns; differences are those among what is shown; both are in the address."""
    page = open_page()
    page.locator("#picker summary").click()
    page.get_by_role("checkbox", name="linkerd").uncheck()
    assert page.locator("#grid th.run:visible bdi:first-child").all_inner_texts() == ["osm", "reference"]
    page.get_by_role("button", name="Differences only").click()
    assert shown(page) == ["TA-02", "TA-03", "SP-10"]
    assert page.url.endswith("?mesh=osm&mesh=reference&differences=1")
    again = open_page(fragment="?mesh=osm&mesh=reference&differences=1&status=failed")
    assert shown(again) == ["SP-10"]
    again.get_by_role("button", name="Clear filters").first.click()
    assert len(shown(again)) == 8
    assert "?" not in again.url


def test_back_closes_the_panel(open_page: Any) -> None:
    """And forward opens it again; closing it leaves one place in the history, however often it was opened."""
    page = open_page()
    panel = page.locator("#panel")
    cell(page, "SP-10", "osm").click()
    assert page.url.endswith("#SP-10/osm@1.2.4")
    page.keyboard.press("ArrowLeft")
    assert page.url.endswith("#SP-01/osm@1.2.4")
    page.go_back()
    assert "#" not in page.url
    expect(panel).to_be_hidden()
    page.go_forward()
    expect(panel).to_be_visible()
    page.keyboard.press("Escape")
    length = page.evaluate("history.length")
    cell(page, "TA-01", "osm").click()
    page.keyboard.press("Escape")
    assert page.evaluate("history.length") == length


def test_a_link_from_outside_opens_version_and_mesh(open_page: Any) -> None:
    """An older version of a mesh by its name and version; a mesh with its versions and what changed in each."""
    page = open_page(fragment="#SP-01/reference@0.0.8")
    assert "81 of 100 reached v1" in page.get_by_role("dialog").inner_text()
    panel = open_page(fragment="#reference").get_by_role("dialog")
    versions = panel.locator(".versions li").all_inner_texts()
    assert [text.split()[0] for text in versions] == ["0.1.0", "0.0.9", "0.0.8"]
    assert "Better: SP-01" in versions[0]
    assert "Better: TA-01" in versions[1]
    assert "57%" not in versions[0]
    assert "71%" in versions[2]
    panel.get_by_role("link", name="TA-01").click()
    assert "TA-01" in panel.locator("#panel-title").inner_text()


def test_downloads(open_page: Any) -> None:
    """The table as CSV, and a badge of each mesh of a verified matrix."""
    page = open_page("field")
    with page.expect_download() as download:
        page.get_by_role("link", name="Table as CSV").click()
    lines = Path(download.value.path()).read_text().splitlines()
    assert lines[0].startswith("mesh,version,verdict,accessVersion,accessCapability")
    assert len(lines) == 13
    page.locator(".overview tbody th a").first.click()
    badge = page.get_by_alt_text("Badge of aspen-mesh")
    assert badge.evaluate("(image) => image.naturalWidth") > 100


def test_a_failure_is_told_as_on_the_terminal_and_its_evidence_is_a_table(open_page: Any) -> None:
    """Of a real mesh: what was sent, expected and got, the objects, the command; then each call with its count."""
    page = open_page("osm", fragment="#TA-41/osm")
    panel = page.get_by_role("dialog")
    block = panel.locator(".failure")
    assert [text for text in block.locator("dt").all_inner_texts() if text] == [
        "sent",
        "expected",
        "got",
        "decides",
        "objects",
        "repeat",
    ]
    assert "HTTPRouteGroup" in block.inner_text()
    assert "pytest --mesh=osm -k TA-41 --smi-keep" in block.inner_text()
    assert panel.locator(".calls th").all_inner_texts() == ["Call", "Expected", "Got", "Count"]
    wrong = panel.locator(".calls .wrong").first.locator("td").all_inner_texts()
    assert wrong[0].startswith("cli-a in t1 GET srv-")
    assert wrong[1] == "allowed: arrives at the server and is answered"
    assert wrong[2].startswith("answer 404 in 1 of 1; nonce")
    assert wrong[3] == "1"
    assert '{"' not in panel.inner_text(), "raw JSON"
    assert panel.locator(".said code").all_inner_texts() == ["matches"]
    assert "`" not in panel.inner_text()
