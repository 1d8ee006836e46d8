"""Requests about resources: from operation, query and body to the store,
and from objects to the form that the client accepts."""

from __future__ import annotations

from aiohttp import web

from pytest_smi.reference.kube import reviews, wire
from pytest_smi.reference.kube.objects import Object
from pytest_smi.reference.kube.parts import Parts, json_response
from pytest_smi.reference.kube.paths import RequestInfo
from pytest_smi.reference.kube.plain_requests import nothing_at
from pytest_smi.reference.kube.pod_requests import answer_exec, answer_log
from pytest_smi.reference.kube.rbac import User
from pytest_smi.reference.kube.rendering import Rendering, present
from pytest_smi.reference.kube.resources import RETURNED_WHEN_DELETED, Resource
from pytest_smi.reference.kube.scale import scale_of
from pytest_smi.reference.kube.selectors import Predicate, both, field_selector, label_selector
from pytest_smi.reference.kube.status import ApiError, BadRequest, success
from pytest_smi.reference.kube.watch_requests import answer_watch
from pytest_smi.reference.kube.write_mode import WriteMode, dry_run, write_mode
from pytest_smi.reference.kube.write_rules import JSON_PATCH


def method_not_allowed() -> ApiError:
    """Return the 405 answer."""
    return ApiError(
        "the server does not allow this method on the requested resource",
        code=405,
        reason="MethodNotAllowed",
        details={},
    )


def number(query_value: str | None, name: str) -> int:
    """Return a query value that must be a number from 0; absent is 0."""
    try:
        value = int(query_value or 0)
    except ValueError:
        value = -1
    if value < 0:
        raise BadRequest(f'invalid value for {name}: "{query_value}": it must be a number from 0')
    return value


