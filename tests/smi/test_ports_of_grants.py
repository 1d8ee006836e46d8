"""Where a grant's port is written, by version."""

import pytest

from pytest_smi.smi.model import HTTPMatch, HTTPRouteGroup, Rule, TCPRoute, UDPRoute
from pytest_smi.smi.ports import port_of, without_ports
from pytest_smi.smi.render import NotExpressible, render

OLD = {"access": "v1alpha2", "specs": "v1alpha3"}
NEW = {"access": "v1alpha3", "specs": "v1alpha4"}
GROUP = HTTPRouteGroup(name="g", namespace="n", matches=(HTTPMatch(name="m", path="/m", methods=("*",)),))
ROUTE = TCPRoute(name="r", namespace="n", ports=(9000,))
ALL = TCPRoute(name="all", namespace="n")


def test_port_moves_into_the_target() -> None:
    """Old: the route is bare and the target names the port. New: the route names it."""
    assert (port_of([ROUTE], OLD), without_ports(ROUTE, OLD)) == (9000, TCPRoute(name="r", namespace="n"))
    assert (port_of([ROUTE], NEW), without_ports(ROUTE, NEW)) == (None, ROUTE)


def test_grant_without_ports_needs_none() -> None:
    """A grant of HTTP routes or of every TCP port is the same in both."""
    assert port_of([GROUP], OLD) is None
    assert port_of([GROUP, ALL], OLD) is None


@pytest.mark.parametrize(
    ("granted", "said"),
    [
        ([ROUTE, TCPRoute(name="s", namespace="n", ports=(9001,))], "several ports \\(9000, 9001\\)"),
        ([TCPRoute(name="s", namespace="n", ports=(1, 2))], "several ports"),
        ([GROUP, ROUTE], "a port limit for one of several rules"),
        ([ROUTE, ALL], "a port limit for one of several rules"),
        ([Rule(kind="TCPRoute", name="r")], "by its name alone"),
    ],
)
def test_grant_that_the_old_form_would_change_is_not_expressible(
    granted: list[HTTPRouteGroup | TCPRoute | UDPRoute | Rule], said: str
) -> None:
    """A wider or narrower grant than was meant would judge the mesh by something else."""
    with pytest.raises(NotExpressible, match=f"not expressible in access v1alpha2: .*{said}"):
        port_of(granted, OLD)


def test_versions_that_do_not_belong_together_have_no_place_for_ports() -> None:
    """access v1alpha3 took the port out of the target, specs v1alpha3 does not have it in the route."""
    versions = {"access": "v1alpha3", "specs": "v1alpha3"}

    with pytest.raises(NotExpressible, match="not expressible in specs v1alpha3: the ports of a TCPRoute"):
        render(without_ports(ROUTE, versions), versions)
