"""Before anything is deployed: look at the cluster as `pytest-smi doctor` does,
and stop when a run would say nothing about the mesh."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pytest_smi.cluster.connection import Connection
from pytest_smi.core.canonical import canonical_bytes, sha256_hex
from pytest_smi.core.terms import APIS, VERSIONS
from pytest_smi.doctor.examine import findings, survey
from pytest_smi.doctor.findings import Finding, Level, of_level, problem, warning
from pytest_smi.doctor.mesh_checks import emulation, mesh_images, mesh_version
from pytest_smi.doctor.nodes import nodes
from pytest_smi.doctor.probe import Probe
from pytest_smi.doctor.questions import DEFINED, definition_key
from pytest_smi.doctor.survey import Survey
from pytest_smi.errors import ClusterError
from pytest_smi.profiles.load import Profile
from pytest_smi.smi.negotiation import negotiate
from pytest_smi.smi.versions import GROUPS
from pytest_smi.testbed.placement import Placement


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What the cluster and the mesh are."""

    kubernetes: str
    mesh_version: str
    emulated: str | None = None
    """The persona of the reference mesh that poses as this mesh."""
    images: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)
    crds: Mapping[str, str] = field(default_factory=dict)
    """Name of each SMI resource definition → sha256 of its spec in canonical JSON; empty when they may not be read."""
    definitions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The same definitions, name → spec."""
    served: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Versions that the cluster serves, per API."""
    began: float = 0.0
    """When the cluster was looked at, by its own clock, in seconds since 1970; 0: it does not tell."""
    warnings: tuple[Finding, ...] = ()
    """What does not keep a run from being done but ought to be known."""


def claimed_versions(profile: Profile) -> Mapping[str, Sequence[str]]:
    """Return the versions that a run holds the mesh to, as far as they are served: those claimed;
    all for one that claims nothing."""
    return profile.apis or VERSIONS


def inspect(
    connection: Connection,
    profile: Profile,
    *,
    apis: Sequence[str] = APIS,
    wanted: Mapping[str, str] | None = None,
    other_meshes: Mapping[str, Profile] | None = None,
    pull_secret: bool = False,
    lenient: bool = False,
) -> Findings:
    """Ask the cluster, and judge whether a run can be done; nothing is deployed.

    `apis`: those asked for. `wanted`: versions asked for, per API. `other_meshes`: other meshes to look for.
    `pull_secret`: whether the run brings credentials for its image. `lenient`: problems of the mesh are warnings, for
    runs against a mesh that is broken on purpose.

    Raises ClusterError that names every problem with its remedy, and UsageProblem for a wanted version
    that is not served.
    """
    seen = survey(connection, profile, apis=apis, other_meshes=other_meshes, pull_secret=pull_secret)
    chosen = negotiate(claimed_versions(profile), seen.served, wanted, stored=profile.stored)
    found = findings(seen, chosen.versions, chosen.absent, chosen.stored)
    nothing_to_deploy = not profile.apis and not chosen.versions
    if not lenient and not nothing_to_deploy:
        refuse(found, profile)
    listed = _definitions(seen)
    return Findings(
        kubernetes=seen.kubernetes,
        mesh_version=mesh_version(seen),
        emulated=emulation(seen),
        images=mesh_images(seen),
        versions=chosen.versions,
        absent=chosen.absent,
        crds=served_definitions(listed),
        definitions={item["metadata"]["name"]: item["spec"] for item in listed},
        served=seen.served,
        began=seen.began,
        warnings=(
            *unverified(connection),
            *(replace(finding, level=Level.WARNING) for finding in found if finding.level is not Level.OK),
        ),
    )


def unverified(connection: Connection) -> list[Finding]:
    """Return a warning when nobody checks that the API server is the one that is meant."""
    if not connection.insecure:
        return []
    found = "the kubeconfig sets insecure-skip-tls-verify, so the API server's certificate is not verified"
    return [warning("cluster", found, "give the cluster's certificate-authority-data instead")]


def refuse(found: Sequence[Finding], profile: Profile) -> None:
    """Raise ClusterError when a finding is a problem; its message and hint have a line each for every problem."""
    problems = of_level(found, Level.PROBLEM)
    if not problems:
        return
    lead = f"{profile.name} cannot be tested, so nothing was deployed; "
    if len(problems) == 1:
        raise ClusterError(f"{lead}{problems[0].check}: {problems[0].found}", hint=problems[0].remedy)
    told = "".join(f"\n  {item.check}: {item.found}\n    fix: {item.remedy}" for item in problems)
    raise ClusterError(
        f"{lead}{len(problems)} problems:{told}",
        hint=f"pytest-smi doctor --mesh {profile.name} shows everything that was checked",
    )


def diagnose(
    connection: Connection,
    profile: Profile,
    *,
    apis: Sequence[str] = APIS,
    other_meshes: Mapping[str, Profile] | None = None,
    probe: Probe | None = None,
    pull_secret: bool = False,
    placement: Placement | None = None,
) -> list[Finding]:
    """Judge everything that `inspect` judges, and with a `probe` whether pods join;
    a cluster that cannot be reached is a finding."""
    try:
        seen = survey(connection, profile, apis=apis, other_meshes=other_meshes, pull_secret=pull_secret)
    except ClusterError as error:
        return [problem("cluster", error.message, error.hint or "kubectl version must work with the same kubeconfig")]
    chosen = negotiate(claimed_versions(profile), seen.served, stored=profile.stored)
    found = findings(seen, chosen.versions, chosen.absent, chosen.stored)
    found += unverified(connection)
    if probe is not None and not any(item.check == "permissions" for item in of_level(found, Level.PROBLEM)):
        found += probe.run()
    joined = probe.joined if probe is not None else None
    found.append(nodes(connection, profile, placement or Placement(), joined))
    return found


def served_definitions(listed: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Name of each SMI resource definition among these → sha256 of its spec in canonical JSON. Pure."""
    own = [item for item in listed if item["spec"].get("group") in GROUPS.values()]
    return {item["metadata"]["name"]: sha256_hex(canonical_bytes(item["spec"])) for item in own}


def _definitions(seen: Survey) -> list[dict[str, Any]]:
    # By name: least privilege lets definitions be read, not listed. One that is absent or may not be read is left out.
    read = [seen.found(definition_key(plural, api)) for plural, api in DEFINED.items()]
    return [body for body in read if body is not None]
