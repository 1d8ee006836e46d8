"""Judges what the cluster serves of SMI against what the mesh claims to read. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pytest_smi.doctor.findings import Finding, ok, problem, warning
from pytest_smi.doctor.questions import DEFINED, GROUPS_SERVED, METRICS, METRICS_SERVICE, definition_key
from pytest_smi.doctor.survey import Survey
from pytest_smi.smi.versions import GROUPS, REFERRED


def apis(survey: Survey, versions: Mapping[str, str], absent: Mapping[str, str]) -> Iterator[Finding]:
    """Yield versions that are claimed are served. `versions`, `absent`: what was negotiated, and why the rest was
    not."""
    if (unread := survey.unread("apis", GROUPS_SERVED)) is not None:
        yield problem("apis", unread.found, unread.remedy)
        return
    profile, served = survey.profile, survey.served
    if not profile.apis:
        told = ", ".join(f"{api} {version}" for api, version in versions.items())
        yield ok(
            "apis",
            f"{profile.title} claims none; "
            + (f"tested is what is served all the same: {told}" if told else "none is served"),
        )
        return
    claimed = [api for api in survey.apis if profile.claims(api)]
    if claimed and not any(api in versions for api in claimed):
        reasons = "; ".join(dict.fromkeys(absent[api] for api in claimed if api in absent))
        yield problem("apis", f"nothing can be tested: {reasons}", _missing_remedy(survey))
        return
    for api in claimed:
        if api in versions:
            others = [version for version in served[api] if version != versions[api]]
            more = f"; served as well: {', '.join(others)}" if others else ""
            yield ok(api, f"{versions[api]} is claimed and served{more}")
        else:
            yield warning(
                api, f"will not be tested: {absent.get(api, 'no version in common')}", _missing_remedy(survey)
            )


def stored(
    survey: Survey, versions: Mapping[str, str], kept: Mapping[str, str], absent: Mapping[str, str]
) -> Iterator[Finding]:
    """Check that what the claimed APIs refer to can be stored, though the mesh does not claim it.

    `kept`: the versions in which it is.
    """
    for api in survey.profile.stored:
        referring = [other for other in REFERRED[api] if other in survey.apis and other in versions]
        if not referring or api in versions:
            continue
        if api in kept:
            yield ok(
                api,
                f"{kept[api]} is stored so that {' and '.join(referring)} can refer to it; it is not claimed, "
                "and not tested",
            )
        else:
            yield warning(
                api, f"little of {' and '.join(referring)} will be tested: {absent[api]}", _missing_remedy(survey)
            )


def definitions(survey: Survey, versions: Mapping[str, str]) -> Iterator[Finding]:
    """Check that the resource definitions of what is written are there and established.

    `versions`: of the APIs tested, and of those stored.
    """
    for plural, api in DEFINED.items():
        key = definition_key(plural, api)
        if api not in versions or survey.absent(key):
            continue
        if (unread := survey.unread("definitions", key)) is not None:
            yield unread
            return  # one line for all: they are read under one permission
        conditions = ((survey.found(key) or {}).get("status") or {}).get("conditions") or []
        for condition in conditions:
            if condition.get("type") == "Established" and condition.get("status") != "True":
                yield problem(
                    "definitions",
                    f"{key} is not established: {condition.get('message', 'no reason given')}",
                    f"kubectl describe crd {key}",
                )


def metrics(survey: Survey, versions: Mapping[str, str]) -> Iterator[Finding]:
    """Check that the aggregated metrics API has somebody behind it."""
    if (
        "metrics" not in survey.apis
        or not (survey.profile.claims("metrics") or "metrics" in versions)
        or survey.absent(METRICS)
    ):
        return
    if (unread := survey.unread("metrics service", METRICS)) is not None:
        yield unread
        return
    for condition in ((survey.found(METRICS) or {}).get("status") or {}).get("conditions") or ():
        if condition.get("type") == "Available" and condition.get("status") != "True":
            why = condition.get("message") or condition.get("reason") or "no reason given"
            yield problem(
                "metrics service",
                f"{GROUPS['metrics']} is registered, but nobody answers for it: {why}",
                f"kubectl describe apiservice {METRICS_SERVICE}; or leave it out with --smi-api access,specs,split",
            )
            return
    if survey.found(METRICS) is not None:
        yield ok("metrics service", f"{GROUPS['metrics']} is registered and available")


def _missing_remedy(survey: Survey) -> str:
    profile = survey.profile
    claimed = ", ".join(f"{api} {'/'.join(versions)}" for api, versions in {**profile.apis, **profile.stored}.items())
    look = "kubectl get crd | grep smi-spec.io shows what is there"
    if not profile.mesh.workloads:
        return f"apply the SMI definitions that are to be tested ({claimed}); {look}"
    return f"install {profile.title} with its SMI definitions ({claimed}); {look}"
