"""Examines a cluster before a run: asks everything, then lets every check judge the answers."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from pytest_smi.cluster.connection import Answer, Connection
from pytest_smi.core.terms import APIS
from pytest_smi.doctor import api_checks, cluster_checks, mesh_checks
from pytest_smi.doctor.findings import Finding
from pytest_smi.doctor.permissions import PULL_SECRET
from pytest_smi.doctor.precondition_checks import preconditions
from pytest_smi.doctor.questions import GROUPS_SERVED, VERSION, Question, questions
from pytest_smi.doctor.reading import ask, ask_all
from pytest_smi.doctor.survey import Survey
from pytest_smi.errors import ClusterError
from pytest_smi.profiles.load import Profile


def survey(
    connection: Connection,
    profile: Profile,
    *,
    apis: Sequence[str] = APIS,
    other_meshes: Mapping[str, Profile] | None = None,
    pull_secret: bool = False,
) -> Survey:
    """Ask the cluster everything that can be asked without deploying anything.

    `other_meshes`: other meshes to look for, by name. Raises ClusterError when the cluster cannot be reached, refuses
    the credentials, or does not tell its version or its APIs.
    """
    others = {name: other for name, other in (other_meshes or {}).items() if name != profile.name and other.mesh.detect}
    began = time.monotonic()
    version = ask(connection, Question(path="/version", reads="get /version"))
    took = time.monotonic() - began
    if not version.ok:
        raise ClusterError(
            f"{connection.host} does not tell its version: {version.message}",
            hint="is it a Kubernetes API server, and is it the right one?",
        )
    skew = _skew(version, datetime.now(UTC))
    parts = (*apis, PULL_SECRET) if pull_secret else tuple(apis)
    asked = questions(profile, others.values(), parts)
    answers = ask_all(connection, asked)
    if not answers[GROUPS_SERVED].ok:
        raise ClusterError(
            f"{connection.host} does not list its APIs: {answers[GROUPS_SERVED].message}",
            hint="kubectl get --raw /apis must be permitted",
        )
    return Survey(
        host=connection.host,
        profile=profile,
        apis=tuple(apis),
        pull_secret=pull_secret,
        questions=asked,
        answers={VERSION: version, **answers},
        other_meshes=others,
        skew=skew,
        began=_time_of(version),
        took=took,
    )


def findings(
    seen: Survey, versions: Mapping[str, str], absent: Mapping[str, str], stored: Mapping[str, str] | None = None
) -> list[Finding]:
    """Judge everything.

    `versions`, `absent`, `stored`: what was negotiated, why the rest was not, and what of that is stored. Pure.
    """
    stored = stored or {}
    return [
        *cluster_checks.cluster(seen),
        *cluster_checks.release(seen),
        *cluster_checks.permissions(seen),
        *mesh_checks.installed(seen),
        *mesh_checks.version(seen),
        *api_checks.apis(seen, versions, absent),
        *api_checks.stored(seen, versions, stored, absent),
        *api_checks.definitions(seen, {**versions, **stored}),
        *api_checks.metrics(seen, versions),
        *preconditions(seen, versions),
        *mesh_checks.alone(seen),
        *cluster_checks.leftovers(seen),
    ]


def _skew(answer: Answer, now: datetime) -> float:
    # The header has whole seconds, so less than one second means nothing.
    difference = (_time_of(answer) or now.timestamp()) - now.timestamp()
    return difference if abs(difference) > 1 else 0.0


def _time_of(answer: Answer) -> float:
    try:
        return parsedate_to_datetime(answer.date).timestamp()
    except (ValueError, TypeError):
        return 0.0
