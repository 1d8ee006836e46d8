"""Create, replace, read and delete Kubernetes objects given as plain dicts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_smi.cluster.connection import Answer, Connection
from pytest_smi.errors import ClusterError

Object = dict[str, Any]

PLURALS = {
    "Namespace": "namespaces",
    "Pod": "pods",
    "Service": "services",
    "Secret": "secrets",
    "ServiceAccount": "serviceaccounts",
    "Event": "events",
    "Deployment": "deployments",
    "Role": "roles",
    "RoleBinding": "rolebindings",
    "TrafficTarget": "traffictargets",
    "IdentityBinding": "identitybindings",
    "HTTPRouteGroup": "httproutegroups",
    "TCPRoute": "tcproutes",
    "UDPRoute": "udproutes",
    "TrafficSplit": "trafficsplits",
}


def path_of(manifest: Mapping[str, Any], *, named: bool) -> str:
    """Return the API path of an object, or of its collection when not `named`."""
    metadata = manifest["metadata"]
    path = collection(manifest["apiVersion"], PLURALS[manifest["kind"]], metadata.get("namespace"))
    return f"{path}/{metadata['name']}" if named else path


def collection(api_version: str, plural: str, namespace: str | None = None) -> str:
    """Return the path of a collection: `v1`/`pods` or `apps/v1`/`deployments`, in a namespace or over all."""
    base = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
    return f"{base}/namespaces/{namespace}/{plural}" if namespace else f"{base}/{plural}"


class Objects:
    """Object calls over one connection; refusals raise ClusterError with the server's words."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def apply(self, manifest: Object) -> Object:
        """Create the object, or replace the one that has its name."""
        created = self.connection.request("POST", path_of(manifest, named=False), body=manifest)
        if created.status != 409:
            return _granted(created, "create", manifest)
        current = self.get(manifest)
        metadata = {**manifest["metadata"], "resourceVersion": current["metadata"]["resourceVersion"]}
        replaced = self.connection.request(
            "PUT", path_of(manifest, named=True), body={**manifest, "metadata": metadata}
        )
        return _granted(replaced, "replace", manifest)

    def dry_run(self, manifest: Object) -> Answer:
        """Ask the server whether it would create the object; nothing is stored."""
        return self.connection.request("POST", path_of(manifest, named=False), body=manifest, query={"dryRun": "All"})

    def patch(self, manifest: Object, patch: Mapping[str, Any]) -> Object:
        """Merge `patch` into the object of the manifest's name."""
        return _granted(self._merged(manifest, patch), "patch", manifest)

    def dry_run_patch(self, manifest: Object, patch: Mapping[str, Any]) -> Answer:
        """Ask the server whether it would merge `patch` into the object of the manifest's name; nothing is stored."""
        return self._merged(manifest, patch, query={"dryRun": "All"})

    def _merged(self, manifest: Object, patch: Mapping[str, Any], query: Mapping[str, str] | None = None) -> Answer:
        return self.connection.request(
            "PATCH",
            path_of(manifest, named=True),
            body=dict(patch),
            query=query,
            content_type="application/merge-patch+json",
        )

    def get(self, manifest: Mapping[str, Any]) -> Object:
        """Read the object that has the manifest's kind and name."""
        return _granted(self.connection.request("GET", path_of(manifest, named=True)), "read", manifest)

    def list(self, api_version: str, plural: str, namespace: str | None = None, *, selector: str = "") -> list[Object]:
        """List a collection, optionally by label selector."""
        path = collection(api_version, plural, namespace)
        answer = self.connection.request("GET", path, query={"labelSelector": selector} if selector else None)
        if not answer.ok:
            raise ClusterError(f"cannot list {plural} in {namespace or 'all namespaces'}: {answer.message}")
        items: list[Object] = answer.body.get("items") or []
        return items

    def delete(self, manifest: Mapping[str, Any]) -> None:
        """Delete the object; one that is gone already is fine."""
        answer = self.connection.request(
            "DELETE", path_of(manifest, named=True), body={"propagationPolicy": "Background", "gracePeriodSeconds": 0}
        )
        if not answer.ok and answer.status != 404:
            _granted(answer, "delete", manifest)


def _granted(answer: Answer, verb: str, manifest: Mapping[str, Any]) -> Object:
    if answer.ok:
        body: Object = answer.body
        return body
    metadata = manifest["metadata"]
    name = f"{manifest['kind']} {metadata.get('namespace', '')}/{metadata['name']}"
    raise ClusterError(f"cannot {verb} {name}: {answer.message}", hint=_remedy(answer))


def _remedy(answer: Answer) -> str:
    # A webhook may answer with any status, 403 included.
    if "admission webhook" in answer.message and "denied the request" in answer.message:
        return "the webhook's owner refuses the object, in its own words: is it one that the specification allows?"
    if "failed calling webhook" in answer.message:
        return "the webhook does not answer: are the pods of its owner, the mesh for SMI objects and pods, ready?"
    return "manifests/rbac.yaml lists the permissions that a run needs" if answer.status == 403 else ""
