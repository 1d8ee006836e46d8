"""Personas: meshes that the reference mesh can pass itself off as, one YAML file each,
made of named switches and plain data.

A persona is no copy of a mesh: it serves the versions that the mesh serves, has its workloads' names and versions,
joins, addresses and denies as it does, and has those of its deviations that are known from its sources. To add one:

1. Write `NAME.yaml`, see `record.py` for the meaning of every field.
2. A deviation that no switch describes yet: add it to `mesh/faults/deviations`, an override with its record (see
   `mesh/faults` for where decisions are made).
3. Write down the expected matrix in `tests/personas/expected/NAME.json`.
"""

from __future__ import annotations

import difflib
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from pytest_smi.reference.mesh.personas.record import Persona, PersonaError

_FOLDER = Path(__file__).parent
_SLOWEST = 10.0


def persona_names() -> list[str]:
    """Return the names of all personas."""
    return sorted(path.stem for path in _FOLDER.glob("*.yaml"))


@cache
def find_persona(name: str) -> Persona:
    """Return the persona of that name; `NAME@SCALE` sets its pace, and `NAME@1` is the pace of the real mesh.

    PersonaError: there is none, and the message lists those that there are; or the scale is no number above zero.
    """
    from pytest_smi.reference.mesh.personas.load import read_persona

    name, at, text = name.partition("@")
    if at:
        persona = find_persona(name)
        return replace(persona, pace=replace(persona.pace, scale=_scale(text)))
    if name not in persona_names():
        close = difflib.get_close_matches(name, persona_names(), n=2)
        meant = f"did you mean {' or '.join(close)}? " if close else ""
        raise PersonaError(f"unknown persona {name!r}; {meant}known are {', '.join(persona_names())}")
    return read_persona(_FOLDER / f"{name}.yaml")


def _scale(text: str) -> float:
    try:
        scale = float(text)
    except ValueError:
        scale = 0.0
    if not 0 < scale <= _SLOWEST:
        raise PersonaError(
            f"the pace after @ is a number above 0 and at most {_SLOWEST:g}, found {text!r}; "
            "1 is the pace of the real mesh"
        )
    return scale


def persona_records() -> list[dict[str, Any]]:
    """Return every persona as plain data: name, title, description, deviations (with their sources)."""
    found = [find_persona(name) for name in persona_names()]
    return [
        {"name": p.name, "title": p.title, "description": p.description, "deviations": dict(p.deviations)}
        for p in found
    ]


__all__ = ["Persona", "PersonaError", "find_persona", "persona_names", "persona_records"]
