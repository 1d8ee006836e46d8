"""Create, update, patch and delete as the API means them: defaults, admission, validation, lifecycle, then the store.

The node's controllers use the same object (through `ApiServer.create`),
so that what they make is admitted like a client's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from pytest_smi.reference.kube import custom, defaults, garbage, preconditions, write_rules
from pytest_smi.reference.kube.bodies import checked_body
from pytest_smi.reference.kube.lifecycle import NAMESPACES, PODS
from pytest_smi.reference.kube.objects import Object, thaw
from pytest_smi.reference.kube.rbac import Authorizer, User
from pytest_smi.reference.kube.rbac_grants import check_grant
from pytest_smi.reference.kube.resources import NO_STATUS_ON_WRITE, Resource
from pytest_smi.reference.kube.scale import scale_of, with_replicas
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
from pytest_smi.reference.kube.store import Store
from pytest_smi.reference.kube.wire import unsupported_media_type, unsupported_patch
from pytest_smi.reference.kube.write_mode import WriteMode
from pytest_smi.reference.kube.write_rules import JSON_PATCH, MERGE

SERVICES = ResourceKey("", "services")
STRATEGIC = "application/strategic-merge-patch+json"


class Admission(Protocol):
    """The webhooks."""

    def __call__(
        self, operation: str, resource: Resource, obj: Object, old: Object | None, user: User, dry_run: bool
    ) -> Awaitable[Object]:
        """Return the object as the webhooks leave it; raises an ApiError when one refuses."""


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
        self._allocate = allocate_cluster_ip

    async def create(
        self, resource: Resource, namespace: str, obj: Object, *, user: User, mode: WriteMode | None = None
    ) -> Object:
        """Store a new object; `namespace` is the request's ("" for cluster-scoped kinds)."""
        mode = mode or WriteMode()
        new = checked_body(resource, namespace, "", thaw(obj))
        if new["metadata"].get("resourceVersion"):
            raise ApiError("resourceVersion should not be set on objects to be created", reason="")
        preconditions.check_namespace(self._store, resource, new)
        custom.prepare(resource, new, mode)
        if resource.custom:
            if resource.has_subresource("status"):
                new.pop("status", None)
        elif resource.key in NO_STATUS_ON_WRITE:
            new.pop("status", None)
            if (status := defaults.first_status(resource.key)) is not None:
                new["status"] = status
        write_rules.fill(resource, new)
        if not new["metadata"].get("name") and (prefix := new["metadata"].get("generateName")):
            new["metadata"]["name"] = self._store.free_name(resource.key, namespace, prefix)
        check_grant(self._authorizer, resource, new, user)
        new = await self._admit("CREATE", resource, new, None, user, mode.dry_run)
        write_rules.fill(resource, new)
        write_rules.validate(resource, new, None)
        # The namespace may have gone, or begun to go, while webhooks were asked.
        preconditions.check_namespace(self._store, resource, new)
        if resource.key == SERVICES:
            self._give_cluster_ip(new, mode.dry_run)
        if resource.key == PODS:
            preconditions.check_account(self._store, new)
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
            new = write_rules.only_status(old, new)
        elif subresource == "finalize":
            return self._finalize(old, new)
        else:
            write_rules.keep_what_clients_leave_out(resource, old, new)
        if subresource != "scale":
            custom.prepare(resource, new, mode)
        if not subresource:
            write_rules.fill(resource, new)
            check_grant(self._authorizer, resource, new, user)
            new = await self._admit("UPDATE", resource, new, old, user, mode.dry_run)
        write_rules.validate(resource, new, old)
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
    ) -> Object:
        """Change an object by a patch; raises 415 for types not served."""
        mode = mode or WriteMode()
        accepted = (JSON_PATCH, MERGE) if resource.custom else (JSON_PATCH, MERGE, STRATEGIC)
        if patch_type not in (JSON_PATCH, MERGE, STRATEGIC):
            raise unsupported_patch()
        if patch_type not in accepted:
            raise unsupported_media_type(accepted)
        if patch_type != JSON_PATCH and not isinstance(patch, dict):
            raise BadRequest("error decoding patch: it is no JSON object")
        old = self._store.find(resource.key, namespace, name)
        if old is None:
            raise NotFound(resource.key, name)
        current = scale_of(resource, old) if subresource == "scale" else {**old, "apiVersion": resource.api_version}
        with write_rules.well_typed(resource):
            new = write_rules.patched(resource, current, patch_type, patch)
        meta = new.get("metadata")
        if not isinstance(meta, dict):
            raise BadRequest("metadata must be an object")
        # A patch is made against the newest state, so that it conflicts only when it names a resourceVersion itself.
        meta.setdefault("resourceVersion", old["metadata"]["resourceVersion"])
        return await self.update(resource, namespace, name, new, user=user, subresource=subresource, mode=mode)

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
