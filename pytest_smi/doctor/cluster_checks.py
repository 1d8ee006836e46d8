"""Judges the cluster: its release, its clock, what we are permitted, and what earlier runs left. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_smi.doctor.findings import Finding, ok, problem, warning
from pytest_smi.doctor.permissions import needed
from pytest_smi.doctor.questions import NAMESPACES, permission_key
from pytest_smi.doctor.survey import RBAC, Survey

LARGEST_SKEW = 60.0
"""Seconds; tokens and certificates are made for hours, and times in a matrix are read by people."""
MOST_NAMED = 6
"""Names in one sentence before the rest is only counted."""


def cluster(survey: Survey) -> Iterator[Finding]:
    """It answers, and in which release."""
    yield ok("cluster", f"Kubernetes {survey.kubernetes} at {survey.host} answers in {survey.took * 1000:.0f} ms")
    if abs(survey.skew) > LARGEST_SKEW:
        side = "ahead of" if survey.skew > 0 else "behind"
        yield warning(
            "clock", f"the cluster's clock is {abs(survey.skew):.0f} s {side} this machine's", "set both by NTP"
        )


def release(survey: Survey) -> Iterator[Finding]:
    """It is one that the mesh is known to run on."""
    facts, own = survey.profile.kubernetes, number(survey.kubernetes)
    if own is None or not (facts.min or facts.max):
        return
    source = f" ({facts.source})" if facts.source else ""
    sure = "" if facts.verified else ", as far as is known"
    for bound, over in ((number(facts.max), "up to"), (number(facts.min), "from")):
        if bound is not None and ((over == "up to" and own > bound) or (over == "from" and own < bound)):
            limit = f"{bound[0]}.{bound[1]}"
            yield warning(
                "kubernetes",
                f"{survey.profile.title} runs on Kubernetes {over} {limit}{sure}{source}; this is {survey.kubernetes}",
                f"take a failure here for the mesh's only after it was seen on Kubernetes {limit} as well",
            )
            return
    yield ok("kubernetes", f"{survey.kubernetes} is a release that {survey.profile.title} is known to run on")


def permissions(survey: Survey) -> Iterator[Finding]:
    """Check that everything that a run does is permitted."""
    wanted = needed(survey.profile, survey.parts)
    keys = [permission_key(permission) for permission in wanted]
    unread = next((finding for key in keys if (finding := survey.unread("permissions", key)) is not None), None)
    if unread is not None:
        yield unread
        return
    missing = [permission for permission, key in zip(wanted, keys, strict=True) if not _allowed(survey, key)]
    if not missing:
        yield ok("permissions", f"all {len(wanted)} that a run needs")
        return
    found = (
        f"{len(missing)} of {len(wanted)} that a run needs are missing: "
        f"{some([str(permission) for permission in missing])}"
    )
    yield problem(
        "permissions",
        found,
        f"pytest-smi rbac | kubectl apply -f -, then use its service account; or be granted them: {RBAC}",
    )


def leftovers(survey: Survey) -> Iterator[Finding]:
    """Check that nothing of earlier runs is in the way."""
    if (unread := survey.unread("leftovers", NAMESPACES)) is not None:
        yield unread
        return
    names = sorted(item["metadata"]["name"] for item in survey.items(NAMESPACES))
    if not names:
        yield ok("leftovers", "none of earlier runs")
        return
    yield warning(
        "leftovers",
        f"{len(names)} namespace(s) of runs that ended badly, were told to keep them, or go on now: {some(names)}",
        "pytest-smi clean (not while another run goes on)",
    )


def number(release: str) -> tuple[int, int] | None:
    """Return (major, minor) of `v1.32.0+vendor` or `1.23`, or None."""
    match = re.match(r"v?(\d+)\.(\d+)", release)
    return (int(match[1]), int(match[2])) if match else None


def some(names: list[str]) -> str:
    """Return the first names, and how many there are beyond."""
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more


def _allowed(survey: Survey, key: str) -> bool:
    review = survey.found(key)
    return bool(review and (review.get("status") or {}).get("allowed"))
