"""From request headers to the user who asks, impersonation included. Pure: headers in, user out or an ApiError."""

from __future__ import annotations

from typing import Protocol
from urllib.parse import unquote

from pytest_smi.reference.kube.rbac import (
    ANONYMOUS,
    AUTHENTICATED,
    SERVICE_ACCOUNT,
    Attributes,
    Authorizer,
    User,
    service_account_user,
)
from pytest_smi.reference.kube.status import Forbidden, ResourceKey, Unauthorized
from pytest_smi.reference.kube.tokens import ISSUER, Tokens


class Headers(Protocol):
    """Request headers, case-insensitive."""

    def get(self, name: str, /) -> str | None:
        """Return the first value."""

    def getall(self, name: str, default: list[str], /) -> list[str]:
        """Return every value."""

    def keys(self) -> object:
        """Return the names."""


def bearer_token(headers: Headers) -> str:
    """Return the token of the Authorization header, or of the websocket subprotocol that browsers use;
    "" when there is none."""
    kind, _, token = (headers.get("Authorization") or "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def authenticate(headers: Headers, tokens: Tokens) -> User:
    """Return the user that the token belongs to, nobody in particular without any; raises Unauthorized."""
    if not headers.get("Authorization"):
        return ANONYMOUS
    token = bearer_token(headers)
    grant = tokens.check(token) if token else None
    if grant is None or ISSUER not in grant.audiences:
        raise Unauthorized
    return grant.user


def impersonated(user: User, headers: Headers, authorizer: Authorizer) -> User:
    """Return the user that the request wants to be; `user` needs the verb impersonate for each part. Raises
    Forbidden."""
    name = headers.get("Impersonate-User")
    groups = headers.getall("Impersonate-Group", [])
    extras = [header for header in list(headers.keys()) if header.lower().startswith("impersonate-extra-")]  # type: ignore[call-overload]
    if name is None:
        if groups or extras or headers.get("Impersonate-Uid"):
            raise Forbidden(ResourceKey("", "users"), "", "requested groups or extras without impersonating a user")
        return user
    account = name.removeprefix(SERVICE_ACCOUNT).split(":") if name.startswith(SERVICE_ACCOUNT) else []
    if len(account) == 2:
        _check(
            user,
            Attributes(verb="impersonate", resource="serviceaccounts", namespace=account[0], name=account[1]),
            authorizer,
        )
    else:
        _check(user, Attributes(verb="impersonate", resource="users", name=name), authorizer)
    for group in groups:
        _check(user, Attributes(verb="impersonate", resource="groups", name=group), authorizer)
    extra: dict[str, tuple[str, ...]] = {}
    for header in sorted(set(extras), key=str.lower):
        key = unquote(header[len("impersonate-extra-") :].lower())
        values = headers.getall(header, [])
        for value in values:
            asked = Attributes(
                verb="impersonate", group="authentication.k8s.io", resource="userextras", subresource=key, name=value
            )
            _check(user, asked, authorizer)
        extra[key] = tuple(values)
    if len(account) == 2 and not groups:
        return service_account_user(account[0], account[1], extra=extra)
    everyone = () if name == "system:anonymous" or AUTHENTICATED in groups else (AUTHENTICATED,)
    return User(name=name, groups=(*groups, *everyone), uid=headers.get("Impersonate-Uid") or "", extra=extra)


def _check(user: User, asked: Attributes, authorizer: Authorizer) -> None:
    if not authorizer.allows(user, asked):
        raise Forbidden(ResourceKey(asked.group, asked.resource), asked.name, asked.denial(user))
