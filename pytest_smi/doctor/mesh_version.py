"""Reads a mesh's version off the workload that its profile names: from the image's tag or digest,
a label or an annotation. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

DIGEST_SHOWN = 12
"""Hexadecimal digits of a digest that stand for a version."""


def read_version(source: str, workload: Mapping[str, Any], pods: Sequence[Mapping[str, Any]] = ()) -> str:
    """Return the version, empty when it cannot be read.

    `source`: `image-tag`, `image-digest`, `label:KEY` or `annotation:KEY`. `workload`: the Deployment,
        DaemonSet or StatefulSet.
    `pods`: pods of its namespace, of which those that its selector matches tell the digest.
    """
    template = (workload.get("spec") or {}).get("template") or {}
    kind, _, key = source.partition(":")
    if kind in ("label", "annotation"):
        holders = [(holder.get("metadata") or {}).get(f"{kind}s") or {} for holder in (workload, template)]
        return next((str(values[key]) for values in holders if key in values), "")
    containers = (template.get("spec") or {}).get("containers") or []
    if not containers:
        return ""
    image = str(containers[0].get("image", ""))
    if kind == "image-digest":
        return _short(_digest(image) or _running_digest(workload, pods, str(containers[0].get("name", ""))))
    return _tag(image) or _short(_digest(image))


def _tag(image: str) -> str:
    name = image.partition("@")[0]
    _, colon, tag = name.rpartition(":")
    return tag if colon and "/" not in tag else ""


def _digest(image: str) -> str:
    return image.rpartition("@sha256:")[2] if "@sha256:" in image else ""


def _running_digest(workload: Mapping[str, Any], pods: Sequence[Mapping[str, Any]], container: str) -> str:
    wanted = ((workload.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
    for pod in pods:
        labels = (pod.get("metadata") or {}).get("labels") or {}
        if not wanted or any(labels.get(key) != value for key, value in wanted.items()):
            continue
        for status in (pod.get("status") or {}).get("containerStatuses") or ():
            _, marker, digest = str(status.get("imageID", "")).rpartition("sha256:")
            if status.get("name") == container and marker:
                return digest
    return ""


def _short(digest: str) -> str:
    return f"sha256:{digest[:DIGEST_SHOWN]}" if digest else ""
