"""The mesh's own manifests as the metrics faults would have them installed. Pure."""

from collections.abc import Iterable
from typing import Any

from pytest_smi.reference.mesh.faults.active import ActiveFaults
from pytest_smi.reference.mesh.metrics.routes import GROUP

_EVERYBODY = "smi-reference-metrics-for-everybody"


def adapt_manifests(objects: Iterable[dict[str, Any]], *, faults: ActiveFaults) -> list[dict[str, Any]]:
    """The objects to install, in order; without a metrics fault, those given."""
    adapted = list(objects)
    if faults.on("metrics-not-registered"):
        adapted = [thing for thing in adapted if not (thing["kind"] == "APIService" and thing["spec"]["group"] == GROUP)]
    if faults.on("metrics-open-to-all"):
        adapted += [_role_to_read_all(), _binding_to_every_user()]
    return adapted


def _role_to_read_all() -> dict[str, Any]:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": _EVERYBODY},
        "rules": [{"apiGroups": [GROUP], "resources": ["*"], "verbs": ["get", "list"]}],
    }


def _binding_to_every_user() -> dict[str, Any]:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": _EVERYBODY},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": _EVERYBODY},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:authenticated"}],
    }
