"""Everything that is known of one requirement, gathered from the suite, the faults and the profiles of meshes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_smi.cli.catalogue_steps import Steps, steps_of
from pytest_smi.core.catalogue import Assertion, load_functions, requirement_order
from pytest_smi.core.clauses import Clause, clauses_of
from pytest_smi.core.informative import INFORMATIVE, Informative
from pytest_smi.core.nearest import unknown
from pytest_smi.core.terms import VERSIONS
from pytest_smi.errors import UsageProblem
from pytest_smi.profiles.load import Profile
from pytest_smi.smi.versions import before

_ASSUMED = "no source"
"""How the source of a deviation begins that an emulation assumes because nothing tells otherwise: nobody knows it."""
REQUIREMENT = re.compile(r"[A-Za-z]{2}-[0-9]{1,3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """A mesh that is known not to meet a requirement, how, and how that is known."""

    mesh: str
    what: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One requirement."""

    record: Assertion
    clauses: tuple[Clause, ...]
    versions: Mapping[str, tuple[str, ...]]
    """For each API that is needed the versions that state the requirement, newest first."""
    steps: Steps
    faults: tuple[tuple[str, str], ...]
    """Name and description of each fault of the reference mesh that breaks it."""
    deviations: tuple[Deviation, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the row as `pytest-smi catalogue TA-05 --json` prints it."""
        return {
            **self.record.to_json(),
            "clauses": [{"text": clause.text, "url": clause.url} for clause in self.clauses],
            "versions": {api: list(some) for api, some in self.versions.items()},
            "sent": list(self.steps.sent),
            "decides": list(self.steps.decides),
            "controls": list(self.steps.controls),
            "readings": list(self.steps.readings),
            "faults": [{"name": name, "description": description} for name, description in self.faults],
            "deviations": [{"mesh": one.mesh, "what": one.what, "source": one.source} for one in self.deviations],
        }


class Rows:
    """The rows of the catalogue; `faults` and `personas` as the reference lists them, `profiles` by name."""

    def __init__(
        self,
        faults: Sequence[Mapping[str, Any]],
        personas: Sequence[Mapping[str, Any]],
        profiles: Mapping[str, Profile],
    ) -> None:
        self._functions = {record.requirement: (record, function) for record, function in load_functions()}
        self._informative = {record.requirement: record for record in INFORMATIVE}
        self._faults, self._personas, self._profiles = faults, personas, profiles

    def all(self) -> list[Row | Informative]:
        """Return every row, in order."""
        names = sorted([*self._functions, *self._informative], key=requirement_order)
        return [self.entry(requirement) for requirement in names]

    def entry(self, requirement: str) -> Row | Informative:
        """Return one row, or what no test can decide. Raises UsageProblem."""
        return self._informative.get(requirement.upper()) or self.row(requirement)

    def row(self, requirement: str) -> Row:
        """Return the row of one assertion. Raises UsageProblem."""
        wanted = requirement.upper()
        if not REQUIREMENT.fullmatch(requirement):
            raise UsageProblem(
                f"a requirement is written like TA-05, found {requirement!r}", "pytest-smi catalogue lists all."
            )
        if wanted not in self._functions:
            raise UsageProblem(unknown("requirement", wanted, self._functions, where="pytest-smi catalogue"))
        return self._row(*self._functions[wanted])

    def _row(self, record: Assertion, function: Callable[..., object]) -> Row:
        since = dict(record.since)
        return Row(
            record=record,
            clauses=clauses_of(record.source),
            versions={
                api: tuple(one for one in VERSIONS[api] if not before(one, since.get(api, ""))) for api in record.needs
            },
            steps=steps_of(function),
            faults=tuple(
                (str(fault["name"]), str(fault["description"]))
                for fault in self._faults
                if record.requirement in fault["breaks"]
            ),
            deviations=(*self._gaps(record), *self._seen(record)),
        )

    def _gaps(self, record: Assertion) -> list[Deviation]:
        """Requirements that a profile declares as not met."""
        return [
            Deviation(mesh=profile.title, what=gap, source=profile.sources.get("gaps", ""))
            for profile in self._profiles.values()
            if (gap := profile.gap(record.requirement)) is not None
        ]

    def _seen(self, record: Assertion) -> list[Deviation]:
        """Deviations of the meshes that the reference emulates, of APIs that the mesh claims."""
        breaks = {fault["name"]: fault for fault in self._faults if record.requirement in fault["breaks"]}
        return [
            Deviation(mesh=str(persona["title"]), what=str(breaks[name]["description"]), source=str(source))
            for persona in self._personas
            if (profile := self._profiles.get(persona["name"])) is not None and profile.claims(record.api)
            for name, source in persona["deviations"].items()
            if name in breaks and not str(source).startswith(_ASSUMED)
        ]


def known_rows() -> Rows:
    """Return the rows with all that this installation knows of them. Raises HarnessError."""
    from pytest_smi.cluster.embedded import known_faults, known_personas
    from pytest_smi.profiles.registry import all_profiles

    return Rows(known_faults(), known_personas(), all_profiles())
