"""Which loopback addresses a cluster, its services and its pods have.

Law: a cluster owns one 127.R.0.0/16 for as long as its claim (a listening socket on 127.R.0.1) is open;
nothing else is claimed by I/O.
127.R.64.0/18 holds ClusterIPs, 127.R.128.0/18 pods; the app address of a redirected pod is its address + 64
in the third octet.
"""

from __future__ import annotations

import random
import socket
from collections import deque

CLAIM_PORT = 15999
"""Port of the claiming socket on 127.R.0.1; all clusters of a machine must agree on it."""
_FIRST, _LAST = 2, 254
_BLOCK = 64 * 256


class AddressesExhausted(Exception):
    """No free network, ClusterIP or pod address is left."""


class Range:
    """Hands out addresses of one /18.

    A given-back address rests until all others were used, so that a late datagram meets nobody.
    """

    def __init__(self, network: int, third: int) -> None:
        self._network = network
        self._third = third
        self._next = 1
        self._used: set[str] = set()
        self._resting: deque[str] = deque()

    def _address(self, index: int) -> str:
        return f"127.{self._network}.{self._third + index // 256}.{index % 256}"

    def __contains__(self, address: str) -> bool:
        parts = address.split(".")
        return (
            parts[:2] == ["127", str(self._network)]
            and len(parts) == 4
            and self._third <= int(parts[2]) < self._third + 64
        )

    def take(self) -> str:
        """Return a free address; raises AddressesExhausted."""
        while self._next < _BLOCK:
            address = self._address(self._next)
            self._next += 1
            # .0 and .255 work on loopback but read like networks.
            if not address.endswith((".0", ".255")) and address not in self._used:
                self._used.add(address)
                return address
        while self._resting:
            address = self._resting.popleft()
            if address not in self._used:
                self._used.add(address)
                return address
        raise AddressesExhausted(f"127.{self._network}.{self._third}.0/18 has no free address; delete some objects")

    def reserve(self, address: str) -> bool:
        """Take this very address; False when it is not of this range or taken."""
        if address not in self or address in self._used:
            return False
        self._used.add(address)
        return True

    def give_back(self, address: str) -> None:
        """Free an address; harmless when it is not taken."""
        if address in self._used:
            self._used.discard(address)
            self._resting.append(address)


def app_address(pod_ip: str) -> str:
    """Return the hidden address on which the programs of a redirected pod listen."""
    first, second, third, fourth = pod_ip.split(".")
    return f"{first}.{second}.{int(third) + 64}.{fourth}"


class Network:
    """The addresses of one cluster. `number` is R."""

    def __init__(self, number: int, claim: socket.socket | None = None) -> None:
        self.number = number
        self.cluster_ips = Range(number, 64)
        self.pod_ips = Range(number, 128)
        self._claim = claim

    @property
    def prefix(self) -> str:
        """What every address of the cluster starts with: "127.R."."""
        return f"127.{self.number}."

    @property
    def node_ip(self) -> str:
        """The node's own address."""
        return f"127.{self.number}.0.1"

    def close(self) -> None:
        """Give the claim up."""
        if self._claim is not None:
            self._claim.close()
            self._claim = None


def claim_network() -> Network:
    """Claim a random free 127.R.0.0/16; raises AddressesExhausted when other clusters hold all of them."""
    numbers = list(range(_FIRST, _LAST + 1))
    random.shuffle(numbers)
    for number in numbers:
        claim = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        try:
            claim.bind((f"127.{number}.0.1", CLAIM_PORT))
            claim.listen(1)
        except OSError:
            claim.close()
            continue
        return Network(number, claim)
    raise AddressesExhausted(f"every network from 127.{_FIRST} to 127.{_LAST} is claimed; end other reference clusters")
