"""The kinds that answer a question instead of being stored: access reviews, token reviews, token requests."""

from __future__ import annotations

from typing import Any

from pytest_smi.reference.kube.objects import Object, timestamp
from pytest_smi.reference.kube.parts import Parts
from pytest_smi.reference.kube.rbac import MASTERS, Attributes, User
from pytest_smi.reference.kube.resources import Resource
from pytest_smi.reference.kube.status import BadRequest, Cause, Invalid, invalid
from pytest_smi.reference.kube.tokens import ISSUER, LIFETIME


def review(parts: Parts, resource: Resource, namespace: str, body: Object, user: User) -> Object:
    """Return the review with its status filled in."""
    spec = body.get("spec") or {}
    result = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": {}, "spec": spec}
    match resource.plural:
        case "selfsubjectaccessreviews":
            result["status"] = _access(parts, user, spec)
        case "subjectaccessreviews" | "localsubjectaccessreviews":
            asked = spec.get("resourceAttributes") or {}
            if namespace and asked.get("namespace") != namespace:
                raise BadRequest("spec.resourceAttributes.namespace must match metadata.namespace")
            if not spec.get("user") and not spec.get("groups"):
                cause = invalid("spec.user", "", "at least one of user or group must be specified")
                raise Invalid(resource.kind, resource.group, "", [cause])
            subject = User(
                name=spec.get("user") or "", groups=tuple(spec.get("groups") or ()), uid=spec.get("uid") or ""
            )
            result["status"] = _access(parts, subject, spec)
        case "selfsubjectrulesreviews":
            result["status"] = _rules(parts, user, str(spec.get("namespace") or ""))
        case "selfsubjectreviews":
            del result["spec"]
            result["status"] = {"userInfo": user.to_info()}
        case "tokenreviews":
            result["status"] = _token(parts, spec)
    return result


def _access(parts: Parts, user: User, spec: dict[str, Any]) -> Object:
    if path := spec.get("nonResourceAttributes"):
        asked = Attributes(verb=path.get("verb", ""), path=path.get("path", ""))
    elif wanted := spec.get("resourceAttributes"):
        fields = ("verb", "group", "resource", "subresource", "namespace", "name")
        asked = Attributes(**{field: str(wanted.get(field) or "") for field in fields})
    else:
        text = "Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified"
        cause = Cause(field="spec.resourceAttributes", reason="FieldValueInvalid", message=text)
        raise Invalid("", "authorization.k8s.io", "", [cause])
    if MASTERS in user.groups:
        return {"allowed": True}
    why = parts.authorizer.reason(user, asked)
    return {"allowed": True, "reason": why} if why is not None else {"allowed": False}


def _rules(parts: Parts, user: User, namespace: str) -> Object:
    rules = list(parts.authorizer.rules(user, "")) + (
        list(parts.authorizer.rules(user, namespace)) if namespace else []
    )
    if MASTERS in user.groups:
        rules.append({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]})
        rules.append({"verbs": ["*"], "nonResourceURLs": ["*"]})
    return {
        "incomplete": False,
        "resourceRules": [dict(rule) for rule in rules if rule.get("resources")],
        "nonResourceRules": [
            {"verbs": rule["verbs"], "nonResourceURLs": rule["nonResourceURLs"]}
            for rule in rules
            if rule.get("nonResourceURLs")
        ],
    }


def _token(parts: Parts, spec: dict[str, Any]) -> Object:
    grant = parts.tokens.check(str(spec.get("token") or ""))
    audiences = [audience for audience in spec.get("audiences") or [ISSUER] if grant and audience in grant.audiences]
    if grant is None or not audiences:
        return {"authenticated": False, "error": "invalid bearer token", "user": {}}
    return {"authenticated": True, "user": grant.user.to_info(), "audiences": audiences}


def token_request(parts: Parts, namespace: str, name: str, body: Object) -> Object:
    """Return the TokenRequest with a token in its status."""
    spec = body.get("spec") or {}
    seconds = int(spec.get("expirationSeconds") or LIFETIME)
    if seconds < 600:
        cause = invalid("spec.expirationSeconds", seconds, "may not specify a duration less than 10 minutes")
        raise Invalid("TokenRequest", "authentication.k8s.io", name, [cause])
    bound = spec.get("boundObjectRef") or {}
    pod = bound.get("name") if bound.get("kind") == "Pod" else None
    token, expires = parts.tokens.issue(namespace, name, pod=pod, audiences=spec.get("audiences"), seconds=seconds)
    return {
        "kind": "TokenRequest",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": {"name": name, "namespace": namespace, "creationTimestamp": timestamp(parts.clock())},
        "spec": {
            "audiences": spec.get("audiences") or [ISSUER],
            "expirationSeconds": seconds,
            "boundObjectRef": spec.get("boundObjectRef"),
        },
        "status": {"token": token, "expirationTimestamp": timestamp(expires)},
    }
