"""Kubeconfig files: how a client finds the API server and shows who it is."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import yaml

from tests.cluster.layout import API_URL, NODE_NAME


def write(path: Path, keys: Path, user: str) -> None:
    """Write a kubeconfig (mode 0600) for the client certificate `user` in the folder `keys`,
    with everything in the one file."""

    def encoded(name: str) -> str:
        return base64.b64encode((keys / name).read_bytes()).decode()

    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": NODE_NAME, "cluster": {"server": API_URL, "certificate-authority-data": encoded("ca.crt")}}
        ],
        "users": [
            {
                "name": user,
                "user": {"client-certificate-data": encoded(f"{user}.crt"), "client-key-data": encoded(f"{user}.key")},
            }
        ],
        "contexts": [{"name": NODE_NAME, "context": {"cluster": NODE_NAME, "user": user}}],
        "current-context": NODE_NAME,
    }
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        yaml.safe_dump(document, file, sort_keys=False)
