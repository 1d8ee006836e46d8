"""Reads from a pod object what the kubelet needs: the redirect, container order, environment, commands. Pure.

Law: a pod is never changed here, and a reference that cannot be resolved is a ConfigError that the pod's status shows.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any

Object = Mapping[str, Any]
REDIRECT_ANNOTATION = "network.smi-reference.io/redirect"
_REFERENCE = re.compile(r"\$\$|\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)")


class ConfigError(Exception):
    """A container cannot be created as its spec asks (Kubernetes: CreateContainerConfigError)."""


def redirect_container(pod: Object) -> str | None:
    """Name of the container to which the pod's traffic is redirected,
    None when it is not (or names no container of the pod)."""
    name = (pod["metadata"].get("annotations") or {}).get(REDIRECT_ANNOTATION)
    return name if any(container["name"] == name for container in all_containers(pod)) else None


def all_containers(pod: Object) -> list[dict[str, Any]]:
    """Init containers that stay (restartPolicy Always) and main containers."""
    spec = pod["spec"]
    return [c for c in spec.get("initContainers") or [] if c.get("restartPolicy") == "Always"] + list(
        spec.get("containers") or []
    )


def start_order(pod: Object) -> list[dict[str, Any]]:
    """Return the lasting containers in the order of their start: the redirect's first, then sidecars, then the rest."""
    first = redirect_container(pod)
    return sorted(all_containers(pod), key=lambda container: container["name"] != first)


def run_to_completion(pod: Object) -> list[dict[str, Any]]:
    """Init containers that must end before the others start."""
    return [c for c in pod["spec"].get("initContainers") or [] if c.get("restartPolicy") != "Always"]


def default_container(pod: Object) -> str:
    """Return the container that exec and logs mean when none is named."""
    named = (pod["metadata"].get("annotations") or {}).get("kubectl.kubernetes.io/default-container")
    names = [container["name"] for container in pod["spec"].get("containers") or []]
    return str(named if named in names else names[0])


def field_value(pod: Object, path: str, pod_ip: str, node: str) -> str:
    """Return a fieldRef's value; raises ConfigError for paths that are not supported."""
    meta, spec = pod["metadata"], pod["spec"]
    simple = {
        "metadata.name": meta["name"],
        "metadata.namespace": meta.get("namespace", ""),
        "metadata.uid": meta.get("uid", ""),
        "spec.serviceAccountName": spec.get("serviceAccountName") or "default",
        "spec.nodeName": node,
        "status.podIP": pod_ip,
        "status.podIPs": pod_ip,
        "status.hostIP": pod_ip,
    }
    if path in simple:
        return str(simple[path])
    match = re.fullmatch(r"metadata\.(labels|annotations)\['(.+)'\]", path)
    if match:
        return str((meta.get(match[1]) or {}).get(match[2], ""))
    raise ConfigError(
        f"fieldRef {path!r} is not supported; supported are {', '.join(simple)}, metadata.labels['…'], "
        "metadata.annotations['…']"
    )


def environment(
    pod: Object,
    container: Object,
    *,
    base: Mapping[str, str],
    pod_ip: str,
    node: str,
    find: Callable[[str, str], Mapping[str, Any] | None],
) -> dict[str, str]:
    """Return the environment of a container: `base`, then envFrom, then env with $(NAME) expanded.

    `find(plural, name)` gives a configmap or secret of the pod's namespace, or None.
    """
    env = dict(base)
    for source in container.get("envFrom") or []:
        for kind, plural in (("configMapRef", "configmaps"), ("secretRef", "secrets")):
            if kind in source:
                found = find(plural, source[kind]["name"])
                if found is None and not source[kind].get("optional"):
                    raise ConfigError(f'{plural[:-1]} "{source[kind]["name"]}" not found')
                prefix = source.get("prefix", "")
                env.update(
                    {prefix + name: _plain(plural, value) for name, value in ((found or {}).get("data") or {}).items()}
                )
    for entry in container.get("env") or []:
        if "valueFrom" in entry:
            value = _from_source(pod, entry["valueFrom"], pod_ip, node, find)
            if value is not None:
                env[entry["name"]] = value
        else:
            env[entry["name"]] = expand(str(entry.get("value") or ""), env)
    return env


def _from_source(
    pod: Object, source: Object, pod_ip: str, node: str, find: Callable[[str, str], Mapping[str, Any] | None]
) -> str | None:
    if "fieldRef" in source:
        return field_value(pod, source["fieldRef"]["fieldPath"], pod_ip, node)
    for kind, plural in (("configMapKeyRef", "configmaps"), ("secretKeyRef", "secrets")):
        if kind in source:
            reference = source[kind]
            data = (find(plural, reference["name"]) or {}).get("data") or {}
            if reference["key"] in data:
                return _plain(plural, data[reference["key"]])
            if reference.get("optional"):
                return None
            raise ConfigError(f"couldn't find key {reference['key']} in {plural[:-1]} {reference['name']}")
    raise ConfigError(
        f"valueFrom {sorted(source)} is not supported; supported are fieldRef, configMapKeyRef, secretKeyRef"
    )


def _plain(plural: str, value: str) -> str:
    return base64.b64decode(value).decode("utf-8", "replace") if plural == "secrets" else value


def expand(text: str, env: Mapping[str, str]) -> str:
    """Replace $(NAME) by what the environment has; unknown names stay, $$ is a dollar sign."""
    return _REFERENCE.sub(lambda match: "$" if match[0] == "$$" else env.get(match[1], match[0]), text)


def command_line(container: Object, env: Mapping[str, str], entrypoint: str | None) -> list[str]:
    """Return the container's arguments, program first.

    `entrypoint` is the image's only executable, for containers without a command.
    """
    command = [expand(part, env) for part in container.get("command") or []]
    arguments = [expand(part, env) for part in container.get("args") or []]
    if not command:
        if entrypoint is None:
            raise ConfigError(
                f"container {container['name']}: no command given, and the image has no single executable to fall "
                "back on"
            )
        command = [entrypoint]
    return command + arguments
