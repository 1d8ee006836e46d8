"""From Kubernetes objects, as files or an API server have them, to the world that the oracle is asked about. Pure.

SMI objects of every version are read; one that its version's reader refuses is set aside with the reason, since it
grants nothing. Of other kinds only what says which Services, pods and accounts there are is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pytest_smi.oracle.records import Key, ObjectId, Service, Unreadable, Workload, World, Written, world_of
from pytest_smi.oracle.written import written
from pytest_smi.smi.model import SmiObject
from pytest_smi.smi.parse import parse
from pytest_smi.smi.versions import GROUPS

_GROUPS = frozenset(GROUPS.values())
_TEMPLATED = frozenset(
    {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "ReplicationController", "Rollout"}
)

LONGEST_REASON = 300
"""Characters of a reader's refusal that are kept."""

Object = Mapping[str, Any]


def read_objects(items: Iterable[Object], *, namespace: str = "default", complete: bool = False) -> World:
    """Return the world of these objects; lists among them are taken apart.

    `namespace` is that of objects that name none; `complete` is whether every Service
    that there is would be among them.
    """
    records: list[SmiObject] = []
    unreadable: list[Unreadable] = []
    services: list[Service] = []
    workloads: dict[Workload, None] = {}
    texts: dict[ObjectId, Written] = {}
    portless: list[ObjectId] = []
    for item in flattened(items):
        kind, key = str(item.get("kind", "")), key_of(item, namespace)
        if is_smi(item):
            try:
                record = parse(_placed(item, key))
            except ValueError as error:
                unreadable.append(
                    Unreadable(kind=kind, key=key, reason=_short(str(error)), root=_root(item, str(error)))
                )
                continue
            records.append(record)
            texts[(kind, *key)] = written(item)
            if _lacks_ports(item):
                portless.append((kind, *key))
        elif kind == "Service" and item.get("apiVersion") == "v1":
            services.append(_service(item, key))
        elif (workload := _workload(item, kind, key)) is not None:
            workloads[workload] = None
    return world_of(
        records,
        services=services,
        services_known=complete,
        workloads=workloads,
        unreadable=unreadable,
        written=texts,
        portless=portless,
    )


def flattened(items: Iterable[Object]) -> Iterator[Object]:
    """Yield the objects one by one: those of a List, of any kind, in its place."""
    for item in items:
        inner = item.get("items")
        if str(item.get("kind", "")).endswith("List") and isinstance(inner, list):
            yield from flattened(one for one in inner if isinstance(one, Mapping))
        else:
            yield item


def is_smi(item: Object) -> bool:
    """Return whether it is of a group of the Service Mesh Interface, of whatever kind and version."""
    return str(item.get("apiVersion", "")).partition("/")[0] in _GROUPS


def key_of(item: Object, namespace: str) -> Key:
    """Return namespace and name of an object, also of one that is not as it must be."""
    metadata = _mapping(item.get("metadata"))
    return str(metadata.get("namespace") or namespace), str(metadata.get("name") or "")


def _short(reason: str) -> str:
    """Return the reason without the rest of a long value that it quotes."""
    return reason if len(reason) <= LONGEST_REASON else f"{reason[:LONGEST_REASON]}…"


def _placed(item: Object, key: Key) -> dict[str, Any]:
    metadata = item.get("metadata")
    return {**item, "metadata": {**metadata, "namespace": key[0]} if isinstance(metadata, dict) else metadata}


def _root(item: Object, reason: str) -> str:
    """Return the Service that a split names whose weights alone cannot be read (AMB-26)."""
    service = _mapping(item.get("spec")).get("service")
    return service.partition(".")[0] if isinstance(service, str) and ".weight must be a whole number" in reason else ""


def _lacks_ports(item: Object) -> bool:
    """Return whether a route of a version that has ports leaves the list out."""
    if item["kind"] not in ("TCPRoute", "UDPRoute") or not str(item["apiVersion"]).endswith("/v1alpha4"):
        return False
    return _mapping(_mapping(item.get("spec")).get("matches")).get("ports") is None


def _service(item: Object, key: Key) -> Service:
    spec = _mapping(item.get("spec"))
    ports: dict[tuple[int, str], int | str] = {}
    for port in _list(spec.get("ports")):
        number, target = _mapping(port).get("port"), _mapping(port).get("targetPort")
        if isinstance(number, int):
            protocol = _mapping(port).get("protocol")
            ports[(number, protocol if isinstance(protocol, str) else "TCP")] = (
                target if isinstance(target, int | str) and target else number
            )
    usual = spec.get("type") != "ExternalName" and spec.get("clusterIP") != "None"
    return Service(name=key[1], namespace=key[0], ports=ports, usual=usual)


def _workload(item: Object, kind: str, key: Key) -> Workload | None:
    """Return the account and labels of a pod, or of the pods that an object makes."""
    if kind not in _TEMPLATED and kind != "Pod":
        return None
    pod = item if kind == "Pod" else _mapping(_mapping(item.get("spec")).get("template"))
    account = _mapping(pod.get("spec")).get("serviceAccountName")
    labels = _mapping(_mapping(pod.get("metadata")).get("labels"))
    texts = tuple(sorted((str(name), str(value)) for name, value in labels.items()))
    return Workload(
        namespace=key[0], account=account if isinstance(account, str) and account else "default", labels=texts
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
