"""Name resolution as a pure function."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_smi.reference.node.names import Failure, candidates, resolve

TABLE: dict[str, Any] = {
    "dns": "ok",
    "names": {
        "srv.t1.svc.cluster.local": ["127.9.64.1"],
        "headless.t1.svc.cluster.local": ["127.9.128.1", "127.9.128.2"],
        "empty.t1.svc.cluster.local": [],
    },
    "aliases": {
        "other.t1.svc.cluster.local": "srv.t1.svc.cluster.local.",
        "loop.t1.svc.cluster.local": "loop.t1.svc.cluster.local",
    },
}


class TestResolve:
    """Names to addresses."""

    @pytest.mark.parametrize(
        "name", ["srv", "SRV", "srv.t1", "srv.t1.svc", "srv.t1.svc.cluster.local", "srv.t1.svc.cluster.local."]
    )
    def test_every_form_of_a_service_name(self, name: str) -> None:
        """Short, partial, full and dotted names mean the same service, in any case."""
        assert resolve(name, "t1", TABLE) == ("127.9.64.1",)

    @pytest.mark.parametrize("name", ["srv", "srv.", "srv.t1.", "srv.t2", "example.com", "empty"])
    def test_names_that_are_not_there(self, name: str) -> None:
        """A service of another namespace, a dotted short name, the outside and a service without pods are NXDOMAIN."""
        assert resolve(name, "t2", TABLE) is Failure.NXDOMAIN

    def test_headless_service_has_all_its_pods(self) -> None:
        """A headless service gives every address."""
        assert resolve("headless", "t1", TABLE) == ("127.9.128.1", "127.9.128.2")

    def test_external_name_is_followed(self) -> None:
        """An alias leads to its target's addresses, and a loop of aliases to a failure."""
        assert resolve("other", "t1", TABLE) == ("127.9.64.1",)
        assert resolve("loop", "t1", TABLE) is Failure.SERVFAIL

    def test_pod_record(self) -> None:
        """A pod's address written with dashes is a name; nonsense is not."""
        assert resolve("127-9-128-7.t1.pod", "t1", TABLE) == ("127.9.128.7",)
        assert resolve("127-9-128-777.t1.pod", "t1", TABLE) is Failure.NXDOMAIN

    def test_dead_name_server(self) -> None:
        """With a dead name server every name fails, known or not."""
        assert resolve("srv", "t1", {**TABLE, "dns": "dead"}) is Failure.SERVFAIL


class TestCandidates:
    """The search list."""

    def test_ndots(self) -> None:
        """Under five dots the search domains come first, from five on the name itself."""
        assert candidates("a.b", "n")[0] == "a.b.n.svc.cluster.local"
        assert candidates("a.b", "n")[-1] == "a.b"
        assert candidates("a.b.c.d.e.f", "n")[0] == "a.b.c.d.e.f"
        assert candidates("a.b.", "n") == ["a.b"]
