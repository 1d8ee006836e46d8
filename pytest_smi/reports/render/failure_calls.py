"""The calls that an event of the timeline tells of: what was expected of each, and what came of it. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_smi.reports.render.loosely import mappings, number

__all__ = ["Call", "calls_of"]

_EXPECTED = {
    "allowed": "allowed: arrives at the server and is answered",
    "steady": "allowed: arrives at the server and is answered, every time",
    "denied": "denied: never arrives at the server",
    "control": "control: arrives at the server and is answered, or nothing else can be judged",
    "closed": "control: does not arrive yet, or the mesh is not in the path",
}
_DELIVERED = "delivered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call, or many alike. `count`: how many were sent, 0 when that is not known. `wrong`: it contradicts the claim.

    `example`: one of those that are wrong.
    """

    call: str
    expected: str
    got: str
    count: int
    wrong: bool
    example: str = ""

    @property
    def told(self) -> str:
        """What came of it, as one sentence."""
        return "; ".join(filter(None, (self.got, self.example)))


def calls_of(event: Mapping[str, Any]) -> Iterator[Call]:
    """Yield the calls of an event of the timeline; none for an event of another form."""
    for claim in mappings(event.get("claims")):
        kind = str(claim.get("claim", ""))
        if kind in _EXPECTED:
            yield _claim(kind, claim)
    test, call = event.get("test"), str(event.get("call", ""))
    if isinstance(test, Mapping):
        yield Call(
            call=call,
            expected=_shares(test.get("expected")),
            got=f"{_counts(test.get('counts'))} of {test.get('n')}",
            count=int(number(test.get("n"))),
            wrong=test.get("decision") == "rejected",
        )
    if event.get("event") == "shares did not settle":
        last, lost = event.get("last"), event.get("lost")
        yield Call(
            call=call,
            expected=str(event.get("expected", event.get("wanted", ""))),
            got=f"{_counts(last)} after {event.get('seconds')} s{f'; not delivered: {lost}' if lost else ''}",
            count=sum(int(number(n)) for n in last.values()) if isinstance(last, Mapping) else 0,
            wrong=True,
        )


def _claim(kind: str, claim: Mapping[str, Any]) -> Call:
    samples, outcomes, probes = claim.get("samples"), claim.get("outcomes"), claim.get("probes")
    found = samples if isinstance(samples, Mapping) else {}
    wrong = [name for name in found if (name == _DELIVERED) == (kind in ("denied", "closed"))]
    listed = found[wrong[0]] if wrong else None
    some = listed if isinstance(listed, Sequence) and not isinstance(listed, str) else ()
    return Call(
        call=str(claim.get("call", "")),
        expected=_EXPECTED[kind],
        got=", ".join(f"{name} in {n} of {probes}" for name, n in outcomes.items())
        if isinstance(outcomes, Mapping)
        else "",
        count=int(number(probes)),
        wrong=bool(wrong),
        example=str(some[0]) if some else "",
    )


def _shares(expected: object) -> str:
    if not isinstance(expected, Mapping):
        return ""
    return ", ".join(f"{name} {number(share):.1%}" for name, share in expected.items())


def _counts(counts: object) -> str:
    listed = ", ".join(f"{n} at {name}" for name, n in counts.items()) if isinstance(counts, Mapping) else ""
    return listed or "none anywhere"
