"""The cluster's name server as one pure function: name + namespace + table -> addresses or a failure.

Law: names are tried as a pod's resolv.conf asks (search domains of its namespace, ndots 5);
the first of them that is known answers.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence

CLUSTER_DOMAIN = "cluster.local"
NDOTS = 5
_MAX_ALIASES = 8


class Failure(enum.Enum):
    """Why a name has no addresses."""

    NXDOMAIN = "nxdomain"
    """The name does not exist."""
    SERVFAIL = "servfail"
    """The name server does not answer."""


def candidates(name: str, namespace: str) -> list[str]:
    """Return the absolute names (no trailing dot, lower case) that a resolver in that namespace asks for, in order."""
    lowered = name.lower()
    if lowered.endswith("."):
        return [lowered[:-1]]
    searched = [
        f"{lowered}.{suffix}"
        for suffix in (f"{namespace}.svc.{CLUSTER_DOMAIN}", f"svc.{CLUSTER_DOMAIN}", CLUSTER_DOMAIN)
    ]
    return [*searched, lowered] if lowered.count(".") < NDOTS else [lowered, *searched]


def resolve(name: str, namespace: str, table: Mapping[str, object]) -> tuple[str, ...] | Failure:
    """Return addresses of a name as a pod in `namespace` sees it.

    `table` is the netmap: "dns" is "ok" or "dead", "names" maps absolute names to lists of IPv4 addresses, "aliases"
    maps absolute names to other names (ExternalName). A known name without addresses is NXDOMAIN to a caller,
    as no record answers it.
    """
    if table.get("dns") == "dead":
        return Failure.SERVFAIL
    names = table.get("names")
    aliases = table.get("aliases")
    assert isinstance(names, Mapping)
    wanted = candidates(name, namespace)
    for _ in range(_MAX_ALIASES):
        alias = None
        for candidate in wanted:
            found = names.get(candidate)
            if found is not None:
                return _addresses(found)
            if isinstance(aliases, Mapping) and candidate in aliases:
                alias = str(aliases[candidate])
                break
            pod = _pod_record(candidate)
            if pod is not None:
                return (pod,)
        if alias is None:
            return Failure.NXDOMAIN
        wanted = [alias.rstrip(".").lower()]
    return Failure.SERVFAIL


def _addresses(found: object) -> tuple[str, ...] | Failure:
    assert isinstance(found, Sequence)
    return tuple(str(address) for address in found) if found else Failure.NXDOMAIN


def _pod_record(name: str) -> str | None:
    # 127-5-128-3.some-namespace.pod.cluster.local names the pod of that address.
    labels = name.split(".")
    if len(labels) != 5 or labels[2:] != ["pod", "cluster", "local"]:
        return None
    parts = labels[0].split("-")
    if len(parts) == 4 and all(part.isdigit() and int(part) < 256 for part in parts):
        return ".".join(parts)
    return None
