"""Judges the preconditions that a profile names: without them a run would not be fair to the mesh. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pytest_smi.doctor.findings import Finding, ok, problem, warning
from pytest_smi.doctor.questions import GROUPS_SERVED, object_key, workload_key
from pytest_smi.doctor.survey import Survey
from pytest_smi.profiles.load import ContainerArgument, ObjectField, Precondition, PreferredVersion
from pytest_smi.profiles.terms import Scalar

ABSENT = object()
"""The value of an argument or field that is not there."""


def preconditions(survey: Survey, versions: Mapping[str, str]) -> Iterator[Finding]:
    """Check that every precondition of an API under test holds. `versions`: what was negotiated."""
    for precondition in survey.profile.preconditions:
        apis = precondition.apis or tuple(survey.profile.apis)
        if any(api in versions and api in survey.apis for api in apis) or not apis:
            yield judge(survey, precondition)


def judge(survey: Survey, precondition: Precondition) -> Finding:
    """Judge one precondition by the answers."""
    match precondition:
        case ContainerArgument():
            return _argument(survey, precondition)
        case ObjectField():
            return _field(survey, precondition)
        case PreferredVersion():
            if (unread := survey.unread(precondition.name, GROUPS_SERVED)) is not None:
                return unread
            preferred = preferred_version(survey.groups, precondition.group)
            return _compare(precondition, f"the preferred version of {precondition.group}", preferred or ABSENT)
        case _:
            return warning(precondition.name, "cannot be checked by a program", precondition.remedy)


def field_at(document: Mapping[str, Any], path: str) -> Any:
    """Return the value at a dotted path (`spec.items.0.name`), or ABSENT."""
    value: Any = document
    for part in path.split("."):
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return ABSENT
    return value


def preferred_version(groups: Mapping[str, Any], group: str) -> str:
    """Return the preferred version of an API group, empty when it is not served."""
    found: Mapping[str, Any] = next((item for item in groups.get("groups", ()) if item["name"] == group), {})
    return str((found.get("preferredVersion") or {}).get("version", ""))


def argument_value(workload: Mapping[str, Any], argument: str) -> Any:
    """Return the value of a command line argument of a workload's containers: `--x=v`, `--x v`,
    a bare `--x` is `true`; or ABSENT."""
    template = ((workload.get("spec") or {}).get("template") or {}).get("spec") or {}
    for container in template.get("containers") or ():
        words: Sequence[str] = [
            str(word) for word in (*(container.get("command") or ()), *(container.get("args") or ()))
        ]
        for index, word in enumerate(words):
            name, equals, value = word.partition("=")
            if name != argument:
                continue
            if equals:
                return value
            following = words[index + 1] if index + 1 < len(words) else "-"
            return "true" if following.startswith("-") else following
    return ABSENT


def same(found: Any, wanted: Any) -> bool:
    """Return whether two scalars are the same once written: `true` and True, `1` and 1; case tells only between words,
    not truths."""
    return _written(found) == _written(wanted)


def _written(value: Any) -> str:
    text = str(value)
    return text.lower() if text.lower() in ("true", "false") else text


def _argument(survey: Survey, precondition: ContainerArgument) -> Finding:
    reference = survey.profile.mesh.reference(precondition.workload)
    key = workload_key(reference)
    if (unread := survey.unread(precondition.name, key)) is not None:
        return unread
    workload = survey.found(key)
    if workload is None:
        return problem(
            precondition.name,
            f"cannot hold: there is no {reference.kind}/{reference.name} in {reference.namespace}",
            precondition.remedy,
        )
    what = f"{precondition.argument} of {reference.kind}/{reference.name}"
    return _compare(precondition, what, argument_value(workload, precondition.argument), precondition.default)


def _field(survey: Survey, precondition: ObjectField) -> Finding:
    resource, key = precondition.resource, object_key(precondition.resource)
    if (unread := survey.unread(precondition.name, key)) is not None:
        return unread
    name = f"{resource.plural} {resource.namespace + '/' if resource.namespace else ''}{resource.name}"
    if survey.absent(key):
        return problem(precondition.name, f"cannot hold: there is no {name}", precondition.remedy)
    what = f"{precondition.path} of {name}"
    return _compare(precondition, what, field_at(survey.found(key) or {}, precondition.path), precondition.default)


def _compare(
    precondition: ContainerArgument | ObjectField | PreferredVersion,
    what: str,
    value: Any,
    default: Scalar | None = None,
) -> Finding:
    absent = value is ABSENT
    effective = default if absent else value
    told = (
        f"not set{f', which means {_written(effective)}' if effective is not None else ''}"
        if absent
        else _written(value)
    )
    if effective is not None and same(effective, precondition.equals):
        return ok(precondition.name, f"{what} is {told}")
    return problem(
        precondition.name, f"{what} must be {_written(precondition.equals)}, it is {told}", precondition.remedy
    )
