"""Read many documents of the API at once, so that they fit into one window. Thin I/O."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from pytest_smi.scenario.metrics.recording import Document
from pytest_smi.scenario.metrics.records import Item
from pytest_smi.scenario.scenario import RequirementFailed, Scenario

AT_ONCE = 6


@dataclass(frozen=True, slots=True)
class Question:
    """A path below the API's version, and the query."""

    rest: str
    query: Mapping[str, str] = field(default_factory=dict)


def read(smi: Scenario, question: Question) -> Document:
    """Ask once; whatever the status, the answer is the document."""
    path, begun = smi.metrics_path(question.rest), smi.clock()
    answer = smi.testbed.connection.request("GET", path, query=question.query)
    shown = path + "".join(f"?{key}={value}" for key, value in question.query.items())
    return Document(
        path=shown, status=answer.status, body=answer.body, date=answer.date, begun=begun, finished=smi.clock()
    )


def read_all(smi: Scenario, questions: Mapping[str, Question]) -> dict[str, Document]:
    """Ask all, several at once; the evidence is told in short, whoever judges a document adds the whole of it."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        documents = dict(
            zip(questions, pool.map(lambda question: read(smi, question), questions.values()), strict=True)
        )
    smi.evidence.event("read", documents={key: document.in_short() for key, document in documents.items()})
    return documents


def items_or_none(document: Document) -> list[Item] | None:
    """Return what can be read of a document: none (`[]`) where the object is absent,
    None where nothing can be understood."""
    if document.status == 404:
        return []
    try:
        return document.items()
    except RequirementFailed:
        return None
