"""Bearer tokens: the admin's random one, and signed, expiring ones for service accounts (JSON Web Tokens,
HMAC with a random key).

A service account's token counts while the account, and the pod it is bound to,
are the same objects (by uid) as when it was issued.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pytest_smi.reference.kube.rbac import AUTHENTICATED, MASTERS, User, service_account_user
from pytest_smi.reference.kube.status import ResourceKey
from pytest_smi.reference.kube.store import Store

SERVICE_ACCOUNTS, PODS = ResourceKey("", "serviceaccounts"), ResourceKey("", "pods")
ISSUER = "https://kubernetes.default.svc.cluster.local"
LIFETIME = 3600
"""Seconds that a token lasts unless asked otherwise; at least 600, at most 2^32."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a valid token says."""

    user: User
    audiences: tuple[str, ...]


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Tokens:
    """Issues and checks the tokens of one cluster."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self.admin = secrets.token_urlsafe(32)
        self._store = store
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._checked: dict[str, dict[str, Any]] = {}
        self._admin_grant = Grant(
            user=User(name="kubernetes-admin", groups=(MASTERS, AUTHENTICATED)), audiences=(ISSUER,)
        )

    def issue(
        self,
        namespace: str,
        name: str,
        *,
        pod: str | None = None,
        audiences: list[str] | None = None,
        seconds: int = LIFETIME,
    ) -> tuple[str, float]:
        """Return a token for a service account and the unix time it expires at;
        raises NotFound when the account or the pod is not there."""
        account = self._store.get(SERVICE_ACCOUNTS, namespace, name)
        bound: dict[str, Any] = {
            "namespace": namespace,
            "serviceaccount": {"name": name, "uid": account["metadata"]["uid"]},
        }
        if pod:
            bound["pod"] = {"name": pod, "uid": self._store.get(PODS, namespace, pod)["metadata"]["uid"]}
        now = int(self._clock())
        claims = {
            "aud": audiences or [ISSUER],
            "exp": now + seconds,
            "iat": now,
            "iss": ISSUER,
            "jti": str(uuid.uuid4()),
            "kubernetes.io": bound,
            "nbf": now,
            "sub": f"system:serviceaccount:{namespace}:{name}",
        }
        signed = (
            _encode(b'{"alg":"HS256","typ":"JWT"}') + "." + _encode(json.dumps(claims, separators=(",", ":")).encode())
        )
        return f"{signed}.{_encode(self._sign(signed))}", now + seconds

    def check(self, token: str) -> Grant | None:
        """Return what the token grants, None when it is unknown, expired or bound to something that is gone."""
        if hmac.compare_digest(token.encode(), self.admin.encode()):
            return self._admin_grant
        claims = self._checked.get(token) or self._verify(token)
        if claims is None or claims["exp"] <= self._clock():
            return None
        bound = claims["kubernetes.io"]
        namespace, account, pod = bound["namespace"], bound["serviceaccount"], bound.get("pod")
        if not self._is_there(SERVICE_ACCOUNTS, namespace, account) or (
            pod and not self._is_there(PODS, namespace, pod)
        ):
            return None
        extra: dict[str, tuple[str, ...]] = {"authentication.kubernetes.io/credential-id": (f"JTI={claims['jti']}",)}
        if pod:
            extra |= {
                "authentication.kubernetes.io/pod-name": (pod["name"],),
                "authentication.kubernetes.io/pod-uid": (pod["uid"],),
            }
        user = service_account_user(namespace, account["name"], account["uid"], extra)
        return Grant(user=user, audiences=tuple(claims["aud"]))

    def _sign(self, text: str) -> bytes:
        return hmac.new(self._key, text.encode(), hashlib.sha256).digest()

    def _verify(self, token: str) -> dict[str, Any] | None:
        signed, _, signature = token.rpartition(".")
        try:
            if signed.count(".") != 1 or not hmac.compare_digest(_decode(signature), self._sign(signed)):
                return None
            claims: dict[str, Any] = json.loads(_decode(signed.partition(".")[2]))
        except ValueError:
            return None
        if len(self._checked) > 10_000:
            self._checked.clear()
        self._checked[token] = claims
        return claims

    def _is_there(self, key: ResourceKey, namespace: str, ref: dict[str, str]) -> bool:
        found = self._store.find(key, namespace, ref["name"])
        return found is not None and found["metadata"]["uid"] == ref["uid"]
