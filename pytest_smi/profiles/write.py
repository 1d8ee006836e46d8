"""Turns a Profile back into the document that it was read from: how a profile travels to worker processes. Pure."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from pytest_smi.core.limits import Limits
from pytest_smi.profiles.read import MARKS
from pytest_smi.profiles.record import Marks, MeshFacts, ObjectReference, Precondition, Profile


def profile_document(profile: Profile) -> dict[str, Any]:
    """Return a document of built-in types that `parse_profile` reads as an equal profile; what is at its default is left out."""
    standard = Limits().to_json()
    document: dict[str, Any] = {
        "name": profile.name,
        "title": profile.title,
        "provider": profile.provider,
        "status": asdict(profile.status),
        "claimsNothing": profile.claims_nothing,
        "join": _marks(profile.join),
        "keepOut": _marks(profile.keep_out),
        "addressing": {"host": profile.host, "outsideHost": profile.outside_host},
        "services": {
            "annotations": {family: dict(pairs) for family, pairs in profile.services.annotations.items()},
            "separate": profile.services.separate,
            "appProtocols": dict(profile.services.app_protocols),
        },
        "apis": {api: list(versions) for api, versions in profile.apis.items()},
        "stored": {api: list(versions) for api, versions in profile.stored.items()},
        "features": sorted(profile.features),
        "mesh": _mesh(profile.mesh),
        "splits": {
            "idleBefore": profile.splits.idle_before,
            "freshClient": profile.splits.fresh_client,
            "rootSelectsBackends": profile.splits.root_selects_backends,
        },
        "kubernetes": asdict(profile.kubernetes),
        "preconditions": [_precondition(condition) for condition in profile.preconditions],
        "denial": {family: list(signatures) for family, signatures in profile.denial.items()},
        "sources": dict(profile.sources),
        "unverified": dict(profile.unverified),
        "limits": {name: value for name, value in profile.limits.to_json().items() if value != standard[name]},
        "gaps": [asdict(gap) for gap in profile.gaps],
        "alone": [asdict(alone) for alone in profile.alone],
    }
    return {key: value for key, value in document.items() if value not in ("", {}, [])}


def _marks(marks: Marks) -> dict[str, dict[str, str]]:
    return {key: dict(getattr(marks, attribute)) for key, attribute in MARKS.items() if getattr(marks, attribute)}


def _mesh(mesh: MeshFacts) -> dict[str, Any]:
    version = {"workload": mesh.version_workload, "from": mesh.version_from}
    document = {
        "namespace": mesh.namespace,
        "workloads": list(mesh.workloads),
        "version": version,
        "proxyContainer": mesh.proxy_container,
        "detect": list(mesh.detect),
    }
    return {key: value for key, value in document.items() if value}


def _precondition(condition: Precondition) -> dict[str, Any]:
    document: dict[str, Any] = {"name": condition.name, "kind": condition.kind, "remedy": condition.remedy, "apis": list(condition.apis)}
    texts = {"workload": condition.workload, "argument": condition.argument, "path": condition.path, "group": condition.group}
    document |= {key: text for key, text in texts.items() if text}
    if condition.resource is not None:
        document["resource"] = _resource(condition.resource)
    if condition.kind != "manual":
        document["equals"] = condition.equals
    if condition.default is not None:
        document["default"] = condition.default
    return document


def _resource(resource: ObjectReference) -> dict[str, str]:
    return {
        "apiVersion": resource.api_version,
        "plural": resource.plural,
        "namespace": resource.namespace,
        "name": resource.name,
    }
