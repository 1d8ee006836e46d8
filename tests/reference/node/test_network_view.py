"""Routing decisions of a pod, pure."""

from __future__ import annotations

import errno
from typing import Any, Literal

import pytest

from pytest_smi.reference.node.network_view import PodNetwork, Route, bind_address, decide

TABLE: dict[str, Any] = {
    "api": ["127.0.0.1", 6443],
    "prefix": "127.9.",
    "vips": {"127.9.64.1": {"TCP/80": [["127.9.128.5", 8080]], "TCP/81": []}},
}


def pod(mode: Literal["direct", "redirected", "sidecar"]) -> PodNetwork:
    """A pod with that mode."""
    app = "127.9.128.2" if mode == "direct" else "127.9.192.2"
    return PodNetwork(netmap="", namespace="t1", hostname="p", pod_ip="127.9.128.2", app_ip=app, mode=mode)


def route(mode: Literal["direct", "redirected", "sidecar"], ip: str, port: int) -> Route | int:
    """The TCP decision."""
    return decide(pod(mode), TABLE, ip, port, "TCP", choose=lambda endpoints: endpoints[0])


class TestDecide:
    """Destination to route."""

    @pytest.mark.parametrize(
        ("ip", "port", "expected"),
        [
            ("127.9.64.1", 80, Route("127.9.128.5", 8080)),
            ("127.9.64.1", 81, errno.ECONNREFUSED),
            ("127.9.64.1", 82, errno.ECONNREFUSED),
            ("127.9.64.99", 80, errno.ECONNREFUSED),
            ("127.9.128.5", 8080, Route("127.9.128.5", 8080)),
            ("127.9.192.5", 8080, errno.ECONNREFUSED),
            ("127.0.0.1", 8080, Route("127.9.128.2", 8080)),
            ("127.8.128.5", 8080, Route("127.9.128.2", 8080)),
            ("127.0.0.1", 6443, Route("127.0.0.1", 6443)),
            ("192.0.2.1", 80, errno.ENETUNREACH),
        ],
    )
    def test_direct_pod(self, ip: str, port: int, expected: Route | int) -> None:
        """Services lead to endpoints, loopback to the pod, hidden and outside addresses nowhere,
        the API server is as it is."""
        assert route("direct", ip, port) == expected

    @pytest.mark.parametrize("ip", ["127.9.64.1", "127.9.128.5", "127.9.192.5", "192.0.2.1"])
    def test_redirected_pod_goes_to_its_sidecar(self, ip: str) -> None:
        """Whatever is not the pod itself goes to port 15001 of the pod's address, announced."""
        assert route("redirected", ip, 80) == Route("127.9.128.2", 15001, True)

    @pytest.mark.parametrize("ip", ["127.0.0.1", "127.9.128.2", "127.9.192.2", "0.0.0.0"])
    def test_redirected_pod_reaches_itself_directly(self, ip: str) -> None:
        """The pod's own addresses lead to the app address."""
        assert route("redirected", ip, 8080) == Route("127.9.192.2", 8080)

    def test_sidecar_sees_plain_addresses(self) -> None:
        """A sidecar reaches pods, its app and services; its loopback is the machine's."""
        assert route("sidecar", "127.9.192.2", 8080) == Route("127.9.192.2", 8080)
        assert route("sidecar", "127.9.128.2", 15001) == Route("127.9.128.2", 15001)
        assert route("sidecar", "127.9.64.1", 80) == Route("127.9.128.5", 8080)
        assert route("sidecar", "127.9.192.3", 8080) == errno.ECONNREFUSED


class TestBind:
    """Where programs listen."""

    @pytest.mark.parametrize("ip", ["", "0.0.0.0", "127.0.0.1", "127.9.128.2"])
    def test_any_address_is_the_app_address(self, ip: str) -> None:
        """Binding to all, to loopback or to the pod's address takes the app address."""
        assert bind_address(pod("redirected"), "127.9.", ip) == "127.9.192.2"
        assert bind_address(pod("direct"), "127.9.", ip) == "127.9.128.2"

    def test_foreign_addresses_are_refused(self) -> None:
        """A pod cannot bind another pod's address; a sidecar binds what it says."""
        assert bind_address(pod("direct"), "127.9.", "127.9.128.3") is None
        assert bind_address(pod("sidecar"), "127.9.", "127.9.128.2") == "127.9.128.2"
