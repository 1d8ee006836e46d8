"""junit.xml: a lossy export for tools that read nothing else.

A suite per run and API; failures and errors are real elements. Pure.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from pytest_smi.core.terms import Api, Status
from pytest_smi.matrix.matrix import Entry, Matrix, Run
from pytest_smi.reports.render.failure import Failure, failure_rows
from pytest_smi.reports.render.wording import conformance_word, latest_runs, run_label, visible

__all__ = ["junit_xml"]

_ELEMENTS = {
    Status.FAILED: "failure",
    Status.ERRORED: "error",
    Status.UNSUPPORTED: "skipped",
    Status.SKIPPED: "skipped",
}


def junit_xml(
    matrix: Matrix,
    statements: Mapping[str, str],
    *,
    matrix_sha256: str,
    failures: Mapping[str, Failure] = MappingProxyType({}),
) -> bytes:
    """Return the latest run of each mesh.

    The property `matrix.sha256` ties the file to the signed document that it was made from.
    """
    root = Element("testsuites", name=f"{matrix.suite.name} {matrix.suite.version}")
    for run in latest_runs(matrix):
        for api in Api:
            entries = [entry for entry in run.results if entry.api is api]
            if entries:
                _suite(root, run, api, entries, statements, matrix_sha256, failures)
    for name in ("tests", "failures", "errors", "skipped"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    root.set("time", f"{sum(float(suite.get('time', '0')) for suite in root):.3f}")
    indent(root)
    xml: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return xml + b"\n"


def _suite(
    root: Element,
    run: Run,
    api: Api,
    entries: Sequence[Entry],
    statements: Mapping[str, str],
    digest: str,
    failures: Mapping[str, Failure],
) -> None:
    elements = [_ELEMENTS.get(entry.status) for entry in entries]
    suite = SubElement(
        root,
        "testsuite",
        name=visible(f"{run_label(run)} {api}"),
        timestamp=visible(run.started_at.removesuffix("Z")),
        tests=str(len(entries)),
        failures=str(elements.count("failure")),
        errors=str(elements.count("error")),
        skipped=str(elements.count("skipped")),
        time=f"{sum(entry.duration for entry in entries):.3f}",
    )
    facts = {
        "mesh": run.mesh.name,
        "mesh.version": run.mesh.version,
        **({"variant": run.variant} if run.variant else {}),
        "kubernetes": run.kubernetes,
        "api.version": run.apis[api].version or "",
        "capability": str(run.apis[api].capability),
        "verdict": conformance_word(run),
        "run.nonce": run.nonce,
        "matrix.sha256": digest,
    }
    _properties(suite, facts)
    for entry in entries:
        _case(suite, run, entry, statements, failures)


def _case(
    suite: Element, run: Run, entry: Entry, statements: Mapping[str, str], failures: Mapping[str, Failure]
) -> None:
    module, _, name = entry.id.partition("::")
    case = SubElement(
        suite,
        "testcase",
        classname=visible(f"{run.name}.{module}"),
        name=visible(f"{entry.requirement} {name or entry.id}"),
        time=f"{entry.duration:.3f}",
    )
    facts = {
        "requirement": entry.requirement,
        "level": str(entry.level),
        "status": str(entry.status),
        "source": entry.source,
    }
    if entry.reading is not None:
        facts["reading"] = entry.reading
    _properties(case, facts)
    kind = _ELEMENTS.get(entry.status)
    if kind is not None:
        reason = visible(entry.reason or "no reason given")
        element = SubElement(case, kind, message=reason.split("\n", 1)[0][:500], type=str(entry.status))
        rows = [f"{label:<9} {text}" for label, text in failure_rows(run, entry, failures)]
        lines = (f"{entry.requirement}  {entry.level}  {statements.get(entry.requirement, '')}".rstrip(), *rows)
        element.text = "\n".join(visible(line) for line in lines)


def _properties(parent: Element, facts: Mapping[str, str]) -> None:
    holder = SubElement(parent, "properties")
    for name, value in facts.items():
        SubElement(holder, "property", name=name, value=visible(value))
