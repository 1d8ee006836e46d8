"""What a new cluster holds from the start, and what every namespace gets:
its default service account and the cluster's CA."""

from __future__ import annotations

from typing import Any

from pytest_smi.reference.kube import defaults, rbac_bootstrap
from pytest_smi.reference.kube.aggregation import API_SERVICES
from pytest_smi.reference.kube.crds import CRDS
from pytest_smi.reference.kube.lifecycle import NAMESPACES
from pytest_smi.reference.kube.objects import Event, Object, timestamp
from pytest_smi.reference.kube.rbac import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES
from pytest_smi.reference.kube.registry import Registry
from pytest_smi.reference.kube.status import ResourceKey
from pytest_smi.reference.kube.store import Store

SERVICE_ACCOUNTS, CONFIG_MAPS = ResourceKey("", "serviceaccounts"), ResourceKey("", "configmaps")
SERVICES, ENDPOINTS = ResourceKey("", "services"), ResourceKey("", "endpoints")
NAMES = ("default", "kube-node-lease", "kube-public", "kube-system")


class NamespaceContents:
    """Gives every namespace, in the same turn of the loop, what it always has."""

    def __init__(self, store: Store, ca_pem: str) -> None:
        self._store = store
        self._ca_pem = ca_pem
        self.stop = store.subscribe(NAMESPACES, self._on_event)
        self._stop_accounts = store.subscribe(SERVICE_ACCOUNTS, self._on_account)

    def _on_event(self, event: Event) -> None:
        if event.type != "ADDED":
            return
        self._make(SERVICE_ACCOUNTS, "ServiceAccount", event.name, "default", {})
        self._make(CONFIG_MAPS, "ConfigMap", event.name, "kube-root-ca.crt", {"data": {"ca.crt": self._ca_pem}})

    def _on_account(self, event: Event) -> None:
        space = self._store.find(NAMESPACES, None, event.namespace)
        if (
            event.type == "DELETED"
            and event.name == "default"
            and space
            and not space["metadata"].get("deletionTimestamp")
        ):
            self._make(SERVICE_ACCOUNTS, "ServiceAccount", event.namespace, "default", {})

    def _make(self, key: ResourceKey, kind: str, namespace: str, name: str, rest: dict[str, Any]) -> None:
        if self._store.find(key, namespace, name) is None:
            self._store.create(
                key, {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": namespace}, **rest}
            )


class LocalApiServices:
    """Registers an APIService for every group and version that CRDs add, and removes it with them."""

    def __init__(self, store: Store, registry: Registry) -> None:
        self._store = store
        self._registry = registry
        self.stop = store.subscribe(CRDS, self._on_event)

    def _on_event(self, event: Event) -> None:
        group = event.object["spec"]["group"]
        for version in event.object["spec"]["versions"]:
            name, served = f"{version['name']}.{group}", bool(self._registry.in_version(group, version["name"]))
            found = self._store.find(API_SERVICES, None, name)
            if served and found is None:
                self._store.create(
                    API_SERVICES, local_api_service(group, version["name"], timestamp(self._store.now()))
                )
            elif not served and found is not None and not found["spec"].get("service"):
                self._store.delete(API_SERVICES, None, name)


def namespace(name: str) -> Object:
    """Return a namespace as it is stored."""
    obj: Object = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}, "status": {"phase": "Active"}}
    defaults.fill(NAMESPACES, obj)
    return obj


def fill(store: Store, registry: Registry, proxy_ca_pem: str) -> None:
    """Make the first objects."""
    for name in NAMES:
        store.create(NAMESPACES, namespace(name))
    for role in rbac_bootstrap.cluster_roles():
        store.create(CLUSTER_ROLES, role)
    for binding in rbac_bootstrap.cluster_role_bindings():
        store.create(CLUSTER_ROLE_BINDINGS, binding)
    # What an aggregated server reads to know its front proxy's certificate authority and headers.
    data = {
        "requestheader-allowed-names": '["front-proxy-client"]',
        "requestheader-client-ca-file": proxy_ca_pem,
        "requestheader-extra-headers-prefix": '["X-Remote-Extra-"]',
        "requestheader-group-headers": '["X-Remote-Group"]',
        "requestheader-username-headers": '["X-Remote-User"]',
    }
    meta = {"name": "extension-apiserver-authentication", "namespace": "kube-system"}
    store.create(CONFIG_MAPS, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data})
    now = timestamp(store.now())
    for group in ["", *registry.groups()]:
        store.create(API_SERVICES, local_api_service(group, "v1", now))


def local_api_service(group: str, version: str, now: str) -> Object:
    """Return the APIService of a group that this server serves itself."""
    local = {
        "type": "Available",
        "status": "True",
        "lastTransitionTime": now,
        "reason": "Local",
        "message": "Local APIServices are always available",
    }
    return {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": f"{version}.{group}", "labels": {"kube-aggregator.kubernetes.io/automanaged": "onstart"}},
        "spec": {
            "group": group,
            "version": version,
            "groupPriorityMinimum": 17800 if group else 18000,
            "versionPriority": 15,
        },
        "status": {"conditions": [local]},
    }


def kubernetes_service(store: Store, cluster_ip: str, address: str, port: int) -> None:
    """The Service `kubernetes`, behind which this server is."""
    meta = {
        "name": "kubernetes",
        "namespace": "default",
        "labels": {"component": "apiserver", "provider": "kubernetes"},
    }
    service: Object = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": meta,
        "spec": {
            "clusterIP": cluster_ip,
            "ports": [{"name": "https", "port": 443, "targetPort": port, "protocol": "TCP"}],
        },
        "status": {"loadBalancer": {}},
    }
    defaults.fill(SERVICES, service)
    store.create(SERVICES, service)
    subset = {"addresses": [{"ip": address}], "ports": [{"name": "https", "port": port, "protocol": "TCP"}]}
    store.create(
        ENDPOINTS,
        {
            "apiVersion": "v1",
            "kind": "Endpoints",
            "metadata": {"name": "kubernetes", "namespace": "default"},
            "subsets": [subset],
        },
    )
