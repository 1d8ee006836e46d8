"""`pytest-smi catalogue`: the table, one requirement in full, and the document that is made of all."""

import inspect
import json
from pathlib import Path
from typing import Any

import pytest

from pytest_smi.cli import main
from pytest_smi.cli.catalogue_judgements import JUDGEMENTS
from pytest_smi.cli.catalogue_row import Rows
from pytest_smi.cli.catalogue_steps import Steps, steps_of
from pytest_smi.core.catalogue import load, load_functions
from pytest_smi.core.informative import INFORMATIVE, with_informative
from pytest_smi.profiles.load import load_profile
from pytest_smi.scenario.routing import Routing
from pytest_smi.scenario.shares import Shares

DOCUMENT = Path(__file__).parents[2] / "docs" / "requirements.md"


def catalogue(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as caught:
        main(["catalogue", *arguments])
    shown = capsys.readouterr()
    assert isinstance(caught.value.code, int)
    return caught.value.code, shown.out, shown.err


def steps(requirement: str) -> Steps:
    (function,) = [function for record, function in load_functions() if record.requirement == requirement]
    return steps_of(function)


def test_the_table_and_its_json(capsys: pytest.CaptureFixture[str]) -> None:
    """Every requirement; with an API those of it; JSON as it always was."""
    status, out, _ = catalogue(capsys)
    assert status == 0
    assert f"TA-01   access   MUST           {load()[0].statement}" in out.splitlines()

    _, out, _ = catalogue(capsys, "--json", "--api", "split")
    assert json.loads(out) == [record.to_json() for record in with_informative(load()) if record.api == "split"]


def test_what_no_test_can_decide(capsys: pytest.CaptureFixture[str]) -> None:
    """It is listed with the reason in place of a verdict, has no assertion, and there are few."""
    assert not {one.requirement for one in INFORMATIVE} & {record.requirement for record in load()}
    assert len(INFORMATIVE) <= 12

    _, out, _ = catalogue(capsys, "--json")
    reasons = {row["requirement"]: row["informative"] for row in json.loads(out) if "informative" in row}
    status, told, _ = catalogue(capsys, "sp-66")

    assert reasons == {one.requirement: one.reason for one in INFORMATIVE}
    assert status == 0
    assert "informative: no test can decide it: it gets no verdict" in told
    assert reasons["SP-66"] in " ".join(told.split())


def test_one_requirement_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    """Statement, clause with its link, what is sent, what decides, the controls, faults and meshes."""
    status, out, _ = catalogue(capsys, "ta-41")
    flat = " ".join(out.split())

    assert status == 0
    for part in (
        "TA-41 A rule without `matches` grants every route of the group.",
        "traffic-access/v1alpha3/traffic-access.md#traffictarget",
        "decides GET /m from a to srv: must arrive and be answered",
        "controls GET /m from a to srv: does not arrive yet",
        "broken by access-omitted-matches-none:",
        "Open Service Mesh v1.2.4: A rule without `matches` grants no route.",
    ):
        assert part in flat
    _, out, _ = catalogue(capsys, "TA-41", "--json")
    assert json.loads(out)["decides"][0] == "GET /m from a to srv: must arrive and be answered"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("TA-999",), "unknown requirement 'TA-999'"),
        (("nonsense",), "a requirement is written like TA-05"),
        (("TA-05", "--markdown"), "exclude each other"),
        (("--json", "--markdown"), "exclude each other"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 4, with what to do instead."""
    status, _, err = catalogue(capsys, *arguments)

    assert status == 4
    assert said in err
    assert "fix: " in err or "pytest-smi catalogue lists all" in err


def test_steps_are_read_from_the_assertion() -> None:
    """Loops, helpers, judgements of shares, reads of the Kubernetes API, readings."""
    assert "TRACE" not in str(steps("TA-05"))
    assert steps("TA-15").decides == (
        "GET /m from a to srv: must never arrive",
        "POST /m from a to srv: must never arrive",
    )
    assert steps("SP-01").decides == (
        "GET / from a to root: fresh requests are shared as {v1: 90, v2: 10} and reach nothing else",
    )
    assert "for path in" in str(steps("TS-01")) or "from a to srv" in str(steps("TS-01"))
    assert steps("TM-01").sent[0].startswith("a read of the Kubernetes API: /apis/apiregistration.k8s.io")
    assert steps("TA-50").readings == ("alternatives: … allowed", "both conditions must hold")


def test_every_row_tells_what_is_sent_and_what_decides() -> None:
    """None is empty, whatever an assertion is written like."""
    empty = [record.requirement for record, function in load_functions() if not all(_parts(steps_of(function)))]

    assert empty == []


def _parts(found: Steps) -> tuple[tuple[str, ...], ...]:
    return found.sent, found.decides


def test_every_judgement_has_its_words() -> None:
    """A new method of shares or routing is put into words here, too."""
    methods = {
        name
        for judge in (Shares, Routing)
        for name, _ in inspect.getmembers(judge, inspect.isfunction)
        if not name.startswith("_")
    }

    assert methods == set(JUDGEMENTS)


def test_deviations_are_what_is_known() -> None:
    """A declared gap, and a deviation with a source of an API that the mesh claims; not what an emulation assumes."""
    fault: dict[str, Any] = {"name": "f", "description": "It is wrong.", "breaks": ["TA-41", "SP-31"]}
    personas = [
        {"name": name, "title": name.upper(), "deviations": {"f": source}}
        for name, source in (("osm", "seen"), ("linkerd", "seen"), ("fsm", "no source tells of it"))
    ]
    rows = Rows([fault], personas, {name: load_profile(name) for name in ("osm", "linkerd", "fsm")})

    assert [one.mesh for one in rows.row("TA-41").deviations] == ["OSM"]  # linkerd claims no access
    assert [one.mesh for one in rows.row("SP-31").deviations] == ["OSM", "LINKERD"]
    assert rows.row("TA-05").deviations == ()


def test_the_document_is_the_generated_one(capsys: pytest.CaptureFixture[str]) -> None:
    """docs/requirements.md says what the suite does today; `make requirements` writes it again."""
    _, out, _ = catalogue(capsys, "--markdown")

    assert DOCUMENT.read_text(encoding="utf-8") == out, "run: make requirements"
    assert all(f"### {record.requirement}\n" in out for record in with_informative(load()))
