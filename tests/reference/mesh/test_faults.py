"""The table of faults holds what its documentation promises."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_smi.reference import mesh
from pytest_smi.reference.mesh.faults import DEVIATIONS, FAULTS, known

FOLDER = Path(mesh.__file__).parent
OURS = sorted(name for name in FAULTS if not name.startswith("metrics-"))
SOURCES = {path: path.read_text() for path in FOLDER.rglob("*.py") if "faults" not in path.relative_to(FOLDER).parts}


@pytest.mark.parametrize("name", OURS)
def test_every_fault_is_done_at_exactly_one_place(name: str) -> None:
    """One branch in the code for one record in the table."""
    assert sum(text.count(f'.on("{name}")') for text in SOURCES.values()) == 1


def test_every_branch_has_its_record() -> None:
    """No code asks for a fault or deviation that the tables do not know."""
    asked = {name for text in SOURCES.values() for name in re.findall(r'\.on\("([a-z0-9-]+)"\)', text)}
    assert asked <= FAULTS.keys() | DEVIATIONS.keys()


@pytest.mark.parametrize("name", OURS)
def test_every_record_says_what_it_breaks(name: str) -> None:
    """A sentence, and requirement ids of the catalogue's form."""
    fault = FAULTS[name]
    assert fault.description.endswith(".")
    assert fault.breaks
    assert all(re.fullmatch(r"(TA|TS|SP|TM)-\d\d", requirement) for requirement in fault.breaks)


def test_an_unknown_fault_is_refused_with_the_known_ones() -> None:
    """The message lists what can be chosen."""
    with pytest.raises(ValueError, match="access-name-only"):
        known(["nonsense"])
