"""Causes to refuse the spec of a pod, as the API server words them. Pure."""

from __future__ import annotations

from typing import Any

from pytest_smi.reference.kube.name_forms import (
    LABEL,
    LABEL_TEXT,
)
from pytest_smi.reference.kube.status import Cause, duplicate, invalid, required, unsupported

_PROTOCOLS = ("SCTP", "TCP", "UDP")


def dicts(items: Any) -> list[dict[str, Any]]:
    """Return the objects in what should be a list of objects."""
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def check_port(field: str, number: Any, causes: list[Cause]) -> None:
    """Add a cause unless it is the number of a port."""
    if number is None:
        causes.append(required(field))
    elif not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= 65535:
        causes.append(invalid(field, number, "must be between 1 and 65535, inclusive"))


def pod_spec(field: str, spec: Any) -> list[Cause]:
    """Faults of a pod spec at that dotted path."""
    if not isinstance(spec, dict):
        return [required(field)]
    causes: list[Cause] = []
    if not dicts(spec.get("containers")):
        causes.append(required(f"{field}.containers"))
    seen: set[str] = set()
    for kind in ("initContainers", "containers"):
        for number, container in enumerate(dicts(spec.get(kind))):
            causes += _container(f"{field}.{kind}[{number}]", container, seen)
    if spec.get("restartPolicy") not in ("Always", "OnFailure", "Never"):
        causes.append(
            unsupported(f"{field}.restartPolicy", spec.get("restartPolicy"), ["Always", "OnFailure", "Never"])
        )
    volumes = {volume.get("name") for volume in dicts(spec.get("volumes"))}
    for number, container in enumerate(dicts(spec.get("containers"))):
        for at, mount in enumerate(dicts(container.get("volumeMounts"))):
            if mount.get("name") not in volumes:
                path = f"{field}.containers[{number}].volumeMounts[{at}].name"
                causes.append(
                    Cause(field=path, reason="FieldValueNotFound", message=f'Not found: "{mount.get("name")}"')
                )
    return causes


def _container(field: str, container: dict[str, Any], seen: set[str]) -> list[Cause]:
    causes: list[Cause] = []
    name = container.get("name")
    if not name:
        causes.append(required(f"{field}.name"))
    elif not LABEL.fullmatch(str(name)):
        causes.append(invalid(f"{field}.name", name, LABEL_TEXT))
    elif name in seen:
        causes.append(duplicate(f"{field}.name", name))
    else:
        seen.add(str(name))
    if not container.get("image"):
        causes.append(required(f"{field}.image"))
    for number, port in enumerate(dicts(container.get("ports"))):
        check_port(f"{field}.ports[{number}].containerPort", port.get("containerPort"), causes)
        if port.get("protocol") not in _PROTOCOLS:
            causes.append(unsupported(f"{field}.ports[{number}].protocol", port.get("protocol"), _PROTOCOLS))
    for number, env in enumerate(dicts(container.get("env"))):
        if not env.get("name"):
            causes.append(required(f"{field}.env[{number}].name"))
    return causes
