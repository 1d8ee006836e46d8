"""The injection webhook: adds the sidecar and the redirect annotation to pods; `review` is pure, `start` serves it."""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from pytest_smi.reference.mesh.cluster_config import REDIRECT, SIDECAR

INJECT = "smi-reference.io/inject"


def review(request: Mapping[str, Any], *, image: str, authority: str, control_plane: str) -> dict[str, Any]:
    """The AdmissionReview that answers one: a JSON patch for a pod that joins, else plain permission."""
    asked = request["request"]
    response: dict[str, Any] = {"uid": asked["uid"], "allowed": True}
    patch = sidecar_patch(asked.get("object") or {}, image=image, authority=authority, control_plane=control_plane)
    if patch:
        response["patchType"] = "JSONPatch"
        response["patch"] = base64.b64encode(json.dumps(patch).encode()).decode("ascii")
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}


def sidecar_patch(pod: Mapping[str, Any], *, image: str, authority: str, control_plane: str) -> list[dict[str, Any]]:
    """JSON patch operations that make a pod join; none when it opted out or has joined already."""
    annotations = (pod.get("metadata") or {}).get("annotations") or {}
    containers = (pod.get("spec") or {}).get("containers") or []
    if annotations.get(INJECT) == "disabled" or any(container.get("name") == SIDECAR for container in containers):
        return []
    container = {
        "name": SIDECAR,
        "image": image,
        "command": ["smi-proxy"],
        "imagePullPolicy": "IfNotPresent",
        "env": [
            {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "SMI_CONTROL_PLANE", "value": control_plane},
            {"name": "SMI_MESH_AUTHORITY", "value": authority},
        ],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 15020}, "periodSeconds": 1, "failureThreshold": 30},
    }
    key = REDIRECT.replace("~", "~0").replace("/", "~1")
    patch: list[dict[str, Any]] = [{"op": "add", "path": "/spec/containers/-", "value": container}]
    if annotations:
        patch.append({"op": "add", "path": f"/metadata/annotations/{key}", "value": SIDECAR})
    else:
        patch.append({"op": "add", "path": "/metadata/annotations", "value": {REDIRECT: SIDECAR}})
    return patch


async def start(host: str, port: int, tls: ssl.SSLContext, *, image: str, authority: str, control_plane: str) -> web.AppRunner:
    """Serve the webhook at /inject."""

    async def inject(request: web.Request) -> web.Response:
        try:
            return web.json_response(review(await request.json(), image=image, authority=authority, control_plane=control_plane))
        except (ValueError, KeyError, TypeError) as error:
            return web.Response(status=400, text=f"an AdmissionReview v1 was expected, found none: {error!r}")

    app = web.Application(client_max_size=8 * 1024 * 1024)
    app.router.add_post("/inject", inject)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, host, port, ssl_context=tls).start()
    return runner
