"""The Kubernetes objects of Traefik Mesh: our own manifests with versions, SMI kinds and entry points filled in.

Reads files, touches no cluster.
"""

from __future__ import annotations

import copy
import re
from pathlib import Path

import yaml

from tests.cluster.kubectl import Object

FOLDER = Path(__file__).resolve().parent / "manifests"
CRDS = Path(__file__).resolve().parents[3] / "manifests" / "crds"
NAMESPACE = "traefik-mesh"
LABEL = "app.kubernetes.io/part-of=traefik-mesh"
"""What the SMI kinds carry that are this mesh's: another mesh has kinds of the same names."""
SMI_VERSIONS = {
    "traffictargets": "v1alpha2",
    "httproutegroups": "v1alpha3",
    "tcproutes": "v1alpha3",
    "trafficsplits": "v1alpha3",
}
"""What the mesh insists on: its controller does not start when a group's preferred version is another."""
FIRST_PORTS = {"HTTP": 5000, "TCP": 10000, "UDP": 15000}
"""Where the controller counts from; the proxies must have an entry point for each port that it may hand out."""


def crds() -> list[Object]:
    """Return the CustomResourceDefinitions of SMI, each with the one version that the mesh reads, served and stored."""
    found = [serve_only(_load(CRDS / f"{plural}.yaml")[0], version) for plural, version in SMI_VERSIONS.items()]
    key, value = LABEL.split("=")
    for each in found:
        each["metadata"].setdefault("labels", {})[key] = value
    return found


def serve_only(definition: Object, version: str) -> Object:
    """Return a copy of the definition that has `version` alone; raises ValueError when it lacks that version."""
    chosen = [each for each in definition["spec"]["versions"] if each["name"] == version]
    if not chosen:
        raise ValueError(f"{definition['metadata']['name']} must describe {version}; found none of that name")
    changed = copy.deepcopy(definition)
    changed["spec"]["versions"] = [{**copy.deepcopy(chosen[0]), "served": True, "storage": True}]
    return changed


def mesh(*, controller: str, proxy: str) -> list[Object]:
    """Return everything but the SMI kinds, in the order to apply; `controller`
    and `proxy` are image tags such as `v1.4.8`."""
    control = _load(FOLDER / "controller.yaml")
    data = _load(FOLDER / "proxy.yaml")
    limits = port_limits(_container(control[0])["args"])
    _container(data[0])["args"][2:2] = entry_points(limits)
    objects = [*_load(FOLDER / "namespace.yaml"), *_load(FOLDER / "access.yaml"), *control, *data]
    for each in objects:
        spec = each.get("spec", {}).get("template", {}).get("spec", {})
        for container in [*spec.get("initContainers", []), *spec.get("containers", [])]:
            tag = proxy if each["kind"] == "DaemonSet" else controller
            container["image"] = container["image"].replace(":TAG", f":{tag}")
    return objects


def port_limits(arguments: list[str]) -> dict[str, int]:
    """Read how many ports of each kind the controller may hand out from its arguments;
    raises ValueError when one is not said."""
    limits = {}
    for kind in FIRST_PORTS:
        said = [found[1] for argument in arguments if (found := re.fullmatch(rf"--limit{kind}Port=(\d+)", argument))]
        if len(said) != 1:
            raise ValueError(f"the controller's arguments must have one --limit{kind}Port; found {len(said)}")
        limits[kind] = int(said[0])
    return limits


def entry_points(limits: dict[str, int]) -> list[str]:
    """Return the arguments that open every port of `limits` in a proxy, as the project's chart writes them."""
    arguments = []
    for kind, first in FIRST_PORTS.items():
        for port in range(first, first + limits[kind]):
            name = f"--entryPoints.{kind.lower()}-{port}"
            if kind == "UDP":
                arguments.append(f"{name}.address=:{port}/udp")
            else:
                arguments += [f"{name}.address=:{port}", f"{name}.forwardedHeaders.insecure=true"]
    return arguments


def _container(workload: Object) -> Object:
    container: Object = workload["spec"]["template"]["spec"]["containers"][0]
    return container


def _load(path: Path) -> list[Object]:
    return [copy.deepcopy(each) for each in yaml.safe_load_all(path.read_text()) if each]
