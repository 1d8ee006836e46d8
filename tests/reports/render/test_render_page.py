"""Tests of the page without a browser: its policy, its document, its bounds.

What it does in a browser is in tests/browser.
"""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from typing import Any

from pytest_smi.core.canonical import canonical_bytes
from pytest_smi.core.clauses import Clause, clauses_of
from pytest_smi.core.terms import Status
from pytest_smi.matrix.build import Built
from pytest_smi.reports.render.page_evidence import EvidencePool
from pytest_smi.reports.render.page_html import index_html
from pytest_smi.reports.render.page_model import page_of
from pytest_smi.reports.render.page_records import Links
from tests.support.matrices import STATEMENTS, a_run, built, hostile_built, mixed


def page(of: Built, *, links: bool = True) -> str:
    """The page of a matrix."""
    return index_html(
        of.matrix, of.evidence, STATEMENTS, matrix_sha256="d" * 64, signer=None, links=Links(beside=links)
    ).decode()


def document(html: str) -> dict[str, Any]:
    """What the page's script reads."""
    found: dict[str, Any] = json.loads(html.split('id="data">', 1)[1].split("</script>", 1)[0])
    return found


class _Loads(HTMLParser):
    """Notes every attribute that would make a browser load or run something."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what loads."""
        for name, value in attrs:
            outside = name in ("src", "srcset", "poster", "data", "background") or (
                name == "href" and tag in ("link", "use", "image")
            )
            if (outside and not str(value).startswith(("data:", "#"))) or name.startswith("on") or name == "style":
                self.found.append((tag, name, str(value)))


def test_nothing_is_loaded_from_elsewhere() -> None:
    """No attribute of the page loads, runs or styles anything, with hostile text too."""
    for of in (mixed(), hostile_built()):
        parser = _Loads()
        parser.feed(page(of))
        assert parser.found == []


