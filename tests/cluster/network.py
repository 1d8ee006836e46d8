"""The cable between host and node: one pair of virtual devices, an address on each end,
and the host's route to pods and Services."""

from __future__ import annotations

import json
import subprocess
from ipaddress import IPv4Network

from tests.cluster import namespaces
from tests.cluster.layout import HOST, NODE, RANGE, SERVICES, Layout
from tests.cluster.problem import ClusterProblem

DEVICE = "smi-node"
"""The host's end; it goes when the node's network namespace goes."""


def check_free() -> None:
    """Raise ClusterProblem when something else on the host uses addresses of the node's range."""
    for link in json.loads(_ip("-json", "-4", "address")):
        for address in link["addr_info"]:
            network = IPv4Network(f"{address['local']}/{address['prefixlen']}", strict=False)
            if link["ifname"] != DEVICE and network.overlaps(RANGE):
                raise ClusterProblem(f"device {link['ifname']} has {network}, which overlaps the node's {RANGE}")


def connect(layout: Layout) -> None:
    """Lay the cable; the node must be there and not connected yet."""
    _ip("link", "add", DEVICE, "type", "veth", "peer", "name", "eth0", "netns", str(namespaces.first_process(layout)))
    _ip("address", "add", str(HOST), "dev", DEVICE)
    _ip("link", "set", DEVICE, "up")
    for command in (
        f"ip address add {NODE} dev eth0",
        "ip link set eth0 up",
        "ip link set lo up",
        "sysctl -q -w net.ipv4.ip_forward=1",
        # A route decides whether a packet is sent at all, before the packet filter turns a Service's address into a
        # pod's.
        f"ip route add {SERVICES} via {HOST.ip}",
    ):
        namespaces.run(layout, command.split())
    _ip("route", "add", str(RANGE), "via", str(NODE.ip))


def disconnect() -> None:
    """Remove the cable if it is still there, as after a crash between the two steps of its making."""
    subprocess.run(["ip", "link", "delete", DEVICE], capture_output=True, check=False)


def _ip(*words: str) -> str:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ClusterProblem(f"`ip {' '.join(words)}` failed: {done.stderr.strip()}")
    return done.stdout
