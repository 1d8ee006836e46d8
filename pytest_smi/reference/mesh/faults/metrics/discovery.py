"""Faults of what there is: the registration of the API, its discovery documents, and who may read it."""

from collections.abc import Iterable
from typing import Any

from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.metrics.discovery import Discovery, Installation
from pytest_smi.reference.mesh.metrics.resources import Kind
from pytest_smi.reference.mesh.metrics.routes import GROUP, Fixed
from pytest_smi.reference.mesh.metrics.statuses import Answer, resource_not_found


class _Unregistered(Installation):
    def objects(self, manifests: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        return [
            thing
            for thing in super().objects(manifests)
            if not (thing["kind"] == "APIService" and thing["spec"]["group"] == GROUP)
        ]


NOT_REGISTERED = Fault(
    name="metrics-not-registered",
    description="The metrics server runs, but its APIService is not installed.",
    breaks=("TM-01",),
    overrides=(_Unregistered,),
)


class _SlashRefused(Discovery):
    def answer(self, route: Fixed) -> Answer:
        return resource_not_found() if route.slash else super().answer(route)


SLASH_REFUSED = Fault(
    name="metrics-slash-refused",
    description="The group root with a trailing slash answers 404.",
    breaks=("TM-02",),
    overrides=(_SlashRefused,),
)


class _KindsLeftOut(Discovery):
    def kinds(self) -> Iterable[Kind]:
        return [kind for kind in super().kinds() if kind.resource not in ("jobs", "replicationcontrollers")]


KINDS_LEFT_OUT = Fault(
    name="metrics-kinds-left-out",
    description="Discovery leaves out jobs and replicationcontrollers.",
    breaks=("TM-03",),
    overrides=(_KindsLeftOut,),
)


class _SplitsGetOnly(Discovery):
    def entry(self, kind: Kind) -> dict[str, Any]:
        entry = super().entry(kind)
        return {**entry, "verbs": ["get"]} if kind.resource == "trafficsplits" else entry


SPLITS_GET_ONLY = Fault(
    name="metrics-splits-get-only",
    description="Discovery gives trafficsplits the verb get alone.",
    breaks=("TM-04",),
    overrides=(_SplitsGetOnly,),
)


class _OpenToAll(Installation):
    def objects(self, manifests: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        group, name = "rbac.authorization.k8s.io", "smi-reference-metrics-for-everybody"
        head = {"apiVersion": f"{group}/v1", "metadata": {"name": name}}
        rule = {"apiGroups": [GROUP], "resources": ["*"], "verbs": ["get", "list"]}
        everybody = {"apiGroup": group, "kind": "Group", "name": "system:authenticated"}
        return [
            *super().objects(manifests),
            {**head, "kind": "ClusterRole", "rules": [rule]},
            {
                **head,
                "kind": "ClusterRoleBinding",
                "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": name},
                "subjects": [everybody],
            },
        ]


OPEN_TO_ALL = Fault(
    name="metrics-open-to-all",
    description="The mesh's installation lets every user read all metrics.",
    breaks=("TM-55", "TM-58"),
    overrides=(_OpenToAll,),
)

DISCOVERY_FAULTS = (NOT_REGISTERED, SLASH_REFUSED, KINDS_LEFT_OUT, SPLITS_GET_ONLY, OPEN_TO_ALL)
