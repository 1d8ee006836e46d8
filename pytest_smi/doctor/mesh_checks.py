"""Judges the mesh itself: installed, ready, in which version, and whether it is alone. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_smi.cluster.pods import container_images, readiness, selected_by
from pytest_smi.doctor.cluster_checks import some
from pytest_smi.doctor.findings import Finding, ok, problem, warning
from pytest_smi.doctor.mesh_version import read_version
from pytest_smi.doctor.questions import PODS, detecting_workloads, own_workloads, pods_key, workload_key
from pytest_smi.doctor.survey import Survey
from pytest_smi.profiles.load import WorkloadReference


def installed(survey: Survey) -> Iterator[Finding]:
    """Check that every workload of the mesh is there and available."""
    mesh, title = survey.profile.mesh, survey.profile.title
    references = [mesh.reference(text) for text in mesh.workloads]
    if not references:
        yield ok("mesh", f"the profile of {title} names no workload to look for")
        return
    missing = [reference for reference in references if survey.absent(workload_key(reference))]
    if len(missing) == len(references):
        others = some(sorted(installed_others(survey)))
        instead = f"; found instead: {others}" if others else ""
        where = some([f"{reference.kind}/{reference.name} in {reference.namespace}" for reference in references])
        yield problem("mesh", f"{title} is not installed: there is no {where}{instead}", _install(survey))
        return
    for reference in references:
        yield _workload(survey, reference)


def version(survey: Survey) -> Iterator[Finding]:
    """Check that the version can be read."""
    mesh = survey.profile.mesh
    if not mesh.version.workload:
        return
    key = workload_key(mesh.reference(mesh.version.workload))
    if (unread := survey.unread("mesh version", key)) is not None:
        yield unread
    elif survey.found(key) is not None:
        found = mesh_version(survey)
        source = f"{mesh.version.source} of {mesh.version.workload}"
        if found:
            yield ok("mesh version", f"{found} ({source})")
        else:
            yield warning(
                "mesh version",
                f"cannot be read from the {source}, so the matrix would not tell it",
                "correct mesh.version in the profile, or install the mesh from images with tags",
            )


def alone(survey: Survey) -> Iterator[Finding]:
    """Check that no other known mesh is in the cluster."""
    found = sorted(installed_others(survey).items())
    if survey.other_meshes and not found:
        yield ok("other meshes", f"none of the {len(survey.other_meshes)} others that are known is installed")
    for name, reference in found:
        other = survey.other_meshes[name]
        why = (
            "both read the same SMI objects, and may disagree on the versions of their definitions"
            if other.apis
            else "either may take hold of a pod"
        )
        yield warning(
            "other meshes",
            f"{other.title} is installed as well ({reference.kind}/{reference.name} in {reference.namespace}): {why}",
            "test one mesh per cluster: remove the other, or take a failure for the mesh's only when it shows "
            "without the other too",
        )


EMULATION_MARK = "smi-reference.io/persona"
"""Annotation of the workloads of an emulation."""


def mesh_version(survey: Survey) -> str:
    """Return the version of the mesh, empty when it cannot be read."""
    mesh = survey.profile.mesh
    workload = survey.found(workload_key(mesh.reference(mesh.version.workload))) if mesh.version.workload else None
    return read_version(mesh.version.source, workload, survey.items(PODS)) if workload else ""


def emulation(survey: Survey) -> str | None:
    """Return the persona of the reference mesh that poses as this mesh, None for the mesh itself;
    the reference poses as nobody."""
    if survey.profile.provider == "embedded":
        return None
    workloads = (survey.found(workload_key(reference)) for reference in own_workloads(survey.profile))
    marks = (
        (workload["metadata"].get("annotations") or {}).get(EMULATION_MARK)
        for workload in workloads
        if workload is not None
    )
    return next((str(mark) for mark in marks if mark), None)


def mesh_images(survey: Survey) -> dict[str, str]:
    """Return image to digest of the mesh as it runs: every pod of its namespace,
    and those of its workloads in other namespaces."""
    pods = list(survey.items(PODS))
    for reference in own_workloads(survey.profile):
        workload = survey.found(workload_key(reference))
        if workload is not None and reference.namespace != survey.profile.mesh.namespace:
            pods += selected_by(workload, survey.items(pods_key(survey.profile, reference.namespace)))
    return {image: digest for pod in pods for image, digest in container_images(pod).items()}


def installed_others(survey: Survey) -> dict[str, WorkloadReference]:
    """Return by which workload each other mesh was found; one that is known by a workload of ours is no other."""
    own = {
        survey.profile.mesh.reference(text) for text in (*survey.profile.mesh.workloads, *survey.profile.mesh.detect)
    }
    found = {}
    for name, other in survey.other_meshes.items():
        workloads = detecting_workloads(other)
        present = [workload for workload in workloads if survey.found(workload_key(workload)) is not None]
        if present and not own & set(workloads):
            found[name] = present[0]
    return found


def _workload(survey: Survey, reference: WorkloadReference) -> Finding:
    key, name = workload_key(reference), f"{reference.kind}/{reference.name}"
    if (unread := survey.unread("mesh", key)) is not None:
        return unread
    body = survey.found(key)
    if body is None:
        return problem("mesh", f"there is no {name} in {reference.namespace}", _install(survey))
    available, wanted = readiness(reference.kind, body)
    look = f"kubectl -n {reference.namespace} describe {name}; kubectl -n {reference.namespace} get pods"
    if wanted == 0:
        return problem("mesh", f"{name} has no pod to run: it is scaled to 0 or no node takes it", look)
    if available == 0:
        return problem("mesh", f"{name} is not ready: none of {wanted} pod(s) is available", look)
    if available < wanted:
        return warning("mesh", f"{name}: {available} of {wanted} pods are available", f"wait until all are; {look}")
    return ok("mesh", f"{name} is ready, {available} of {wanted} pod(s)")


def _install(survey: Survey) -> str:
    name = survey.profile.name
    context = f"check that the kubeconfig names the right cluster ({survey.host})"
    return (
        f"install {survey.profile.title} first, or choose the mesh that is there with --mesh instead of {name}; "
        f"{context}"
    )
