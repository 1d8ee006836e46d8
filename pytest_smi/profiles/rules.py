"""What must be so between the fields of a profile, beyond what each must be by itself. Pure.

The rules look at the document rather than at the record, so that they are told together with fields
that are bad by themselves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from itertools import combinations
from typing import Any

from pytest_smi.core.document import Fault
from pytest_smi.core.nearest import did_you_mean, unknown
from pytest_smi.profiles.record import Profile
from pytest_smi.profiles.terms import RELEASE, WORKLOAD
from pytest_smi.smi.versions import REFERRED

_TOP = tuple(re.sub(r"_(.)", lambda found: found[1].upper(), name) for name in Profile.__dataclass_fields__)


def contradictions(document: Any) -> Iterator[Fault]:
    """Yield every rule that the document breaks, as the dotted path of a field and what is wrong with it."""
    top = document if isinstance(document, dict) else {}
    if top:
        yield from _claims(top)
    yield from _workloads(top)
    yield from _releases(_inner(top, "kubernetes"))
    yield from _annotations(_inner(top, "services"))
    for name, value in _inner(top, "limits").items():
        if isinstance(value, int | float) and not value > 0:
            yield f"limits.{name}", f"must be a number above 0, found {value}"
    for remarks in ("sources", "unverified"):
        for path in _inner(top, remarks):
            field = re.split(r"[.\[]", path)[0]
            if field not in _TOP:
                yield (
                    f"{remarks}.{path}",
                    "must be the path of a field, which begins with one of "
                    f"{', '.join(_TOP)}{did_you_mean(field, _TOP)}",
                )


def unknown_requirements(document: Any, known: Callable[[], Collection[str]]) -> Iterator[Fault]:
    """Yield every requirement that the document notes and the catalogue does not know.

    `known` is asked only if there is any to look up.
    """
    top = document if isinstance(document, dict) else {}
    for key in ("gaps", "serial"):
        for index, entry in enumerate(_listed(top, key)):
            requirement = _text(entry, "requirement") if isinstance(entry, dict) else ""
            if requirement.strip() and requirement not in (ids := known()):
                own = [name for name in ids if name[:2] == requirement[:2].upper()] or ids
                yield (
                    f"{key}[{index}].requirement",
                    unknown("requirement", requirement, own, where="pytest-smi catalogue"),
                )


def _claims(top: dict[str, Any]) -> Iterator[Fault]:
    apis, silent = _inner(top, "apis"), str(top.get("claimsNothing", "")).strip()
    if silent and apis:
        yield "apis", "must be empty when claimsNothing is given"
    if not silent and not apis:
        yield (
            "apis",
            "names no API: list the versions that the mesh reads, or say under claimsNothing why there are none",
        )
    for api in _inner(top, "stored"):
        if api in apis:
            yield f"stored.{api}", "is claimed under apis as well: an API is either claimed, or stored and not acted on"
        referring = REFERRED.get(api, ())
        if referring and not any(other in apis for other in referring):
            yield (
                f"stored.{api}",
                f"is of no use: only {' and '.join(referring)} refer to it, and neither is claimed under apis",
            )


def _workloads(top: dict[str, Any]) -> Iterator[Fault]:
    mesh = _inner(top, "mesh")
    named = [
        (f"mesh.{key}[{index}]", text)
        for key in ("workloads", "detect")
        for index, text in enumerate(_listed(mesh, key))
    ]
    named.append(("mesh.version.workload", _inner(mesh, "version").get("workload")))
    conditions = enumerate(_listed(top, "preconditions"))
    named += [
        (f"preconditions[{index}].workload", one.get("workload")) for index, one in conditions if isinstance(one, dict)
    ]
    for path, text in named:
        if (
            isinstance(text, str)
            and re.fullmatch(WORKLOAD, text)
            and text.count("/") == 1
            and not _text(mesh, "namespace")
        ):
            yield path, f"{text!r} has no namespace: give mesh.namespace or write namespace/kind/name"


def _releases(kubernetes: dict[str, Any]) -> Iterator[Fault]:
    low, high = (_text(kubernetes, key) for key in ("min", "max"))
    if low and high and re.fullmatch(RELEASE, low) and re.fullmatch(RELEASE, high) and int(low[2:]) > int(high[2:]):
        yield "kubernetes.min", f"{low} is above max {high}"


def _annotations(services: dict[str, Any]) -> Iterator[Fault]:
    annotations = _inner(services, "annotations")
    families = {family: pairs for family, pairs in annotations.items() if isinstance(pairs, dict)}
    for one, other in combinations(families, 2) if services.get("separate") is not True else ():
        for key in sorted(set(families[one]) & set(families[other])):
            if families[one][key] != families[other][key]:
                yield (
                    "services.annotations",
                    f"{one} and {other} want different values of {key} on one Service: set separate",
                )


def _inner(holder: dict[str, Any], key: str) -> dict[str, Any]:
    value = holder.get(key)
    return value if isinstance(value, dict) else {}


def _listed(holder: dict[str, Any], key: str) -> list[Any]:
    value = holder.get(key)
    return value if isinstance(value, list) else []


def _text(holder: dict[str, Any], key: str) -> str:
    value = holder.get(key)
    return value if isinstance(value, str) else ""
