"""The catalogue: what an assertion is, and the list of all of them.

An assertion is a test function plus a record. The record names the requirement, its level and the clause of the
specification; the function's docstring is the requirement's statement. The list is read from the bundled suite.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from pytest_smi.core.clauses import clauses_of
from pytest_smi.core.resources import bundled
from pytest_smi.core.terms import API_OF_PREFIX, Level

F = TypeVar("F", bound=Callable[..., Any])

_ATTRIBUTE = "__smi_assertion__"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """One requirement of the Service Mesh Interface and how the suite knows it."""

    requirement: str
    """`TA-06`; the prefix names the API."""
    name: str
    """Module and function: `traffic_access::unlisted_source_is_denied`."""
    statement: str
    """What a compliant mesh does, one sentence."""
    level: str
    """MUST, MUST (derived), SHOULD, unspecified (observed, never failed)."""
    source: str
    """API, version and heading of the specification."""
    needs: tuple[str, ...]
    """APIs that must be served and claimed, the requirement's own first."""
    features: tuple[str, ...]
    """Features that the mesh's profile must have."""
    since: tuple[tuple[str, str], ...] = ()
    """(API, version) pairs: the first version of that API which states the requirement, where older ones do not."""
    even_unserved: bool = False
    """Whether it is tested although the cluster does not serve a claimed API: it asserts just that."""
    serial: bool = False
    """Whether nothing else may be tested beside it: its scene may disturb a mesh for everybody."""

    @property
    def api(self) -> str:
        """The API that the requirement belongs to: access, specs, split or metrics."""
        return API_OF_PREFIX[self.requirement.split("-")[0]]

    @property
    def function(self) -> str:
        """Name of the test function, without `test_`."""
        return self.name.rpartition("::")[2]

    def to_json(self) -> dict[str, Any]:
        """Return the record as `pytest-smi catalogue --json` prints it."""
        return {
            "requirement": self.requirement,
            "name": self.name,
            "statement": self.statement,
            "level": self.level,
            "api": self.api,
            "source": self.source,
            "clauses": [{"text": clause.text, "url": clause.url} for clause in clauses_of(self.source)],
            "needs": list(self.needs),
            "features": list(self.features),
            "since": dict(self.since),
        }


def assertion(
    requirement: str,
    *,
    level: str,
    source: str,
    needs: Iterable[str] = (),
    features: Iterable[str] = (),
    since: Mapping[str, str] | None = None,
    even_unserved: bool = False,
    serial: bool = False,
) -> Callable[[F], F]:
    """Mark a test function as the assertion of `requirement`; wrong ids, levels and missing docstrings are ValueErrors.

    `since`: API → first version that states the requirement; it is unsupported where an older one is tested.
    `serial`: its scene may disturb the mesh for everybody, so that it runs by itself, when all others have finished.
    """
    prefix, _, number = requirement.partition("-")
    if prefix not in API_OF_PREFIX or not number.isdigit():
        raise ValueError(f"a requirement is written like TA-06, found {requirement!r}")
    if level not in tuple(Level):
        raise ValueError(f"{requirement}: the level is one of {', '.join(Level)}, found {level!r}")

    def mark(function: F) -> F:
        statement = " ".join((inspect.getdoc(function) or "").split())
        if not statement:
            raise ValueError(f"{requirement}: {function.__name__} needs a docstring that states the requirement")
        own = API_OF_PREFIX[prefix]
        module = function.__module__.rpartition(".")[2].removeprefix("test_")
        record = Assertion(
            requirement=requirement,
            name=f"{module}::{function.__name__.removeprefix('test_')}",
            statement=statement,
            level=level,
            source=source,
            needs=(own, *(api for api in needs if api != own)),
            features=tuple(features),
            since=tuple((since or {}).items()),
            even_unserved=even_unserved,
            serial=serial,
        )
        setattr(function, _ATTRIBUTE, record)
        return function

    return mark


def assertion_of(function: object) -> Assertion | None:
    """Return the record of a test function, or None when it is not an assertion."""
    record = getattr(function, _ATTRIBUTE, None)
    return record if isinstance(record, Assertion) else None


def load() -> list[Assertion]:
    """Return every assertion of the bundled suite in order of requirement; duplicates are a ValueError naming both."""
    return [record for record, _ in load_functions()]


def load_functions() -> list[tuple[Assertion, Callable[..., object]]]:
    """Return the same, each with the test function that it marks."""
    found: dict[str, tuple[Assertion, Callable[..., object]]] = {}
    folder = bundled("conformance")
    for path in sorted(folder.glob("test_*.py")):
        for value in vars(_import(folder, path)).values():
            record = assertion_of(value)
            if record is None:
                continue
            known = found.get(record.requirement)
            if known is not None and known[0] != record:
                raise ValueError(f"{record.requirement} is asserted by {known[0].name} and by {record.name}")
            found[record.requirement] = (record, value)
    return [found[key] for key in sorted(found, key=requirement_order)]


def requirement_order(requirement: str) -> tuple[int, int]:
    """Sort key of a requirement: by API in the specification's order, then by number."""
    prefix, _, number = requirement.partition("-")
    return list(API_OF_PREFIX).index(prefix), int(number)


def _import(folder: Path, path: Path) -> ModuleType:
    package = "pytest_smi.conformance" if folder.parent.name == "pytest_smi" else "conformance"
    if package not in sys.modules:
        spec = importlib.util.spec_from_file_location(
            package, folder / "__init__.py", submodule_search_locations=[str(folder)]
        )
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[package] = module
        spec.loader.exec_module(module)
    return importlib.import_module(f"{package}.{path.stem}")
