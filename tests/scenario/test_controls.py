"""Which opening vouches for a denial, kind by kind."""

from dataclasses import replace

import pytest

from pytest_smi.scenario.controls import missing, unproven
from pytest_smi.scenario.verdict import closed, denied
from pytest_smi.testbed.probing.plan import Call, Request

HTTP = Call(source="t1/c-0", client="cli-c", server="t1/srv", host="srv", port=8080, requests=(Request(path="/m"),))
TCP = replace(HTTP, kind="tcp", port=9000)
UDP = replace(HTTP, kind="udp", port=9100)
OUTSIDE = replace(HTTP, source="out/a-0", client="cli-a in out", outside=True)


@pytest.mark.parametrize("call", [HTTP, TCP, UDP])
def test_same_client_or_one_beside_it_on_the_same_path(call: Call) -> None:
    """Whatever is asked for there: path, method and headers are what denials are about."""
    assert not missing(call, [call])
    assert not missing(call, [replace(call, source="t1/a-0", client="cli-a")])
    assert not missing(call, [replace(call, requests=(Request(method="POST", path="/other"),))])
    assert not missing(call, [replace(call, address="10.0.0.1")])


@pytest.mark.parametrize(
    ("call", "opened"),
    [
        (HTTP, replace(HTTP, server="t1/other")),
        (HTTP, replace(HTTP, port=8081)),
        (HTTP, replace(HTTP, version="2")),
        (HTTP, replace(HTTP, source="t2/c-0")),
        (HTTP, replace(TCP, port=8080)),
        (TCP, replace(TCP, port=9001)),
        (TCP, replace(TCP, mode="server-first")),
        (TCP, replace(HTTP, port=9000)),
        (UDP, replace(UDP, port=9101)),
        (UDP, replace(TCP, port=9100)),
    ],
)
def test_another_path_vouches_for_nothing(call: Call, opened: Call) -> None:
    """Another server, port, protocol, version of HTTP, side that speaks first, or namespace."""
    assert missing(call, [opened])
    assert unproven([denied(call)], [opened]) == [denied(call)]
    assert unproven([closed(call)], [opened]) == [closed(call)]


def test_nothing_opened_vouches_for_nothing() -> None:
    """The reason names client, server, port and protocol."""
    assert (
        missing(HTTP, [])
        == "nothing showed that cli-c or another client of namespace t1 can reach t1/srv on port 8080 by HTTP/1.1"
    )


class TestClientsOutside:
    """They cannot be let in: the path is shown from inside, the client by another server."""

    inside, elsewhere = replace(OUTSIDE, source="t1/a-0", outside=False), replace(OUTSIDE, server="t1/plain")

    def test_both_are_needed(self) -> None:
        """One without the other is not enough."""
        assert not missing(OUTSIDE, [self.inside, self.elsewhere])
        assert "anybody can reach t1/srv" in missing(OUTSIDE, [self.elsewhere])
        assert "cli-a in out can send to port 8080" in missing(OUTSIDE, [self.inside])

    @pytest.mark.parametrize("change", [{"port": 8081}, {"version": "2"}, {"source": "t1/a-0"}, {"kind": "tcp"}])
    def test_the_other_server_is_reached_alike(self, change: dict[str, object]) -> None:
        """On the same port, by the same protocol, from the same namespace."""
        assert missing(OUTSIDE, [self.inside, replace(self.elsewhere, **change)])  # type: ignore[arg-type]
