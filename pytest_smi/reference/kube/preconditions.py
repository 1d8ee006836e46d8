"""What must be there before an object is created: a namespace that is not being deleted, a pod's ServiceAccount."""

from __future__ import annotations

from pytest_smi.reference.kube.lifecycle import NAMESPACES, PODS
from pytest_smi.reference.kube.objects import Object
from pytest_smi.reference.kube.resources import Resource
from pytest_smi.reference.kube.status import Forbidden, ResourceKey
from pytest_smi.reference.kube.store import Store

SERVICE_ACCOUNTS = ResourceKey("", "serviceaccounts")


def check_namespace(store: Store, resource: Resource, obj: Object) -> None:
    """Raise NotFound or Forbidden unless things can be created in the object's namespace."""
    if not resource.namespaced:
        return
    name = obj["metadata"]["namespace"]
    found = store.get(NAMESPACES, None, name)
    if found["metadata"].get("deletionTimestamp"):
        why = f"unable to create new content in namespace {name} because it is being terminated"
        cause = {
            "reason": "NamespaceTerminating",
            "message": f"namespace {name} is being terminated",
            "field": "metadata.namespace",
        }
        raise Forbidden(resource.key, obj["metadata"].get("name") or "", why, causes=[cause])


def check_account(store: Store, pod: Object) -> None:
    """Raise Forbidden unless the pod's ServiceAccount exists."""
    namespace, name = pod["metadata"]["namespace"], pod["spec"].get("serviceAccountName") or "default"
    if store.find(SERVICE_ACCOUNTS, namespace, name) is None:
        why = f'error looking up service account {namespace}/{name}: serviceaccount "{name}" not found'
        raise Forbidden(PODS, pod["metadata"].get("name") or "", why)
