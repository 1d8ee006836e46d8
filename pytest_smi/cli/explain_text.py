"""What `pytest-smi explain` prints for people, as lines. Pure; text from objects is made harmless for the terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_smi.cli.explain_mesh import Fact
    from pytest_smi.oracle.access import Decision
    from pytest_smi.oracle.findings import Finding
    from pytest_smi.oracle.grounds import Ground
    from pytest_smi.oracle.overview import Grant, Splitting
    from pytest_smi.oracle.records import Request

_NAMED = 4
"""Objects that a question's line names before it counts the rest."""


def shown(text: str) -> str:
    """Return the text with everything that is no printable character written as an escape."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii") for letter in text
    )


def overview_lines(
    grants: Sequence[Grant], splittings: Sequence[Splitting], findings: Sequence[Finding], *, width: int
) -> Iterator[str]:
    """Yield the whole: who may call what, the splits, the warnings and the open questions."""
    yield "Who may call what"
    rows = list(_rows(grants))
    if rows:
        yield from _table(("SOURCE", "DESTINATION", "MAY", "BY"), rows, width)
    if rows:
        yield "  everything else is denied"
    else:
        why = "no TrafficTarget grants something" if grants else "there is no TrafficTarget"
        yield f"  {why}: where a mesh enforces access, nobody may call anybody"
    if splittings:
        yield from ("", "Splits")
        for one in splittings:
            yield from _split_lines(one, width)
    if findings:
        yield from ("", "Warnings")
        for finding in findings:
            yield from _wrapped(
                f"{_object(finding.about)}: {finding.text}" + ("" if finding.inert else " (a hint)"), width
            )
    asked = _by_question(grants, splittings)
    if asked:
        yield from ("", "Left open by the specification")
        for question, objects in asked.items():
            more = f" and {len(objects) - _NAMED} more" if len(objects) > _NAMED else ""
            yield from _wrapped(f"{question}  {_meaning(question)} (in {', '.join(objects[:_NAMED])}{more})", width)


def decision_lines(request: Request, decision: Decision, grounds: Sequence[Ground], *, width: int) -> Iterator[str]:
    """Yield the answer to one question, and the objects that decide it."""
    yield f"{decision.verdict.value}: {_call(request)}"
    for ground in grounds:
        about = _object(ground.objects[0]) + ": " if ground.objects else ""
        yield from _wrapped(
            f"{about}{ground.text}" + (f" [{', '.join(ground.questions)}]" if ground.questions else ""), width
        )
    if decision.questions:
        yield "Left open by the specification"
        for question in decision.questions:
            yield from _wrapped(f"{question}  {_meaning(question)}", width)


def fact_lines(title: str, facts: Iterable[Fact], *, width: int) -> Iterator[str]:
    """Yield what is known of a mesh."""
    yield from ("", f"Known of {title}")
    for fact in facts:
        yield from _wrapped(fact.text + (f" [{fact.source}]" if fact.source else ""), width)


def _rows(grants: Sequence[Grant]) -> Iterator[tuple[str, str, str, str]]:
    """Yield a row for each source, destination and target; the first line of each grant names them,
    further ones only what else it grants."""
    for grant in grants:
        by = f"{grant.target[1]}/{grant.target[2]}" + (f" [{', '.join(grant.questions)}]" if grant.questions else "")
        for source in grant.sources:
            first = True
            for words in grant.granted:
                yield (source, grant.destination, words, by) if first else ("", "", words, "")
                first = False


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]], width: int) -> Iterator[str]:
    """Yield columns as wide as their content; the last is wrapped into what is left."""
    lines = [head, *(tuple(map(shown, row)) for row in rows)]
    sizes = [min(max(len(line[column]) for line in lines), width // 3) for column in range(len(head) - 1)]
    for line in lines:
        yield (
            "  " + "  ".join([*(cell.ljust(size) for cell, size in zip(line, sizes, strict=False)), line[-1]])
        ).rstrip()


def _split_lines(one: Splitting, width: int) -> Iterator[str]:
    written = f", written by {one.owner}" if one.owner else ""
    yield shown(f"  {one.root}, by {_object(one.split)}{written}")
    which = "every call" if one.segments is None else " or ".join(one.segments) or "no call"
    yield from _wrapped(f"{which}{_marks(one.questions)}", width, indent="    ")
    for part in one.sharing:
        ports = ", ".join(f"{number}/{transport}" for number, transport in part.ports if number)
        readings = " | ".join(map(_share, part.possible)) or "not bounded by the specification"
        extra = [question for question in part.questions if question not in one.questions]
        yield from _wrapped(f"{f'port {ports}: ' if ports else ''}{readings}{_marks(extra)}", width, indent="      ")
    if not one.sharing:
        yield "      no port of the root is known"
    if one.idle:
        yield from _wrapped(f"nothing to {', '.join(one.idle)}, of weight 0", width, indent="      ")
    if one.segments is not None:
        yield "    every other call: the root's own endpoints"


def _marks(questions: Sequence[str]) -> str:
    return f" [{', '.join(questions)}]" if questions else ""


def _by_question(grants: Sequence[Grant], splittings: Sequence[Splitting]) -> dict[str, list[str]]:
    """Open question → the objects that raise it, in order of the questions' numbers."""
    found: dict[str, dict[str, None]] = {}
    for grant in grants:
        for question in grant.questions:
            found.setdefault(question, {})[_object(grant.target)] = None
    for one in splittings:
        for question in (*one.questions, *(question for part in one.sharing for question in part.questions)):
            found.setdefault(question, {})[_object(one.split)] = None
    return {question: list(found[question]) for question in sorted(found, key=lambda one: int(one.partition("-")[2]))}


def _call(request: Request) -> str:
    call = request.call
    what = f"{call.method} {call.path}" if call.protocol == "HTTP" else call.protocol
    where = f" on port {request.port}" if request.port is not None else ""
    headers = "".join(f" with {name}: {value}" for name, value in call.headers)
    outside = "" if request.source.member else " (outside of the mesh)"
    source, destination = request.source, request.destination
    return shown(
        f"{source.namespace}/{source.account}{outside} → {destination.namespace}/{destination.account}, "
        f"{what}{where}{headers}"
    )


def _wrapped(text: str, width: int, indent: str = "  ") -> list[str]:
    return textwrap.wrap(
        shown(text),
        width,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _object(identity: tuple[str, str, str]) -> str:
    from pytest_smi.oracle.words import object_words

    return object_words(identity)


def _share(share: tuple[tuple[str, object], ...]) -> str:
    from pytest_smi.oracle.words import share_words

    return share_words(share)  # type: ignore[arg-type]


def _meaning(question: str) -> str:
    from pytest_smi.oracle.readings import QUESTIONS

    return str(QUESTIONS[question])
