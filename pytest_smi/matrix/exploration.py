"""What a search for counterexamples found, as it stands in matrix.json. Pure.

It is beside the results: it changes no verdict, no capability and not whether a mesh conforms.
"""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from pytest_smi.core.document import Form, WholeRecord, told
from pytest_smi.core.result import NotEmpty, Seconds
from pytest_smi.errors import ReportError

__all__ = ["Cell", "Change", "Counterexample", "Exploration"]

Count = Annotated[int, Field(ge=0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell(WholeRecord):
    """One cell of a truth table: a client and a request."""

    client: NotEmpty
    """Who calls."""
    request: NotEmpty
    """What it asks for: `GET v1.t1:8080/x`."""
    expected: NotEmpty
    """What the specification says: `allowed`, `denied` or `open`, and the shares of a split."""
    seen: NotEmpty
    """What came of it: `3 of 3 arrived`."""
    mark: str
    """`leak`, `refusal` or `shares` where the two differ; empty where they agree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(WholeRecord):
    """One step of a counterexample: Kubernetes objects with short names of namespaces."""

    put: tuple[dict[str, Any], ...]
    """Objects that are created or replaced."""
    drop: tuple[dict[str, Any], ...]
    """Objects that are deleted: apiVersion, kind and metadata."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterexample(WholeRecord):
    """A world and changes after which the mesh does otherwise than the specification says."""

    number: Annotated[int, Field(ge=1)]
    """Its number within the run; `counterexamples/N/` in the report folder shows it as files."""
    world: Count
    """The number of the world that it was found in; with the seed it names that world."""
    fault: NotEmpty
    """`leak`, `refusal` or `shares`."""
    summary: NotEmpty
    """What differs, in a line."""
    requirement: str | None
    """The requirement that it belongs to, where one fits."""
    shrunk: bool
    """Whether nothing more could be left out of it; else the time was over."""
    repeated: bool
    """Whether it was seen again when it was played again."""
    found_again: Count
    """How many further worlds came down to the same."""
    beside: tuple[dict[str, Any], ...]
    """Objects that open access to every client, where it is about a split."""
    steps: tuple[Change, ...]
    """What is applied and deleted, in order."""
    request: dict[str, Any]
    """The request in parts, for `--smi-replay`."""
    table: tuple[Cell, ...]
    """The truth table of the last state: the request by each client."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exploration(WholeRecord):
    """One search."""

    seed: int
    """Seed of the random worlds."""
    asked: NotEmpty
    """How long, or how many worlds: `5m`, `100`."""
    worlds: Count
    """Random worlds that were played."""
    states: Count
    """States that were held against the specification: each world has one for each change."""
    requests: Count
    """Requests that were sent."""
    seconds: Seconds
    """How long it took."""
    stopped: NotEmpty
    """Why it ended: `time`, `count`, `interrupted`, `enough`, or an error."""
    unsettled: Count
    """States in which the mesh kept changing its answers, so that nothing can be said."""
    declared: dict[str, Count]
    """Requirement → disagreements that belong to a gap which the mesh's profile declares."""
    notes: tuple[str, ...]
    """What was left out, and why."""
    counterexamples: tuple[Counterexample, ...]
    """What was found."""

    def to_json(self) -> dict[str, Any]:
        """The record as a JSON object."""
        return _FORM.write(self)

    @classmethod
    def from_json(cls, document: Any) -> "Exploration":
        """Read what `to_json` wrote. Raises `ReportError`."""
        found, faults = _FORM.read(document)
        if found is None:
            raise ReportError("the record of an exploration cannot be read:\n  " + "\n  ".join(told(faults)))
        return found


_FORM = Form(Exploration)
