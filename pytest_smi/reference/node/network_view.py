"""Where a pod's packets go: the pod's own record, the shared netmap and the decision per destination.
The sandbox applies it to sockets.

Law: `decide` is pure; `NetworkView` adds only a table that is read again when the file changed (one stat per look).
"""

from __future__ import annotations

import errno
import json
import os
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple

from pytest_smi.reference.node import names

REDIRECT_PORT = 15001
"""Port of the sidecar, TCP and UDP, to which redirected traffic goes."""

Mode = Literal["direct", "redirected", "sidecar"]
Endpoint = Sequence[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PodNetwork:
    """A container's network identity: `netmap` is the path of the shared table,
    `app_ip` equals `pod_ip` unless the pod is redirected."""

    netmap: str
    namespace: str
    hostname: str
    pod_ip: str
    app_ip: str
    mode: Mode = "direct"

    def to_json(self) -> str:
        """For a request to the zygote or an environment variable."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> PodNetwork:
        """Return the reverse of to_json."""
        return cls(**json.loads(text))


class Route(NamedTuple):
    """Where to connect really. `redirect`: the original destination is announced to the sidecar."""

    ip: str
    port: int
    redirect: bool = False


def _pick(endpoints: Sequence[Endpoint]) -> Endpoint:
    return random.choice(endpoints)


def decide(
    pod: PodNetwork,
    table: Mapping[str, Any],
    ip: str,
    port: int,
    protocol: Literal["TCP", "UDP"],
    choose: Callable[[Sequence[Endpoint]], Endpoint] = _pick,
) -> Route | int:
    """Return the route to ip:port from a pod, or the errno with which the attempt fails.

    `table` is the netmap: "api" [ip, port] of the API server, "prefix" "127.R.", "vips" {ClusterIP: {"TCP/80": [[ip,
    port], …]}}.
    """
    api_ip, api_port = table["api"]
    prefix: str = table["prefix"]
    if port == api_port and ip == api_ip:
        return Route(ip, port)
    inside = ip.startswith(prefix)
    loopback = ip.startswith("127.") and not inside
    own = ip in (pod.pod_ip, pod.app_ip, "0.0.0.0", "")  # noqa: S104
    if pod.mode != "sidecar" and (own or loopback):
        return Route(pod.app_ip, port)
    if pod.mode == "redirected":
        return Route(pod.pod_ip, REDIRECT_PORT, True)
    if not inside:
        return Route(ip, port) if pod.mode == "sidecar" and ip.startswith("127.") else errno.ENETUNREACH
    third = int(ip.split(".", 3)[2])
    if third < 64 or 128 <= third < 192:
        return Route(ip, port)
    if third < 128:
        endpoints = table["vips"].get(ip, {}).get(f"{protocol}/{port}")
        if not endpoints:
            return errno.ECONNREFUSED
        chosen = choose(endpoints)
        return Route(str(chosen[0]), int(chosen[1]))
    # App addresses are hidden from everybody but the pod's own containers.
    return Route(ip, port) if ip == pod.app_ip else errno.ECONNREFUSED


def bind_address(pod: PodNetwork, prefix: str, ip: str) -> str | None:
    """Return the address that a bind to `ip` really takes, or None when the pod has no such address."""
    if pod.mode == "sidecar":
        return ip
    if ip in ("", "0.0.0.0", pod.pod_ip, pod.app_ip) or (ip.startswith("127.") and not ip.startswith(prefix)):  # noqa: S104
        return pod.app_ip
    return None


class NetworkView:
    """A pod's view, kept current with the netmap file."""

    def __init__(self, pod: PodNetwork) -> None:
        self.pod = pod
        self._stamp: tuple[int, int] | None = None
        self._table: dict[str, Any] = {}
        self._hosts = {"localhost": "127.0.0.1", "localhost.": "127.0.0.1", pod.hostname: pod.pod_ip}

    def table(self) -> dict[str, Any]:
        """Return the netmap as it is now."""
        found = os.stat(self.pod.netmap)
        stamp = (found.st_mtime_ns, found.st_ino)
        if stamp != self._stamp:
            with open(self.pod.netmap, encoding="utf-8") as file:
                self._table = json.load(file)
            # Read after the stat: a file that changed in between is read again next time.
            self._stamp = stamp
        return self._table

    def route(self, ip: str, port: int, protocol: Literal["TCP", "UDP"]) -> Route | int:
        """See `decide`."""
        return decide(self.pod, self.table(), ip, port, protocol)

    def bind_address(self, ip: str) -> str | None:
        """See the function of that name."""
        return bind_address(self.pod, self.table()["prefix"], ip)

    def resolve(self, name: str) -> tuple[str, ...] | names.Failure:
        """Return addresses of a name; the pod's hosts file (localhost, its own name) comes before the name server."""
        known = self._hosts.get(name.lower())
        if known is not None:
            return (known,)
        return names.resolve(name, self.pod.namespace, self.table())
