"""Which loopback addresses a cluster, its services and its pods have.

Law: a cluster owns one 127.R.0.0/16 for as long as its claim (a listening socket on 127.R.0.1) is open;
nothing else is claimed by I/O.
127.R.64.0/18 holds ClusterIPs, 127.R.128.0/18 pods; the app address of a redirected pod is its address + 64
in the third octet.
"""

from __future__ import annotations

import math
import random
import socket
import time
from collections.abc import Callable
from itertools import takewhile

CLAIM_PORT = 15999
"""Port of the claiming socket on 127.R.0.1; all clusters of a machine must agree on it."""
_FIRST, _LAST = 2, 254
_BLOCK = 64 * 256
POD_REST = 2.0
"""Seconds after which the address of a pod is used again: soon, so that whatever takes an address for an identity is
seen to be wrong, and later than everything that the pod still sent."""


class AddressesExhausted(Exception):
    """No free network, ClusterIP or pod address is left."""


class Range:
    """Hands out addresses of one /18.

    A given-back address rests for `rest` seconds, so that a late datagram meets nobody, and is then used again before
    new ones are, in no order; without `rest`, only once all others were used.
    """

    def __init__(
        self, network: int, third: int, *, rest: float = math.inf, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._network = network
        self._third = third
        self._rest = rest
        self._clock = clock
        self._draw = random.Random(network)
        self._next = 1
        self._used: set[str] = set()
        self._resting: dict[str, float] = {}
        """When each was given back, the longest ago first."""

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
        address = self._rested() or self._unused() or next(iter(self._resting), None)
        if address is None:
            raise AddressesExhausted(f"127.{self._network}.{self._third}.0/18 has no free address; delete some objects")
        self._resting.pop(address, None)
        self._used.add(address)
        return address

    def _rested(self) -> str | None:
        """Return any address that has rested; in no order, since whoever waits for a certain one must come to get it,
        whatever others take and give back meanwhile."""
        since = self._clock() - self._rest
        rested = list(takewhile(lambda address: self._resting[address] <= since, self._resting))
        return self._draw.choice(rested) if rested else None

    def _unused(self) -> str | None:
        """Return the lowest address that was never used."""
        while self._next < _BLOCK:
            address = self._address(self._next)
            self._next += 1
            # .0 and .255 work on loopback but read like networks.
            if not address.endswith((".0", ".255")) and address not in self._used and address not in self._resting:
                return address
        return None

    def reserve(self, address: str) -> bool:
        """Take this very address; False when it is not of this range or taken."""
        if address not in self or address in self._used:
            return False
        self._resting.pop(address, None)
        self._used.add(address)
        return True

    def give_back(self, address: str) -> None:
        """Free an address; harmless when it is not taken."""
        if address in self._used:
            self._used.discard(address)
            self._resting[address] = self._clock()


def app_address(pod_ip: str) -> str:
    """Return the hidden address on which the programs of a redirected pod listen."""
    first, second, third, fourth = pod_ip.split(".")
    return f"{first}.{second}.{int(third) + 64}.{fourth}"


class Network:
    """The addresses of one cluster. `number` is R."""

    def __init__(self, number: int, claim: socket.socket | None = None) -> None:
        self.number = number
        self.cluster_ips = Range(number, 64)
        self.pod_ips = Range(number, 128, rest=POD_REST)
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