class ResourceRequests:
    """Answers requests about resources that this server itself serves."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def answer(self, request: web.BaseRequest, info: RequestInfo, user: User) -> web.StreamResponse:
        """Return the answer; raises ApiErrors."""
        resource = self._parts.registry.find(info.group, info.version, info.resource)
        if resource is None or (info.subresource and not resource.has_subresource(info.subresource)):
            return nothing_at(info.path)
        if info.namespace and not resource.namespaced and info.resource != "namespaces":
            return nothing_at(info.path)
        if info.subresource:
            return await self._subresource(request, resource, info, user)
        if info.verb not in resource.verbs:
            raise method_not_allowed()
        match info.verb:
            case "get":
                obj = self._parts.store.get(resource.key, self._namespace(resource, info), info.name)
                return json_response(Rendering.accepted(request, resource, self._parts.clock).one(obj))
            case "list":
                return self._list(request, resource, info)
            case "watch":
                return await answer_watch(
                    self._parts, request, resource, self._scope(resource, info), self._selected(request, resource, info)
                )
            case "create":
                return await self._create(request, resource, info, user)
            case "update":
                return await self._update(request, resource, info, user)
            case "patch":
                return await self._patch(request, resource, info, user)
            case "delete":
                return await self._delete(request, resource, info, user)
            case "deletecollection":
                return await self._delete_collection(request, resource, info, user)
        raise method_not_allowed()

    def _namespace(self, resource: Resource, info: RequestInfo) -> str:
        """Return the namespace of the one object that the request is about."""
        return info.namespace if resource.namespaced else ""

    def _scope(self, resource: Resource, info: RequestInfo) -> str | None:
        """Return the namespace of a list or watch; None for all."""
        return (info.namespace or None) if resource.namespaced else None

    def _selected(self, request: web.BaseRequest, resource: Resource, info: RequestInfo) -> Predicate | None:
        fields = request.query.get("fieldSelector", "")
        if info.name:
            fields = f"metadata.name={info.name}" + (f",{fields}" if fields else "")
        return both(
            label_selector(request.query.get("labelSelector", "")),
            field_selector(fields, resource.plural, custom=resource.custom),
        )

    def _list(self, request: web.BaseRequest, resource: Resource, info: RequestInfo) -> web.Response:
        limit = number(request.query.get("limit"), "limit")
        if token := request.query.get("continue"):
            objects, meta = self._parts.pager.next(token, limit)
        else:
            found, version = self._parts.store.list(resource.key, self._scope(resource, info))
            objects, meta = self._parts.pager.page(found, version, self._selected(request, resource, info), limit)
        return json_response(Rendering.accepted(request, resource, self._parts.clock).many(objects, meta))

    async def _create(
        self, request: web.BaseRequest, resource: Resource, info: RequestInfo, user: User
    ) -> web.Response:
        body = wire.decode_object(await request.read(), request.headers.get("Content-Type", ""))
        if resource.verbs == ("create",):
            return json_response(reviews.review(self._parts, resource, info.namespace, body, user), 201)
        if info.name:
            raise method_not_allowed()
        namespace = self._namespace(resource, info)
        if resource.namespaced and not namespace:
            raise BadRequest("an empty namespace may not be set during creation")
        mode = write_mode(request.query, "CreateOptions")
        created = await self._parts.operations.create(resource, namespace, body, user=user, mode=mode)
        return json_response(Rendering.accepted(request, resource, self._parts.clock).one(created), 201, mode.headers())

    async def _update(
        self, request: web.BaseRequest, resource: Resource, info: RequestInfo, user: User
    ) -> web.Response:
        body = wire.decode_object(await request.read(), request.headers.get("Content-Type", ""))
        mode = write_mode(request.query, "UpdateOptions")
        changed = await self._parts.operations.update(
            resource,
            self._namespace(resource, info),
            info.name,
            body,
            user=user,
            subresource=info.subresource,
            mode=mode,
        )
        return self._changed(request, resource, info, changed, 200, mode)

    async def _patch(self, request: web.BaseRequest, resource: Resource, info: RequestInfo, user: User) -> web.Response:
        kind = request.headers.get("Content-Type", "").partition(";")[0].strip()
        body = await request.read()
        patch = wire.decode(body, JSON_PATCH)
        mode = write_mode(request.query, "PatchOptions")
        changed = await self._parts.operations.patch(
            resource,
            self._namespace(resource, info),
            info.name,
            kind,
            patch,
            user=user,
            subresource=info.subresource,
            mode=mode,
        )
        return self._changed(request, resource, info, changed, 200, mode)

    def _changed(
        self, request: web.BaseRequest, resource: Resource, info: RequestInfo, obj: Object, status: int, mode: WriteMode
    ) -> web.Response:
        if info.subresource == "scale":
            return json_response(scale_of(resource, obj), status)
        return json_response(Rendering.accepted(request, resource, self._parts.clock).one(obj), status, mode.headers())

    async def _options(self, request: web.BaseRequest) -> tuple[dict[str, object], bool]:
        body = await request.read()
        options = wire.decode(body, request.headers.get("Content-Type", "")) if body.strip() else None
        merged: dict[str, object] = {
            name: request.query[name] for name in ("propagationPolicy", "gracePeriodSeconds") if name in request.query
        }
        if isinstance(options, dict):
            merged |= {name: value for name, value in options.items() if value is not None}
        if "gracePeriodSeconds" in merged:
            merged["gracePeriodSeconds"] = number(str(merged["gracePeriodSeconds"]), "gracePeriodSeconds")
        listed = merged.get("dryRun")
        from_body = dry_run(str(listed[0]), "DeleteOptions") if isinstance(listed, list) and listed else False
        return merged, from_body or dry_run(request.query.get("dryRun"), "DeleteOptions")

    async def _delete(
        self, request: web.BaseRequest, resource: Resource, info: RequestInfo, user: User
    ) -> web.Response:
        options, dry = await self._options(request)
        namespace = self._namespace(resource, info)
        last, gone = self._parts.operations.delete(
            resource, namespace, info.name, user=user, options=options, dry_run=dry
        )
        if gone and resource.key not in RETURNED_WHEN_DELETED:
            return json_response(success(resource.key, info.name, last["metadata"]["uid"]))
        return json_response(Rendering.accepted(request, resource, self._parts.clock).one(last))

    async def _delete_collection(
        self, request: web.BaseRequest, resource: Resource, info: RequestInfo, user: User
    ) -> web.Response:
        options, dry = await self._options(request)
        if resource.namespaced and not info.namespace:
            raise method_not_allowed()
        found, version = self._parts.store.list(resource.key, self._scope(resource, info))
        selected, meta = self._parts.pager.page(found, version, self._selected(request, resource, info), 0)
        for obj in selected:
            own = obj["metadata"]
            self._parts.operations.delete(
                resource, own.get("namespace") or "", own["name"], user=user, options=options, dry_run=dry
            )
        return json_response(Rendering(resource=resource, clock=self._parts.clock).many(selected, meta))

    async def _subresource(
        self, request: web.BaseRequest, resource: Resource, info: RequestInfo, user: User
    ) -> web.StreamResponse:
        verbs = next(verbs for name, _, verbs in resource.subresources if name == info.subresource)
        if info.verb not in verbs:
            raise method_not_allowed()
        if info.subresource == "exec":
            return await answer_exec(self._parts, request, info)
        if info.subresource == "log":
            return await answer_log(self._parts, request, info)
        if info.subresource == "token":
            body = wire.decode_object(await request.read() or b"{}", request.headers.get("Content-Type", ""))
            return json_response(reviews.token_request(self._parts, info.namespace, info.name, body), 201)
        if info.verb == "update":
            return await self._update(request, resource, info, user)
        if info.verb == "patch":
            return await self._patch(request, resource, info, user)
        obj = self._parts.store.get(resource.key, self._namespace(resource, info), info.name)
        return json_response(scale_of(resource, obj) if info.subresource == "scale" else present(resource, obj))
