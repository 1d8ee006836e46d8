"""`--mesh auto`: which of the known meshes is installed on a cluster,
told by the workloads that their profiles name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pytest_smi.cluster.connection import Connection
from pytest_smi.cluster.objects import collection
from pytest_smi.errors import ClusterError, UsageProblem
from pytest_smi.profiles.load import Profile, WorkloadReference

AUTO = "auto"
"""The name that stands for whatever mesh is installed."""


def detect(connection: Connection, profiles: Mapping[str, Profile]) -> Profile:
    """Return the profile of the one mesh that is installed; raises UsageProblem for none and for several,
    ClusterError when unreadable."""
    wanted = {reference for profile in profiles.values() for reference in clues(profile)}
    return choose(profiles, {reference for reference in sorted(wanted, key=spell) if _exists(connection, reference)})


def clues(profile: Profile) -> list[WorkloadReference]:
    """Return the workloads that give a mesh away; the first that exists is enough. Pure."""
    return [profile.mesh.reference(text) for text in profile.mesh.detect]


def spell(reference: WorkloadReference) -> str:
    """Write a workload as `namespace/kind/name`. Pure."""
    return f"{reference.namespace}/{reference.kind}/{reference.name}"


def choose(profiles: Mapping[str, Profile], present: Iterable[WorkloadReference]) -> Profile:
    """Return the one profile that has a clue among the workloads that are there. Pure.

    Raises UsageProblem that lists what was looked for, or what was found.
    """
    there = set(present)
    found = {name: [clue for clue in clues(profile) if clue in there] for name, profile in profiles.items()}
    names = [name for name, seen in found.items() if seen]
    if len(names) == 1:
        return profiles[names[0]]
    if not names:
        looked = "; ".join(
            f"{name}: {', '.join(map(spell, clues(p)))}" for name, p in sorted(profiles.items()) if clues(p)
        )
        raise UsageProblem(
            f"--mesh auto: no known mesh is installed; looked for {looked}",
            hint="name the mesh with --mesh=NAME, describe it with --mesh-profile=FILE, "
            "or test plain Kubernetes with --mesh none",
        )
    seen = "; ".join(f"{name}: {', '.join(map(spell, found[name]))}" for name in sorted(names))
    raise UsageProblem(
        f"--mesh auto: several meshes are installed: {seen}",
        hint="name the one to test, such as --mesh " + min(names),
    )


def _exists(connection: Connection, reference: WorkloadReference) -> bool:
    path = f"{collection('apps/v1', f'{reference.kind}s', reference.namespace)}/{reference.name}"
    answer = connection.request("GET", path)
    if answer.ok or answer.status == 404:
        return answer.ok
    raise ClusterError(
        f"--mesh auto cannot look for {spell(reference)}: {answer.message}",
        hint="name the mesh with --mesh=NAME, or let the account get workloads in that namespace",
    )
