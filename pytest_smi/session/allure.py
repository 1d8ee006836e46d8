"""With allure-pytest and `--alluredir`: say in Allure's words what an assertion was, how it went, and on what evidence.

Allure's own plugin makes a result per test; this one fills it in, in the process that ran the test, before Allure
writes it: labels and links from the catalogue, the status in its true meaning, steps from the timeline, and the
evidence as an attachment. The process that the user started writes environment.properties, and categories.json with its
like for Allure 3, allurerc.json. Imported only when Allure is active.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from allure_commons.model2 import Label, Link, Parameter, StatusDetails, TestResult, TestStepResult
from allure_commons.types import AttachmentType

from pytest_smi.core.clauses import clauses_of
from pytest_smi.core.result import Result
from pytest_smi.core.terms import Level, Status
from pytest_smi.matrix.matrix import Matrix
from pytest_smi.reports.render.failure import failure_of, repeat_command, rows_of
from pytest_smi.reports.render.wording import API_TITLES, run_label
from pytest_smi.session.report_properties import result_of

__all__ = ["AllureReport", "categories", "configuration", "environment"]

_SEVERITY = {
    Level.MUST: "critical",
    Level.DERIVED: "normal",
    Level.SHOULD: "minor",
    Level.UNSPECIFIED: "trivial",
}
_STATUS = {
    Status.PASSED: "passed",
    Status.FAILED: "failed",
    Status.ERRORED: "broken",
    Status.UNSUPPORTED: "skipped",
    Status.SKIPPED: "skipped",
    Status.OBSERVED: "passed",
}
_MOST_STEPS = 300
_LONGEST_VALUE = 500


class AllureReport:
    """The plugin. `matrix`: returns the matrix once it is written, None before;
    only called in the process that the user started."""

    def __init__(self, config: pytest.Config, matrix: Callable[[], Matrix | None] | None) -> None:
        self._plugins = config.pluginmanager
        self._folder = Path(config.getoption("allure_report_dir"))
        self._matrix = matrix
        self._fault = config.getoption("smi_fault", None)

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Fill in Allure's result of the test that just ran here; on the controller
        of distributed runs there is none."""
        result = result_of(report)
        # Looked up late: Allure's plugin registers its listener after this one.
        listener: Any = self._plugins.get_plugin("allure_listener")
        logger = getattr(listener, "allure_logger", None)
        test = logger.get_test(None) if result is not None and logger is not None else None
        if result is None or test is None:
            return
        _describe(test, result, time.time(), self._fault)
        if result.evidence is not None:
            body = json.dumps(result.evidence, indent=2, ensure_ascii=False)
            listener.attach_data(body, "evidence", AttachmentType.JSON, "json")

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self) -> None:
        """Write the files about the whole run."""
        matrix = self._matrix() if self._matrix is not None else None
        if matrix is None:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / "environment.properties").write_text(environment(matrix), "latin-1")
        (self._folder / "categories.json").write_text(json.dumps(categories(), indent=2), "utf-8")
        (self._folder / "allurerc.json").write_text(json.dumps(configuration(), indent=2), "utf-8")


def _describe(test: TestResult, result: Result, now: float, fault: str | None) -> None:
    evidence = result.evidence or {}
    statement = str(evidence.get("statement") or test.description or "")
    module = result.id.partition("::")[0].replace("_", " ")
    labels = {
        "epic": API_TITLES[result.api],
        "feature": module[:1].upper() + module[1:],
        "story": result.requirement,
        "severity": _SEVERITY[result.level],
        "parentSuite": result.mesh,
        "suite": API_TITLES[result.api],
        "subSuite": str(result.level),
    }
    test.labels.extend(Label(name=name, value=value) for name, value in labels.items())
    test.labels.extend(
        Label(name="tag", value=tag) for tag in (str(result.level), result.version, str(result.status)) if tag
    )
    test.links.extend(
        Link(type="link", url=clause.url, name=clause.text) for clause in clauses_of(result.source) if clause.url
    )
    test.description = statement
    test.name = f"{result.requirement} {statement}".strip()
    test.status = _STATUS[result.status]
    # The word of the suite comes first, so that categories can tell unsupported from skipped.
    told = result.reading if result.status is Status.OBSERVED else result.reason
    if result.status is not Status.PASSED:
        test.statusDetails = StatusDetails(message=f"{result.status}: {told or 'no reason given'}")
    if result.status in (Status.FAILED, Status.ERRORED):
        test.statusDetails.trace = failure_text(result, fault)
    start = now - result.duration
    test.steps.extend(_steps(evidence.get("timeline"), start, now))
    verdict = f"verdict: {result.status}" + (f", {told}" if told else "")
    test.steps.append(
        TestStepResult(name=verdict, status=test.status, start=_milliseconds(now), stop=_milliseconds(now))
    )


