"""The cluster that the API contract is held against: the embedded one, or a real one named by SMI_CONTRACT_KUBECONFIG.

The same tests run on both. SMI_CONTRACT_IMAGE names the sample application's image there,
which has `python3` on its PATH.
"""

import os
import secrets
import socket
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pytest_smi.cluster.embedded import SAMPLE_APP_IMAGE, EmbeddedCluster
from tests.support.crd_samples import CRDS, definition, install, version
from tests.support.kube_api import Api, Object, until

MARK = "pytest-smi-contract"


@dataclass(slots=True, kw_only=True)
class Cluster:
    """One cluster under contract. `host` is an address that tests may listen on and that the API server reaches."""

    api: Api
    embedded: bool
    image: str
    host: str
    made: list[str] = field(default_factory=list)

    def namespace(self, **labels: str) -> str:
        """Create a namespace, ready for pods: its default service account exists."""
        name = f"contract-{secrets.token_hex(4)}"
        self.made.append(name)
        meta = {"name": name, "labels": {MARK: "namespace", **labels}}
        self.api.post("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": meta}).ok()
        until(
            lambda: self.api.get(f"/api/v1/namespaces/{name}/serviceaccounts/default").status == 200,
            f"{name} has a default service account",
        )
        return name

    def pod(
        self,
        name: str,
        script: str,
        *,
        labels: dict[str, str] | None = None,
        container: Object | None = None,
        **spec: Any,
    ) -> Object:
        """The manifest of a pod that runs a Python script, and ends at once when deleted."""
        app = {"name": "app", "image": self.image, "command": ["python3", "-c", script], **(container or {})}
        meta = {"name": name, "labels": labels or {}}
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": meta,
            "spec": {"terminationGracePeriodSeconds": 0, "containers": [app], **spec},
        }

    def run(self, namespace: str, manifest: Object) -> Object:
        """Create a pod and wait until it is Ready."""
        self.api.post(f"/api/v1/namespaces/{namespace}/pods", manifest).ok()
        return self.await_ready(namespace, manifest["metadata"]["name"])

    def await_ready(self, namespace: str, name: str) -> Object:
        """Wait until a pod is Ready."""
        path = f"/api/v1/namespaces/{namespace}/pods/{name}"

        def ready() -> Object | None:
            pod: Object = self.api.get(path).body
            return pod if ("Ready", "True") in conditions(pod) else None

        return until(ready, f"pod {name} is Ready", 60)


def conditions(obj: Object) -> set[tuple[str, str]]:
    """(type, status) of every condition of an object."""
    return {(c["type"], c["status"]) for c in (obj.get("status") or {}).get("conditions") or ()}


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The cluster; what tests created in it is deleted at the end."""
    given = os.environ.get("SMI_CONTRACT_KUBECONFIG")
    embedded = None if given else EmbeddedCluster(["--no-mesh"])
    try:
        kubeconfig = Path(given) if given else embedded.kubeconfig if embedded else Path()
        api = Api(kubeconfig)
        image = os.environ.get("SMI_CONTRACT_IMAGE", SAMPLE_APP_IMAGE)
        found = Cluster(api=api, embedded=not given, image=image, host=_own_address(api.url))
        yield found
        _clean(found)
        api.close()
    finally:
        if embedded is not None:
            embedded.stop()


def _own_address(url: str) -> str:
    """The address of this machine by which it reaches the API server; nothing is sent to find it."""
    place = urllib.parse.urlsplit(url)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((place.hostname or "127.0.0.1", place.port or 443))
        return str(probe.getsockname()[0])


def _clean(cluster: Cluster) -> None:
    for name in cluster.made:
        cluster.api.delete(f"/api/v1/namespaces/{name}")
    until(lambda: not _left(cluster), f"the namespaces {', '.join(_left(cluster))} are gone", 120)


def _left(cluster: Cluster) -> list[str]:
    return [name for name in cluster.made if cluster.api.get(f"/api/v1/namespaces/{name}").status != 404]


@pytest.fixture
def api(cluster: Cluster) -> Api:
    """The API as the administrator."""
    return cluster.api


@pytest.fixture(scope="module")
def namespace(cluster: Cluster) -> str:
    """A namespace for the tests of one module."""
    return cluster.namespace()


@pytest.fixture
def unique() -> Callable[[str], str]:
    """Makes names that no other test uses."""
    return lambda prefix: f"{prefix}-{secrets.token_hex(3)}"


@pytest.fixture
def remove(api: Api) -> Iterator[Callable[[str], str]]:
    """Note the path of a cluster-scoped object to delete after the test."""
    paths: list[str] = []

    def note(path: str) -> str:
        paths.append(path)
        return path

    yield note
    for path in reversed(paths):
        api.delete(path)


@pytest.fixture(scope="module")
def shell(cluster: Cluster, namespace: str) -> str:
    """The name of a ready pod that sleeps, to run programs in."""
    cluster.run(namespace, cluster.pod("shell", "import time; print('started', flush=True); time.sleep(3600)"))
    return "shell"


@pytest.fixture(scope="module")
def account(cluster: Any, namespace: str) -> str:
    """A service account without permissions."""
    cluster.api.post(f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": "nobody"}}).ok()
    return "nobody"


@pytest.fixture(scope="module")
def token_of(cluster: Any, namespace: str) -> Callable[..., Object]:
    """Asks for a token of a service account."""

    def ask(name: str, **spec: Any) -> Object:
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
        answer: Object = cluster.api.post(f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token", body).ok()
        return answer

    return ask


@pytest.fixture(scope="module")
def group(cluster: Any) -> Any:
    """A group with the kind Widget in v1, its status a sub-resource; removed at the end."""
    name = f"contract-{secrets.token_hex(3)}.example.org"
    status: dict[str, Any] = {
        "subresources": {"status": {}},
        "additionalPrinterColumns": [{"name": "Service", "type": "string", "jsonPath": ".spec.service"}],
    }
    install(cluster.api, None, definition(name, [version("v1", storage=True, **status)]))
    yield name
    cluster.api.delete(f"{CRDS}/widgets.{name}")
