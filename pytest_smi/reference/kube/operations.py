"""Create, update, patch and delete as the API means them: defaults, admission, validation, lifecycle, then the store.

The node's controllers use the same object (through `ApiServer.create`),
so that what they make is admitted like a client's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from pytest_smi.reference.kube import custom, defaults, garbage, validation, validation_changes
from pytest_smi.reference.kube.bodies import checked_body
from pytest_smi.reference.kube.patches import json_patch, merge_patch
from pytest_smi.reference.kube.rbac import Authorizer, User
from pytest_smi.reference.kube.rbac_grants import check_grant
from pytest_smi.reference.kube.resources import NO_STATUS_ON_WRITE, Resource
from pytest_smi.reference.kube.scale import scale_of, with_replicas
from pytest_smi.reference.kube.server_side_apply import Appliers
from pytest_smi.reference.kube.status import (
    ApiError,
    BadRequest,
    Cause,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    ResourceKey,
    unsupported,
)
from pytest_smi.reference.kube.store import NAMESPACES, PODS, Object, Store, thaw
from pytest_smi.reference.kube.strategic import strategic_merge
from pytest_smi.reference.kube.wire import unsupported_media_type, unsupported_patch
from pytest_smi.reference.kube.write_mode import WriteMode

SERVICES, SERVICE_ACCOUNTS = ResourceKey("", "services"), ResourceKey("", "serviceaccounts")
STRATEGIC, APPLY = "application/strategic-merge-patch+json", "application/apply-patch+yaml"
JSON_PATCH, MERGE = "application/json-patch+json", "application/merge-patch+json"


class Admission(Protocol):
    """The webhooks."""

    def __call__(
        self, operation: str, resource: Resource, obj: Object, old: Object | None, user: User, dry_run: bool
    ) -> Awaitable[Object]:
        """The object as the webhooks leave it; raises an ApiError when one refuses."""


class Operations:
    """The writing verbs on one store.

    `allocate_cluster_ip` gives a free ClusterIP, or is None when nobody gives them out.
    """

    def __init__(
        self,
        store: Store,
        admit: Admission,
        allocate_cluster_ip: Callable[[], str] | None,
        authorizer: Authorizer | None = None,
    ) -> None:
        self._store = store
        self._admit = admit
        self._authorizer = authorizer
        self._appliers = Appliers()
        self._allocate = allocate_cluster_ip

    async def create(
        self, resource: Resource, namespace: str, obj: Object, *, user: User, mode: WriteMode | None = None
    ) -> Object:
        """Store a new object; `namespace` is the request's ("" for cluster-scoped kinds)."""
        mode = mode or WriteMode()
        new = checked_body(resource, namespace, "", thaw(obj))
        if new["metadata"].get("resourceVersion"):
            raise ApiError("resourceVersion should not be set on objects to be created", reason="")
        self._check_namespace(resource, new)
        custom.prepare(resource, new, mode)
        if resource.custom:
            if resource.has_subresource("status"):
                new.pop("status", None)
        elif resource.key in NO_STATUS_ON_WRITE:
            new.pop("status", None)
            if (status := defaults.first_status(resource.key)) is not None:
                new["status"] = status
        self._fill(resource, new)
        if not new["metadata"].get("name") and (prefix := new["metadata"].get("generateName")):
            new["metadata"]["name"] = self._store.free_name(resource.key, namespace, prefix)
        check_grant(self._authorizer, resource, new, user)
        new = await self._admit("CREATE", resource, new, None, user, mode.dry_run)
        self._fill(resource, new)
        self._validate(resource, new, None)
        # The namespace may have gone, or begun to go, while webhooks were asked.
        self._check_namespace(resource, new)
        if resource.key == SERVICES:
            self._give_cluster_ip(new, mode.dry_run)
        if resource.key == PODS:
            self._check_account(new)
        custom.convert(resource, new)
        new["apiVersion"], new["kind"] = resource.stored_api_version, resource.kind
        return self._store.create(resource.key, new, dry_run=mode.dry_run)

    async def update(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        obj: Object,
        *,
        user: User,
        subresource: str = "",
        mode: WriteMode | None = None,
    ) -> Object:
        """Replace an object, or its status, scale or (a namespace's) finalizers."""
        mode = mode or WriteMode()
        old = self._store.get(resource.key, namespace, name)
        new = thaw(obj)
        if subresource == "scale":
            meta = {**old["metadata"], "resourceVersion": (obj.get("metadata") or {}).get("resourceVersion")}
            new = {**with_replicas(resource, thaw(old), obj), "metadata": meta}
        else:
            new = checked_body(resource, namespace, name, new)
        if resource.custom and not new["metadata"].get("resourceVersion") and not subresource:
            text = "Invalid value: 0: must be specified for an update"
            cause = Cause(field="metadata.resourceVersion", reason="FieldValueInvalid", message=text)
            raise Invalid(resource.kind, resource.group, name, [cause])
        if (version := new["metadata"].get("resourceVersion")) and version != old["metadata"]["resourceVersion"]:
            raise Conflict(resource.key, name)
        if subresource == "status":
            new = self._only_status(old, new)
        elif subresource == "finalize":
            return self._finalize(old, new)
        else:
            self._keep_what_clients_leave_out(resource, old, new)
        if subresource != "scale":
            custom.prepare(resource, new, mode)
        if not subresource:
            self._fill(resource, new)
            check_grant(self._authorizer, resource, new, user)
            new = await self._admit("UPDATE", resource, new, old, user, mode.dry_run)
        self._validate(resource, new, old)
        custom.convert(resource, new)
        new["apiVersion"], new["kind"] = resource.stored_api_version, resource.kind
        return self._store.update(resource.key, new, dry_run=mode.dry_run)

    async def patch(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        patch_type: str,
        patch: Any,
        *,
        user: User,
        subresource: str = "",
        mode: WriteMode | None = None,
    ) -> tuple[Object, bool]:
        """Change an object by a patch; returns it and whether it is new (server-side apply creates).

        Raises 415 for types not served.
        """
        mode = mode or WriteMode()
        accepted = (JSON_PATCH, MERGE, APPLY) if resource.custom else (JSON_PATCH, MERGE, STRATEGIC, APPLY)
        if patch_type not in (JSON_PATCH, MERGE, STRATEGIC, APPLY):
            raise unsupported_patch()
        if patch_type not in accepted:
            raise unsupported_media_type(accepted)
        if patch_type != JSON_PATCH and not isinstance(patch, dict):
            raise BadRequest("error decoding patch: it is no JSON object")
        old = self._store.find(resource.key, namespace, name)
        if old is None and patch_type == APPLY and not subresource:
            patch.setdefault("metadata", {}).setdefault("name", name)
            made = await self.create(resource, namespace, patch, user=user, mode=mode)
            self._note_apply(made, patch, mode)
            return made, True
        if old is None:
            raise NotFound(resource.key, name)
        current = scale_of(resource, old) if subresource == "scale" else {**old, "apiVersion": resource.api_version}
        if patch_type == APPLY and not subresource:
            current = self._appliers.prepare(current, patch, mode.manager, force=mode.force)
        with _well_typed(resource):
            new = self._patched(resource, current, patch_type, patch)
        meta = new.get("metadata")
        if not isinstance(meta, dict):
            raise BadRequest("metadata must be an object")
        # A patch is made against the newest state, so that it conflicts only when it names a resourceVersion itself.
        meta.setdefault("resourceVersion", old["metadata"]["resourceVersion"])
        changed = await self.update(resource, namespace, name, new, user=user, subresource=subresource, mode=mode)
        if patch_type == APPLY and not subresource:
            self._note_apply(changed, patch, mode)
        return changed, False

    def delete(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        *,
        user: User,
        options: Mapping[str, Any],
        dry_run: bool = False,
    ) -> tuple[Object, bool]:
        """Delete an object; returns it and whether it is gone (False: marked,
        finalizers or the node still have work)."""
        old = self._store.get(resource.key, namespace, name)
        meta = old["metadata"]
        if resource.key == NAMESPACES and name in ("default", "kube-system", "kube-public"):
            raise Forbidden(resource.key, name, "this namespace may not be deleted")
        wanted = options.get("preconditions") or {}
        for field, title, fate in (
            ("uid", "UID", "deleted and then recreated"),
            ("resourceVersion", "ResourceVersion", "modified"),
        ):
            if wanted.get(field) and wanted[field] != meta[field]:
                why = (
                    f"the {title} in the precondition ({wanted[field]}) does not match the {title} in record "
                    f"({meta[field]})"
                )
                raise Conflict(
                    ResourceKey(resource.group, resource.kind), name, f"{why}. The object might have been {fate}"
                )
        if dry_run:
            return old, True
        policy = options.get("propagationPolicy") or ("Orphan" if options.get("orphanDependents") else "Background")
        if policy not in ("Background", "Foreground", "Orphan"):
            cause = unsupported("propagationPolicy", policy, ("Foreground", "Background", "Orphan", "nil"))
            raise Invalid("DeleteOptions", "meta.k8s.io", "", [cause])
        if policy == "Orphan":
            garbage.orphan_dependents(self._store, meta["uid"])
        grace = options.get("gracePeriodSeconds")
        last = self._store.delete(resource.key, namespace, name, grace_period=None if grace is None else int(grace))
        return last, self._store.find(resource.key, namespace, name) is None

    def _patched(self, resource: Resource, current: Object, patch_type: str, patch: Any) -> Object:
        if patch_type == JSON_PATCH:
            new = json_patch(current, patch)
        elif patch_type == MERGE or resource.custom:
            new = merge_patch(current, patch)
        else:
            new = strategic_merge(current, patch)
        if not isinstance(new, dict):
            raise BadRequest("the patch makes something that is no object")
        return new

    def _check_namespace(self, resource: Resource, obj: Object) -> None:
        if not resource.namespaced:
            return
        name = obj["metadata"]["namespace"]
        found = self._store.get(NAMESPACES, None, name)
        if found["metadata"].get("deletionTimestamp"):
            why = f"unable to create new content in namespace {name} because it is being terminated"
            cause = {
                "reason": "NamespaceTerminating",
                "message": f"namespace {name} is being terminated",
                "field": "metadata.namespace",
            }
            raise Forbidden(resource.key, obj["metadata"].get("name") or "", why, causes=[cause])

    def _check_account(self, pod: Object) -> None:
        namespace, name = pod["metadata"]["namespace"], pod["spec"].get("serviceAccountName") or "default"
        if self._store.find(SERVICE_ACCOUNTS, namespace, name) is None:
            why = f'error looking up service account {namespace}/{name}: serviceaccount "{name}" not found'
            raise Forbidden(PODS, pod["metadata"].get("name") or "", why)

    def _note_apply(self, obj: Object, patch: Object, mode: WriteMode) -> None:
        if not mode.dry_run:
            self._appliers.note(obj["metadata"]["uid"], patch, mode.manager)

    def _fill(self, resource: Resource, obj: Object) -> None:
        with _well_typed(resource):
            defaults.fill(resource.key, obj)

    def _validate(self, resource: Resource, obj: Object, old: Object | None) -> None:
        with _well_typed(resource):
            causes = validation.validate(resource.key, obj)
            if old is not None:
                causes += validation_changes.validate_update(resource.key, old, obj)
            causes += custom.validate(resource, obj) if resource.custom else custom.validate_definition(resource, obj)
        if causes:
            raise Invalid(resource.kind, resource.group, obj["metadata"].get("name") or "", causes)

    def _only_status(self, old: Object, new: Object) -> Object:
        result = {**old, "metadata": dict(old["metadata"])}
        if "status" in new:
            result["status"] = new["status"]
        else:
            result.pop("status", None)
        result["apiVersion"] = new.get("apiVersion", old["apiVersion"])
        return result

    def _keep_what_clients_leave_out(self, resource: Resource, old: Object, new: Object) -> None:
        if resource.key in NO_STATUS_ON_WRITE or (resource.custom and resource.has_subresource("status")):
            if "status" in old:
                new["status"] = old["status"]
            else:
                new.pop("status", None)
        was, now = old.get("spec"), new.get("spec")
        if (
            resource.key == SERVICES
            and isinstance(now, dict)
            and isinstance(was, dict)
            and now.get("type") != "ExternalName"
        ):
            for field in ("clusterIP", "clusterIPs"):
                if not now.get(field) and was.get(field):
                    now[field] = was[field]
        if resource.key == PODS and isinstance(now, dict) and isinstance(was, dict) and was.get("nodeName"):
            now.setdefault("nodeName", was["nodeName"])

    def _finalize(self, old: Object, new: Object) -> Object:
        finalizers = (new.get("spec") or {}).get("finalizers") or []
        changed = self._store.update(NAMESPACES, {**old, "spec": {**(old.get("spec") or {}), "finalizers": finalizers}})
        if not finalizers and changed["metadata"].get("deletionTimestamp"):
            return self._store.finish_delete(NAMESPACES, None, changed["metadata"]["name"])
        return changed

    def _give_cluster_ip(self, obj: Object, dry_run: bool) -> None:
        spec = obj["spec"]
        if self._allocate is None or dry_run or spec.get("type") == "ExternalName" or spec.get("clusterIP"):
            return
        spec["clusterIP"] = self._allocate()
        spec["clusterIPs"] = [spec["clusterIP"]]


@contextmanager
def _well_typed(resource: Resource) -> Iterator[None]:
    """Turns stumbling over a field of the wrong type (built-in kinds have no schema here) into 400."""
    try:
        yield
    except (AttributeError, TypeError, KeyError, ValueError) as error:
        what = f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}'
        raise BadRequest(f"{what}: a field has the wrong type: {error}") from None