def test_policy_allows_exactly_its_own_style_and_script() -> None:
    """The digests in the policy are those of the one style and the one script that run."""
    html = page(mixed())
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)
    assert policy is not None
    rules = dict(rule.split(" ", 1) for rule in policy[1].replace("&#39;", "'").split("; "))
    assert rules["default-src"] == "'none'"
    for tag, rule in (("style", "style-src"), ("script", "script-src")):
        (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        assert rules[rule] == f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_document_has_what_the_panel_shows() -> None:
    """Statement, reason, reading, clause, evidence with timeline and manifests,
    and history runs without their evidence."""
    found = document(page(mixed()))
    assert [(mesh["name"], run["version"]) for mesh in found["meshes"] for run in mesh["runs"]] == [
        ("linkerd", "edge-26.11"),
        ("osm", "1.2.4"),
        ("reference", "0.1.0"),
        ("reference", "0.0.9"),
        ("reference", "0.0.8"),
    ]
    (result,) = found["meshes"][1]["runs"][0]["results"]["SP-10"]
    assert result["reason"] == "3 of 400 requests reached a backend of weight zero"
    assert found["clauses"][result["clauses"]][0]["url"].endswith(
        "traffic-split/v1alpha4/traffic-split.md#specification"
    )
    assert result["file"]["path"] == "evidence/SP-10.osm.json"
    at, depth, event = result["evidence"]["events"][1]
    assert (at, depth, found["events"][event]["what"]) == (0.5, 0, "counted")
    assert "TrafficSplit" in found["manifests"][result["evidence"]["manifests"][0]]["text"]
    (seen,) = found["meshes"][2]["runs"][0]["results"]["TS-04"]
    assert seen["reading"] == "the pattern must match the whole path"
    assert "evidence" not in found["meshes"][2]["runs"][2]["results"]["SP-01"][0]
    assert found["requirements"] == sorted(STATEMENTS)


def test_no_links_to_evidence_that_is_not_beside_the_page() -> None:
    """A page written elsewhere names evidence but does not link it."""
    assert not document(page(mixed(), links=False))["meshes"][1]["runs"][0]["results"]["SP-10"][0]["file"]["link"]


def test_evidence_is_bounded_and_shared() -> None:
    """The same event is held once; beyond the allowance entries are counted, not embedded."""
    pool = EvidencePool(largest=400)
    one = canonical_bytes({"timeline": [{"at": 0, "event": "same", "x": "y" * 50}], "manifests": []})
    for _ in range(3):
        assert pool.add(one) == {"events": [[0, 0, 0]], "manifests": [], "calls": [], "more": 0}
    other = pool.add(canonical_bytes({"timeline": [{"at": 1, "event": "z" * 500}], "manifests": [{"kind": "K" * 500}]}))
    assert other is not None
    assert (other["events"], other["manifests"], other["more"]) == ([], [], 2)
    assert len(pool.events) == 1


def test_calls_that_are_alike_are_one_row_of_the_table() -> None:
    """Each with what was expected, what came of it and how many there were; the ones that are wrong are told apart."""
    good = {"claim": "allowed", "call": "a to b", "probes": 3, "outcomes": {"answer 200": 3}, "samples": {}}
    leak = {"claim": "denied", "call": "c to b", "probes": 1, "outcomes": {"answer 200": 1}}
    events = [
        {"event": "held", "claims": [good]},
        {"event": "held", "claims": [good, leak | {"samples": {"delivered": ["x"]}}]},
    ]
    shown = EvidencePool().add(canonical_bytes({"timeline": events}))
    assert shown is not None
    assert shown["calls"] == [
        ["a to b", "allowed: arrives at the server and is answered", "answer 200 in 3 of 3", 6, False],
        ["c to b", "denied: never arrives at the server", "answer 200 in 1 of 1; x", 1, True],
    ]


def test_evidence_of_another_form_does_no_harm() -> None:
    """What is not evidence of ours is shown as far as it can be, or not at all."""
    pool = EvidencePool()
    assert pool.add(b"not json") is None
    assert pool.add(b"[]") is None
    assert pool.add(b'{"timeline": 7, "manifests": {"a": 1}}') == {
        "events": [],
        "manifests": [],
        "calls": [],
        "more": 0,
    }
    shown = pool.add(
        b'{"timeline": ["x", {"at": "soon", "event": 3, "timeline": [{"event": "inner"}]}], "manifests": '
        b'[{"metadata": 1}, 2]}'
    )
    assert shown is not None
    assert [depth for _, depth, _ in shown["events"]] == [0, 1]


def test_a_large_matrix_makes_a_bounded_page() -> None:
    """Two hundred meshes get sixty columns, a long history sixty runs, and both are said."""
    many = page_of(built(*(a_run(f"mesh-{number:03}") for number in range(200))).matrix, {}, STATEMENTS, links=Links())
    assert (len(many.columns), len(many.lines), many.left_out) == (60, 60, 140)
    long = page_of(
        built(*(a_run(version=f"0.{number}", day=1 + number % 28) for number in range(90))).matrix,
        {},
        {},
        links=Links(),
    )
    assert len(long.columns) == 1
    assert len(long.document["meshes"][0]["runs"]) == len(long.lines[0].history) == 60


def test_cell_shows_the_worst_of_several_results() -> None:
    """A requirement with a passed and a failed result is failed."""
    context, results = a_run(statuses={"SP-01": Status.FAILED})
    extra = [result for result in a_run()[1] if result.requirement == "SP-01"]
    twin = type(extra[0]).from_json({**extra[0].to_json(), "id": "traffic_split::other[v1alpha3]"})
    model = page_of(built((context, [*results, twin])).matrix, {}, STATEMENTS, links=Links())
    (row,) = [
        row for group in model.groups for _, _, rows in group.levels for row in rows if row.requirement == "SP-01"
    ]
    assert row.cells[0].status is Status.FAILED
    assert len(model.document["meshes"][0]["runs"][0]["results"]["SP-01"]) == 2


def test_clauses_lead_to_the_specification() -> None:
    """Parts of a source with an API and version have an address with the heading's anchor; others are words."""
    root = "https://github.com/servicemeshinterface/smi-spec/blob/main/apis"
    assert clauses_of("access v1alpha3 §Example implementation for L7; HTTP semantics") == (
        Clause(
            text="access v1alpha3 §Example implementation for L7",
            url=f"{root}/traffic-access/v1alpha3/traffic-access.md#example-implementation-for-l7",
        ),
        Clause(text="HTTP semantics", url=None),
    )
    assert clauses_of("metrics v1alpha1, silent")[0].url == f"{root}/traffic-metrics/v1alpha1/traffic-metrics.md"
    assert (
        clauses_of("access v1alpha3 §TrafficTarget (note)")[0].url
        == f"{root}/traffic-access/v1alpha3/traffic-access.md#traffictarget"
    )
    assert (
        clauses_of("access v1alpha3 §Specification, §Tradeoffs")[0].url
        == f"{root}/traffic-access/v1alpha3/traffic-access.md#specification"
    )
    assert clauses_of("") == ()
