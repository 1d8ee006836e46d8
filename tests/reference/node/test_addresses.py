"""Addresses of a cluster."""

from __future__ import annotations

import pytest

from pytest_smi.reference.node.addresses import AddressesExhausted, Network, Range, app_address, claim_network


class TestRange:
    """One /18."""

    def test_gives_each_address_once(self) -> None:
        """All addresses are different, inside the block, and end in an error."""
        block = Range(9, 128)
        taken = [block.take() for _ in range(64 * 254)]
        with pytest.raises(AddressesExhausted):
            block.take()
        assert len(taken) == len(set(taken))
        assert all(address in block for address in taken)
        assert not [address for address in taken if address.endswith((".0", ".255"))]

    def test_reuses_given_back_addresses_last(self) -> None:
        """An address that was given back comes only when all others were used."""
        block = Range(9, 64)
        first = block.take()
        block.give_back(first)
        assert block.take() != first
        assert block.reserve(first)
        assert not block.reserve(first)
        assert not block.reserve("127.8.64.1")

    def test_a_pods_address_is_used_again_once_it_has_rested(self) -> None:
        """Before new ones are, and no sooner; nobody gets it twice."""
        now = 0.0
        block = Range(9, 128, rest=2.0, clock=lambda: now)
        taken = {block.take() for _ in range(3)}
        for address in taken:
            block.give_back(address)
        assert block.take() not in taken
        now = 2.0
        assert {block.take() for _ in range(3)} == taken
        assert block.take() not in taken

    def test_whoever_waits_for_an_address_comes_to_get_it(self) -> None:
        """Although others that rest are given back and taken all the time, and more of them than are asked for."""
        now = 0.0
        block = Range(9, 128, rest=1.0, clock=lambda: now)
        addresses = [block.take() for _ in range(60)]
        for address in addresses:
            block.give_back(address)
        seen: set[str] = set()
        for _ in range(50):
            now += 1.0
            wave = [block.take() for _ in range(6)]
            seen |= set(wave)
            for address in wave:
                block.give_back(address)
        assert seen == set(addresses)

    def test_what_rests_is_given_when_nothing_else_is_left(self) -> None:
        """A cluster that is full goes on; and what was reserved meanwhile is not given."""
        block = Range(9, 128, rest=1.0, clock=lambda: 0.0)
        taken = [block.take() for _ in range(64 * 254)]
        for address in taken[:3]:
            block.give_back(address)
        assert block.reserve(taken[0])
        assert [block.take(), block.take()] == taken[1:3]
        with pytest.raises(AddressesExhausted):
            block.take()

    def test_app_address_lies_in_its_own_block(self) -> None:
        """The app address is the pod's with 64 more in the third octet."""
        assert app_address("127.9.128.7") == "127.9.192.7"
        assert app_address("127.9.191.254") == "127.9.255.254"


class TestClaim:
    """Claims of networks."""

    def test_two_claims_differ(self) -> None:
        """Two clusters on a machine have different networks; prefixes follow the number."""
        one, two = claim_network(), claim_network()
        try:
            assert one.number != two.number
            assert one.prefix == f"127.{one.number}."
        finally:
            one.close()
            two.close()

    def test_network_without_claim_is_pure(self) -> None:
        """A network can be made without I/O."""
        network = Network(9)
        assert network.pod_ips.take() == "127.9.128.1"
        assert network.cluster_ips.take() == "127.9.64.1"
