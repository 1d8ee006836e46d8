"""The injection webhook: adds the sidecar and the redirect annotation to pods; `review` is pure, `start` serves it."""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from pytest_smi.reference.mesh.cluster_config import REDIRECT
from pytest_smi.reference.mesh.personas.record import Sidecar

INJECT = "smi-reference.io/inject"
Decide = Callable[[Mapping[str, Any], str], Awaitable[bool]]
"""(pod, name of its namespace) -> whether it joins."""
_PLAIN = Sidecar()


def review(
    request: Mapping[str, Any],
    *,
    image: str,
    authority: str,
    control_plane: str,
    sidecar: Sidecar = _PLAIN,
    joins: bool = True,
) -> dict[str, Any]:
    """Return the AdmissionReview that answers one: a JSON patch for a pod that joins, else plain permission."""
    asked = request["request"]
    response: dict[str, Any] = {"uid": asked["uid"], "allowed": True}
    pod = asked.get("object") or {}
    patch = (
        sidecar_patch(pod, image=image, authority=authority, control_plane=control_plane, sidecar=sidecar)
        if joins
        else []
    )
    if patch:
        response["patchType"] = "JSONPatch"
        response["patch"] = base64.b64encode(json.dumps(patch).encode()).decode("ascii")
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}


def sidecar_patch(
    pod: Mapping[str, Any], *, image: str, authority: str, control_plane: str, sidecar: Sidecar = _PLAIN
) -> list[dict[str, Any]]:
    """JSON patch operations that make a pod join; none when it opted out or has joined already."""
    annotations = (pod.get("metadata") or {}).get("annotations") or {}
    containers = (pod.get("spec") or {}).get("containers") or []
    if annotations.get(INJECT) == "disabled" or any(
        container.get("name") == sidecar.container for container in containers
    ):
        return []
    container = {
        "name": sidecar.container,
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
    patch: list[dict[str, Any]] = [{"op": "add", "path": "/spec/containers/-", "value": container}]
    patch += _marks(pod, "annotations", {**sidecar.annotations, REDIRECT: sidecar.container})
    return patch + _marks(pod, "labels", sidecar.labels)


def _marks(pod: Mapping[str, Any], field: str, marks: Mapping[str, str]) -> list[dict[str, Any]]:
    if marks and not (pod.get("metadata") or {}).get(field):
        return [{"op": "add", "path": f"/metadata/{field}", "value": dict(marks)}]
    keys = {key: key.replace("~", "~0").replace("/", "~1") for key in marks}
    return [{"op": "add", "path": f"/metadata/{field}/{keys[key]}", "value": value} for key, value in marks.items()]


async def start(
    host: str,
    port: int,
    tls: ssl.SSLContext,
    *,
    image: str,
    authority: str,
    control_plane: str,
    sidecar: Sidecar = _PLAIN,
    decide: Decide | None = None,
) -> web.AppRunner:
    """Serve the webhook at /inject. `decide` says which pods join; without it all that are asked about do."""

    async def inject(request: web.Request) -> web.Response:
        try:
            asked = await request.json()
            told = asked["request"]
            joins = decide is None or await decide(told.get("object") or {}, str(told.get("namespace") or ""))
            answer = review(
                asked, image=image, authority=authority, control_plane=control_plane, sidecar=sidecar, joins=joins
            )
            return web.json_response(answer)
        except (ValueError, KeyError, TypeError) as error:
            return web.Response(status=400, text=f"an AdmissionReview v1 was expected, found none: {error!r}")

    app = web.Application(client_max_size=8 * 1024 * 1024)
    app.router.add_post("/inject", inject)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, host, port, ssl_context=tls).start()
    return runner