def failure_text(result: Result, fault: str | None) -> str:
    """Return the block of a failure, as the terminal and the page show it. Pure."""
    mesh, _, variant = result.mesh.partition(" ")
    rows = rows_of(
        failure_of(result.evidence or {}),
        status=result.status,
        reason=result.reason,
        source=result.source,
        repeat=repeat_command(mesh, result.requirement, variant, fault),
        evidence="attached" if result.evidence is not None else "",
    )
    return "\n".join(f"{label:<9} {text}" for label, text in rows)


def _steps(timeline: Any, start: float, end: float) -> list[TestStepResult]:
    events = [event for event in timeline if isinstance(event, dict)] if isinstance(timeline, list) else []
    shown = events[:_MOST_STEPS]
    times = [start + float(event.get("at", 0.0)) for event in shown]
    steps = []
    # Each event lasts until the next; zip ends with the events.
    for event, begin, stop in zip(shown, times, [*times[1:], end], strict=False):
        step = TestStepResult(name=str(event.get("event", "")), status="passed")
        step.start, step.stop = _milliseconds(begin), max(_milliseconds(begin), _milliseconds(stop))
        step.parameters.extend(
            Parameter(name=name, value=_short(value))
            for name, value in event.items()
            if name not in ("at", "event", "timeline")
        )
        # What happened in a shared scenario happened before this assertion began.
        step.steps.extend(_steps(event.get("timeline"), start, begin))
        steps.append(step)
    if len(events) > len(shown):
        steps.append(
            TestStepResult(name=f"{len(events) - len(shown)} more events are in the evidence", status="passed")
        )
    return steps


def environment(matrix: Matrix) -> str:
    """environment.properties: what was tested, with what. Pure."""
    facts = {"suite": f"{matrix.suite.name} {matrix.suite.version}"}
    for number, run in enumerate(matrix.runs, 1):
        prefix = "" if len(matrix.runs) == 1 else f"{number}."
        facts[f"{prefix}mesh"] = run_label(run)
        facts[f"{prefix}kubernetes"] = run.kubernetes
        facts[f"{prefix}conformant"] = "yes" if run.conformant else "no"
        for api, claim in run.apis.items():
            facts[f"{prefix}{api}"] = f"{claim.version or 'not tested'}, {claim.capability}"
    return "".join(f"{_property(name, key=True)}={_property(value)}\n" for name, value in facts.items())


def categories() -> list[Mapping[str, Any]]:
    """categories.json: what each kind of result that did not pass means. Pure."""
    kinds: Iterable[tuple[str, str, str]] = (
        ("Broken by the mesh", "failed", "failed: "),
        ("Inconclusive: harness, cluster or control", "broken", "errored: "),
        ("Not claimed by the mesh or not served", "skipped", "unsupported: "),
        ("Skipped by option", "skipped", "skipped: "),
        ("Left open by the specification", "passed", "observed: "),
    )
    return [
        {"name": name, "matchedStatuses": [status], "messageRegex": f"^{word}[\\s\\S]*"} for name, status, word in kinds
    ]


def configuration() -> Mapping[str, Any]:
    """allurerc.json, for `allure generate --config`: Allure 3 takes categories from there,
    and groups as the specification does. Pure."""
    return {
        "name": "Service Mesh Interface compatibility",
        "categories": {"rules": categories()},
        "plugins": {"awesome": {"options": {"groupBy": ["epic", "subSuite"]}}},
    }


def _property(text: str, *, key: bool = False) -> str:
    """Text as a Java properties file has it: ASCII, one line, with separators escaped."""
    special = "\\:= #!" if key else "\\"
    return "".join(
        f"\\{char}"
        if char in special
        else char
        if " " <= char <= "~"
        else "".join(f"\\u{unit:04x}" for unit in _utf16(char))
        for char in text
    )


def _utf16(char: str) -> list[int]:
    data = char.encode("utf-16-be", "surrogatepass")
    return [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
