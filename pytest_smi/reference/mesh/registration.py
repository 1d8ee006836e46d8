"""What the control plane keeps in the cluster (the authority's secret) and tells it (the CA bundles by
which the API server trusts us)."""

from __future__ import annotations

import base64
from typing import Any

from pytest_smi.reference.mesh.identity import MeshAuthority
from pytest_smi.reference.mesh.kube_client import KubeClient, KubeError

SECRET = "mesh-authority"  # noqa: S105  # the name of a Secret
WEBHOOK = "smi-reference-injector"
API_SERVICE = "v1alpha1.metrics.smi-spec.io"
_MERGE = "application/merge-patch+json"


class Registration:
    """Reads and writes the control plane's own objects."""

    def __init__(self, client: KubeClient, namespace: str) -> None:
        self._client = client
        self._namespace = namespace

    async def authority(self) -> MeshAuthority:
        """Return the mesh's authority: the one in the secret, so that identities outlive the control plane,
        else a new one that is stored."""
        path = f"/api/v1/namespaces/{self._namespace}/secrets"
        try:
            data = (await self._client.request("GET", f"{path}/{SECRET}"))["data"]
        except KubeError as error:
            if error.code != 404:
                raise
        else:
            return MeshAuthority.from_pem(base64.b64decode(data["tls.key"]), base64.b64decode(data["tls.crt"]))
        authority = MeshAuthority.create()
        key, certificate = authority.to_pem()
        body = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": SECRET, "namespace": self._namespace},
            "type": "kubernetes.io/tls",
            "data": {"tls.key": _text(key), "tls.crt": _text(certificate)},
        }
        await self._client.request("POST", path, body)
        return authority

    async def front_proxy_authority(self) -> bytes | None:
        """Return the CA of the API server's own client certificate when it passes requests on;
        None when the cluster does not publish it."""
        path = "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication"
        try:
            found = await self._client.request("GET", path)
        except KubeError as error:
            if error.code in (403, 404):
                return None
            raise
        pem = (found.get("data") or {}).get("requestheader-client-ca-file")
        return None if not pem else str(pem).encode("ascii")

    async def announce(self, bundle: bytes) -> None:
        """Tell the API server by which CA to trust our webhook and our metrics API.
        What is not installed is left out."""
        path = f"/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/{WEBHOOK}"
        found = await self._find(path)
        if found is not None:
            for hook in found["webhooks"]:
                hook["clientConfig"]["caBundle"] = _text(bundle)
            await self._client.request("PATCH", path, {"webhooks": found["webhooks"]}, content_type=_MERGE)
        path = f"/apis/apiregistration.k8s.io/v1/apiservices/{API_SERVICE}"
        if await self._find(path) is not None:
            await self._client.request("PATCH", path, {"spec": {"caBundle": _text(bundle)}}, content_type=_MERGE)

    async def _find(self, path: str) -> Any:
        try:
            return await self._client.request("GET", path)
        except KubeError as error:
            if error.code == 404:
                return None
            raise


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
