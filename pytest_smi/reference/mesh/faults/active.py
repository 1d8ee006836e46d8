"""The set of faults that are on, for code that still asks for them by name."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_smi.reference.mesh.faults.fault import Fault


def fault_of(prefix: str, name: str, breaks: str, description: str) -> Fault:
    """Write a fault in short: `breaks` are numbers of requirements of one API (`prefix`), or whole ids of another's."""
    ids = tuple(word if "-" in word else f"{prefix}-{word}" for word in breaks.split())
    return Fault(name=name, description=description, breaks=ids)


class ActiveFaults(frozenset[str]):
    """Names of the faults that are on, handed as an explicit parameter to whatever can be wrong."""

    __slots__ = ()

    def on(self, name: str) -> bool:
        """Whether the fault of this name is on."""
        return name in self


NO_FAULTS = ActiveFaults()


def active(names: Iterable[str]) -> ActiveFaults:
    """The set of these faults; names are checked where the mesh is started, see `known` in the package."""
    return ActiveFaults(names)
