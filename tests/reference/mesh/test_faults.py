"""The tables of faults and deviations hold what their documentation promises."""

from __future__ import annotations

import inspect
import itertools
import re
from typing import Any

import pytest

from pytest_smi.reference.mesh.faults import DEVIATIONS, FAULTS, Deviation, Fault, known, specialize

ENTRIES: list[Fault | Deviation] = [*FAULTS.values(), *DEVIATIONS.values()]
OVERRIDES = sorted(
    {override for entry in ENTRIES for override in entry.overrides}, key=lambda override: override.__qualname__
)


def _healthy(override: type[Any]) -> type[Any]:
    """The deciding class that an override makes wrong."""
    return next(base for base in override.__mro__ if ".faults." not in base.__module__)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_every_entry_makes_a_deciding_class_wrong(entry: Fault | Deviation) -> None:
    """By overrides that stand in the module of its topic, and that nothing else puts in the healthy class's place."""
    assert entry.overrides
    for override in entry.overrides:
        healthy = _healthy(override)
        assert specialize(healthy, frozenset({entry.name})) is override
        assert specialize(healthy, frozenset()) is healthy


@pytest.mark.parametrize("override", OVERRIDES, ids=lambda override: override.__name__)
def test_every_override_replaces_a_decision(override: type[Any]) -> None:
    """Its public methods, and those of what it shares with other overrides, are methods of the healthy class: what it
    adds besides is its own."""
    healthy = _healthy(override)
    own = itertools.takewhile(lambda base: base is not healthy, override.__mro__)
    replaced = {
        name
        for part in own
        for name, value in vars(part).items()
        if inspect.isfunction(value) and not name.startswith("_")
    }
    assert replaced
    assert all(hasattr(healthy, name) for name in replaced)


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_every_record_says_what_it_breaks(name: str) -> None:
    """A sentence, and requirement ids of the catalogue's form."""
    fault = FAULTS[name]
    assert fault.description.endswith(".")
    assert fault.breaks
    assert all(re.fullmatch(r"(TA|TS|SP|TM)-\d\d", requirement) for requirement in fault.breaks)


def test_no_name_is_used_twice() -> None:
    """Faults and deviations travel in one set of switches."""
    names = [entry.name for entry in ENTRIES]
    assert len(names) == len(set(names))


def test_an_unknown_fault_is_refused_with_the_known_ones() -> None:
    """The message lists what can be chosen."""
    with pytest.raises(ValueError, match="access-name-only"):
        known(["nonsense"])
