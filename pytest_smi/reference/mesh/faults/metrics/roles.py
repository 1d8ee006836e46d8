"""Faults of who may read metrics: what the API asks permission for, and what the installation grants."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.metrics.discovery import Installation
from pytest_smi.reference.mesh.metrics.permissions import AccessRequest, Required
from pytest_smi.reference.mesh.metrics.routes import GROUP, Query


class _SplitsOfTheCluster(Required):
    def of(self, who: AccessRequest, query: Query) -> AccessRequest:
        asked = super().of(who, query)
        return replace(asked, namespace="") if query.resource == "trafficsplits" else asked


SPLITS_ASK_THE_CLUSTER = Fault(
    name="metrics-splits-ask-the-cluster",
    description="The metrics of splits need a permission for all namespaces.",
    breaks=("TM-56",),
    overrides=(_SplitsOfTheCluster,),
)


class _EdgesAsTheirObject(Required):
    def of(self, who: AccessRequest, query: Query) -> AccessRequest:
        return replace(super().of(who, query), subresource="")


EDGES_NEED_THE_OBJECT = Fault(
    name="metrics-edges-need-the-object",
    description="Edges need the permission for their object's own metrics.",
    breaks=("TM-57",),
    overrides=(_EdgesAsTheirObject,),
)


class _ListsAsGets(Required):
    def of(self, who: AccessRequest, query: Query) -> AccessRequest:
        return replace(super().of(who, query), verb="get")


LISTS_NEED_GET = Fault(
    name="metrics-lists-need-get",
    description="A list needs the permission to get.",
    breaks=("TM-55",),
    overrides=(_ListsAsGets,),
)


class _PodsOpen(Installation):
    def objects(self, manifests: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        group, name = "rbac.authorization.k8s.io", "smi-reference-pod-metrics-for-accounts"
        head = {"apiVersion": f"{group}/v1", "metadata": {"name": name}}
        rule = {"apiGroups": [GROUP], "resources": ["pods"], "verbs": ["get", "list"]}
        accounts = {"apiGroup": group, "kind": "Group", "name": "system:serviceaccounts"}
        return [
            *super().objects(manifests),
            {**head, "kind": "ClusterRole", "rules": [rule]},
            {
                **head,
                "kind": "ClusterRoleBinding",
                "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": name},
                "subjects": [accounts],
            },
        ]


PODS_OPEN = Fault(
    name="metrics-pods-open",
    description="The mesh's installation lets every ServiceAccount read the metrics of all pods.",
    breaks=("TM-58",),
    overrides=(_PodsOpen,),
)

ROLE_FAULTS = (SPLITS_ASK_THE_CLUSTER, EDGES_NEED_THE_OBJECT, LISTS_NEED_GET, PODS_OPEN)
