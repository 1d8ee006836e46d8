"""Admission webhooks: which are asked about a change, the question, and what their answers do to the object."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Mapping
from typing import Any

import aiohttp

from pytest_smi.reference.kube.dialing import ResolveService, Unreachable, new_session, target_of
from pytest_smi.reference.kube.lifecycle import NAMESPACES
from pytest_smi.reference.kube.objects import Object
from pytest_smi.reference.kube.patches import json_patch
from pytest_smi.reference.kube.rbac import User
from pytest_smi.reference.kube.resources import Resource
from pytest_smi.reference.kube.selectors import labels_of, structured_selector
from pytest_smi.reference.kube.status import ApiError, ResourceKey
from pytest_smi.reference.kube.store import Store
from pytest_smi.reference.kube.wire import encode

GROUP = "admissionregistration.k8s.io"
MUTATING, VALIDATING = (
    ResourceKey(GROUP, "mutatingwebhookconfigurations"),
    ResourceKey(GROUP, "validatingwebhookconfigurations"),
)


def rule_matches(rule: Mapping[str, Any], operation: str, resource: Resource) -> bool:
    """Return whether a RuleWithOperations covers the change."""

    def covers(field: str, value: str) -> bool:
        return bool({"*", value} & set(rule.get(field) or ()))

    scope = rule.get("scope") or "*"
    return (
        covers("operations", operation)
        and covers("apiGroups", resource.group)
        and covers("apiVersions", resource.version)
        and covers("resources", resource.plural)
        and scope in ("*", "Namespaced" if resource.namespaced else "Cluster")
    )


def hook_matches(
    hook: Mapping[str, Any],
    operation: str,
    resource: Resource,
    obj: Object,
    old: Object | None,
    namespace: Object | None,
) -> bool:
    """Return whether a webhook is asked about the change. `namespace` is the Namespace object that the object is in."""
    if not any(rule_matches(rule, operation, resource) for rule in hook.get("rules") or ()):
        return False
    scoped = obj if resource.key == NAMESPACES else namespace
    if scoped is not None and not structured_selector(hook.get("namespaceSelector") or {})(labels_of(scoped)):
        return False
    wanted = structured_selector(hook.get("objectSelector") or {})
    return wanted(labels_of(obj)) or (old is not None and wanted(labels_of(old)))


def question(operation: str, resource: Resource, obj: Object, old: Object | None, user: User, dry_run: bool) -> Object:
    """Return the AdmissionReview that a webhook gets."""
    kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    named = {"group": resource.group, "version": resource.version, "resource": resource.plural}
    meta = obj["metadata"]
    request = {
        "uid": str(uuid.uuid4()),
        "kind": kind,
        "resource": named,
        "requestKind": kind,
        "requestResource": named,
        "name": meta.get("name", ""),
        "namespace": meta.get("namespace", ""),
        "operation": operation,
        "userInfo": user.to_info(),
        "object": {**obj, "apiVersion": resource.api_version, "kind": resource.kind},
        "oldObject": old,
        "dryRun": dry_run,
        "options": None,
    }
    return {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": request}


def apply_answer(name: str, obj: Object, review: Any, uid: str) -> Object:
    """Return the object after a webhook's answer; raises its refusal as ApiError, ValueError for no proper answer."""
    answer = review.get("response") if isinstance(review, dict) else None
    if not isinstance(answer, dict):
        raise ValueError("the answer has no response")
    if answer.get("uid") != uid:
        raise ValueError(f'expected response.uid="{uid}", got "{answer.get("uid")}"')
    if not answer.get("allowed"):
        status = answer.get("status") or {}
        why = status.get("message") or status.get("reason")
        text = f'admission webhook "{name}" denied the request' + (f": {why}" if why else " without explanation")
        raise ApiError(text, code=int(status.get("code") or 403), reason=str(status.get("reason") or "Forbidden"))
    if not answer.get("patch"):
        return obj
    if answer.get("patchType") != "JSONPatch":
        raise ValueError(
            f'webhook returned response.patch with patchType "{answer.get("patchType")}", expected JSONPatch'
        )
    changed = json_patch(obj, json.loads(base64.b64decode(answer["patch"])))
    if not isinstance(changed, dict) or not isinstance(changed.get("metadata"), dict):
        raise ValueError("the patch makes something that is no object")
    return changed


class Webhooks:
    """Asks the webhooks registered in a store, mutating ones in order of name, then validating ones."""

    def __init__(self, store: Store, resolve: ResolveService | None) -> None:
        self._store = store
        self._resolve = resolve
        self._session: aiohttp.ClientSession | None = None

    async def admit(
        self, operation: str, resource: Resource, obj: Object, old: Object | None, user: User, dry_run: bool
    ) -> Object:
        """Return the object as the webhooks leave it; raises ApiErrors."""
        if resource.group == GROUP:
            return obj
        for key in (MUTATING, VALIDATING):
            for config in self._store.list(key)[0]:
                for hook in config.get("webhooks") or ():
                    where = self._store.find(NAMESPACES, None, obj["metadata"].get("namespace") or "")
                    if hook_matches(hook, operation, resource, obj, old, where):
                        changed = await self._ask(hook, question(operation, resource, obj, old, user, dry_run), obj)
                        obj = changed if key == MUTATING else obj
        return obj

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def _ask(self, hook: Mapping[str, Any], review: Object, obj: Object) -> Object:
        name = str(hook.get("name"))
        try:
            answer = await self._post(hook, review)
            return apply_answer(name, obj, answer, review["request"]["uid"])
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError, KeyError, Unreachable) as error:
            if hook.get("failurePolicy", "Fail") == "Ignore":
                return obj
            why = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            raise ApiError(
                f'Internal error occurred: failed calling webhook "{name}": failed to call webhook: {why}'
            ) from None

    async def _post(self, hook: Mapping[str, Any], review: Object) -> Any:
        config = hook["clientConfig"]
        target = target_of(config, self._resolve)
        path = "/" + str((config.get("service") or {}).get("path") or "").lstrip("/") if "url" not in config else ""
        self._session = self._session or new_session()
        limit = aiohttp.ClientTimeout(total=float(hook.get("timeoutSeconds") or 10))
        url = f"{target.base}{path}?timeout={int(limit.total or 10)}s"
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        async with self._session.post(
            url,
            data=encode(review),
            headers=headers,
            ssl=target.context,
            server_hostname=target.host,
            timeout=limit,
            allow_redirects=False,
        ) as response:
            body = await response.read()
            if response.status != 200:
                raise ValueError(f"the webhook answered {response.status}: {body[:200].decode(errors='replace')}")
            return json.loads(body)
