"""The Kubernetes objects of Open Service Mesh: our own manifests with versions and images filled in.

Reads files, touches no cluster.
"""

from __future__ import annotations

import json
from pathlib import Path
from string import Template

import yaml

from tests.cluster.kubectl import Object

FOLDER = Path(__file__).resolve().parent / "manifests"
NAMESPACE = "osm-system"
LABEL = "app.kubernetes.io/name=openservicemesh.io"
"""What all kinds, webhooks and cluster-wide rights of the mesh carry, those that it makes itself included."""


def first(*, version: str) -> list[Object]:
    """Return what makes the kinds and the mesh's configuration: namespace, rights, preset and osm-bootstrap."""
    return [*_load("namespace"), *_load("access"), _preset(), *_load("bootstrap", VERSION=version)]


def config() -> Object:
    """Return the mesh's configuration, of the kind that osm-bootstrap creates."""
    (found,) = _load("mesh-config")
    return found


def control_plane(*, version: str, envoy: str, init: str) -> list[Object]:
    """Return controller and injector; `envoy` and `init` are the images of the containers that the injector adds
    to pods."""
    return _load("control", VERSION=version, ENVOY_IMAGE=envoy, INIT_IMAGE=init)


def _preset() -> Object:
    """Return the ConfigMap from which osm-bootstrap makes the mesh's configuration where there is none."""
    meta = {"name": "preset-mesh-config", "namespace": NAMESPACE}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": meta,
        "data": {"preset-mesh-config.json": json.dumps(config()["spec"])},
    }


def _load(name: str, **values: str) -> list[Object]:
    text = Template((FOLDER / f"{name}.yaml").read_text()).substitute(values)
    return [each for each in yaml.safe_load_all(text) if each]
