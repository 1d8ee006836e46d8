"""Label selectors (equality, set based, and matchLabels/matchExpressions) and field selectors. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from pytest_smi.reference.kube.name_forms import QUALIFIED_TEXT
from pytest_smi.reference.kube.status import BadRequest

Predicate = Callable[[Mapping[str, Any]], bool]
_NAME = re.compile(r"([A-Za-z0-9.-]+/)?[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?")
_SET = re.compile(r"^\s*([\w./-]+)\s+(in|notin)\s+\(([^()]*)\)\s*$")
_EQUAL = re.compile(r"^\s*([\w./-]+)\s*(==|=|!=)\s*([\w.-]*)\s*$")
_EXISTS = re.compile(r"^\s*(!?)\s*([\w./-]+)\s*$")
_BEYOND = re.compile(r"^\s*[\w./-]+\s*(?:==|=|!=)\s*[\w.-]*\s*(=+|!=|[\w.-]+)")
_COMMAS = re.compile(r",(?![^()]*\))")


def labels_of(obj: Mapping[str, Any]) -> Mapping[str, str]:
    """Return an object's labels, empty when it has none."""
    return obj["metadata"].get("labels") or {}


def label_selector(text: str) -> Predicate | None:
    """Return a test of objects from `a=b,c!=d,e in (f,g),!h`; None when it selects everything. Raises BadRequest."""
    if not text.strip():
        return None
    tests = [_requirement(part) for part in _COMMAS.split(text)]
    return lambda obj: all(test(labels_of(obj)) for test in tests)


def _requirement(part: str) -> Callable[[Mapping[str, str]], bool]:
    if match := _SET.match(part):
        name, operator, inside = match.groups()
        _check_name(name)
        return _operator(name, "In" if operator == "in" else "NotIn", [value.strip() for value in inside.split(",")])
    if match := _EQUAL.match(part):
        name, operator, value = match.groups()
        _check_name(name)
        return _operator(name, "NotIn" if operator == "!=" else "In", [value])
    if match := _EXISTS.match(part):
        _check_name(match[2])
        return _operator(match[2], "DoesNotExist" if match[1] else "Exists", [])
    if match := re.match(r"^\s*[\w./-]+\s+(?:in|notin)\s+([\w.-]+)", part):
        raise BadRequest(f"unable to parse requirement: found '{match[1]}' expected: '('")
    if match := re.match(r"^\s*[\w./-]+\s+([\w./-]+)\s*$", part):
        raise BadRequest(f"unable to parse requirement: found '{match[1]}', expected: in, notin, =, ==, !=, gt, lt")
    if match := _BEYOND.match(part):
        raise BadRequest(f"found '{match[1]}', expected: ',' or 'end of string'")
    raise BadRequest(
        f"unable to parse requirement: found '{part.strip()}', expected a label selector such as a=b, a!=b, "
        "a in (b,c), a or !a"
    )


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise BadRequest(f'unable to parse requirement: <nil>: Invalid value: "{name}": {QUALIFIED_TEXT}')


def _operator(name: str, operator: str, values: list[str]) -> Callable[[Mapping[str, str]], bool]:
    wanted = frozenset(values)
    if operator == "In":
        return lambda labels: labels.get(name) in wanted
    if operator == "NotIn":
        return lambda labels: labels.get(name) not in wanted
    if operator == "Exists":
        return lambda labels: name in labels
    if operator == "DoesNotExist":
        return lambda labels: name not in labels
    raise BadRequest(f'"{operator}" is not a valid label selector operator')


def structured_selector(selector: Mapping[str, Any] | None) -> Callable[[Mapping[str, str]], bool]:
    """Return a test of labels from a LabelSelector object; None selects nothing, an empty one everything."""
    if selector is None:
        return lambda _: False
    tests = [_operator(name, "In", [value]) for name, value in (selector.get("matchLabels") or {}).items()]
    tests += [_operator(e["key"], e["operator"], e.get("values") or []) for e in selector.get("matchExpressions") or ()]
    return lambda labels: all(test(labels) for test in tests)


_COMMON = ("metadata.name", "metadata.namespace")
_FIELDS: dict[str, tuple[str, ...]] = {
    "pods": (
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "status.phase",
        "status.podIP",
    ),
    "namespaces": ("status.phase",),
    "services": ("spec.clusterIP", "spec.type"),
    "secrets": ("type",),
    "replicasets": ("status.replicas",),
    "events": (
        *(
            f"involvedObject.{name}"
            for name in ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
        ),
        "reason",
        "reportingComponent",
        "source",
        "type",
    ),
}


def field_selector(text: str, plural: str, *, custom: bool = False) -> Predicate | None:
    """Return a test of objects from `metadata.name=a,status.phase!=b`; None selects everything.

    Raises BadRequest for fields not supported.
    """
    if not text.strip():
        return None
    tests: list[tuple[list[str], bool, str]] = []
    for part in text.split(","):
        match = re.match(r"^\s*([\w.\[\]]+)\s*(==|=|!=)\s*(.*?)\s*$", part)
        if not match:
            raise BadRequest(f"invalid selector: '{part}'; can't understand '{part}'")
        name, operator, value = match.groups()
        if name not in _COMMON and (custom or name not in _FIELDS.get(plural, ())):
            if custom or plural in _FIELDS:
                raise BadRequest(f"field label not supported: {name}")
            raise BadRequest(f'"{name}" is not a known field selector: only "metadata.name", "metadata.namespace"')
        tests.append((name.split("."), operator != "!=", value))
    return lambda obj: all((_field(obj, path) == value) is wanted for path, wanted, value in tests)


def _field(obj: Mapping[str, Any], path: list[str]) -> str:
    found: Any = obj
    for part in path:
        found = found.get(part) if isinstance(found, Mapping) else None
    if isinstance(found, Mapping):
        found = found.get("component")  # an event's source is selected by its component
    return "" if found is None else str(found)


def both(first: Predicate | None, second: Predicate | None) -> Predicate | None:
    """Return the test that passes when both do."""
    if first is None or second is None:
        return first or second
    return lambda obj: first(obj) and second(obj)
