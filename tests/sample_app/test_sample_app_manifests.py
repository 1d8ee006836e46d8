"""The manifests and the Dockerfile of the sample application agree with the program,
and with restricted PodSecurity."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from sample_app import __version__
from sample_app.server_settings import read_settings

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "manifests" / "sample-app"


def documents(name: str) -> dict[str, Any]:
    """The objects of a manifest, by kind."""
    return {document["kind"]: document for document in yaml.safe_load_all((FOLDER / name).read_text())}


@pytest.mark.parametrize("name", ["server.yaml", "client.yaml"])
def test_pod_is_restricted(name: str) -> None:
    """Every pod keeps to the restricted PodSecurity standard, and has the image of this version."""
    objects = documents(name)
    pod = objects["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["serviceAccountName"] == objects["ServiceAccount"]["metadata"]["name"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    own = container["securityContext"]
    assert own == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    assert container["image"] == f"pytest-smi/sample-app:{__version__}"
    assert container["imagePullPolicy"] == "IfNotPresent"


def test_ports_are_those_of_the_program() -> None:
    """The container's and the Service's ports are the program's defaults; readiness asks the health port."""
    objects = documents("server.yaml")
    (container,) = objects["Deployment"]["spec"]["template"]["spec"]["containers"]
    settings = read_settings({}, "pod")
    tcp = {*settings.http, *settings.tcp, *settings.tcp_server_first}
    listed = {(port["containerPort"], port.get("protocol", "TCP")) for port in container["ports"]}
    served = {(port["port"], port.get("protocol", "TCP")) for port in objects["Service"]["spec"]["ports"]}
    assert served == {(port, "TCP") for port in tcp} | {(port, "UDP") for port in settings.udp}
    assert listed == served | {(port, "TCP") for port in settings.health}
    assert container["readinessProbe"]["httpGet"] == {"path": "/healthz", "port": settings.health[0]}
    assert {port["port"]: port.get("appProtocol") for port in objects["Service"]["spec"]["ports"]}[8080] == "http"


def test_dockerfile_runs_as_a_number() -> None:
    """The image's user is numeric, so that runAsNonRoot can be checked, and it is the manifests' user."""
    user = documents("server.yaml")["Deployment"]["spec"]["template"]["spec"]["securityContext"]["runAsUser"]
    assert f"\nUSER {user}:{user}\n" in (ROOT / "sample_app" / "Dockerfile").read_text()
