"""Every version of every SMI kind is read into the same records, whatever `apiVersion` it is read under."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_smi.reference.mesh.smi import SmiError
from pytest_smi.reference.mesh.smi_parse import parse_group, parse_port_route, parse_split, parse_target

META = {"metadata": {"name": "x", "namespace": "t1"}}
DESTINATION = {"kind": "ServiceAccount", "name": "srv", "namespace": "t1"}
SOURCES = [{"kind": "ServiceAccount", "name": "a", "namespace": "t2"}]
RULES = [{"kind": "HTTPRouteGroup", "name": "g", "matches": ["m"]}]
ROUTES = [{"name": "m", "pathRegex": "/m", "methods": ["GET"]}]


def test_a_target_of_the_first_version_equals_one_of_the_third() -> None:
    """Fields at the top level, the list of rules under its old name."""
    old = parse_target({**META, "destination": DESTINATION, "specs": RULES, "sources": SOURCES})
    new = parse_target({**META, "spec": {"destination": DESTINATION, "rules": RULES, "sources": SOURCES}})
    assert old == new
    assert old.destination == ("t1", "srv")


@pytest.mark.parametrize("old", [True, False])
def test_the_destinations_port_is_read_where_versions_have_it(old: bool) -> None:
    """A port of the destination limits the grant; JSON numbers may come as floats."""
    destination = {**DESTINATION, "port": 8080.0}
    body = {"destination": destination, "sources": SOURCES}
    found = parse_target({**META, **body, "specs": RULES} if old else {**META, "spec": {**body, "rules": RULES}})
    assert found.port == 8080


def test_a_bad_port_of_a_destination_is_named_by_its_path() -> None:
    """The path is that of the version."""
    with pytest.raises(SmiError, match=r"^destination\.port"):
        parse_target({**META, "destination": {**DESTINATION, "port": 0}, "specs": RULES})
    with pytest.raises(SmiError, match=r"^spec\.destination\.port"):
        parse_target({**META, "spec": {"destination": {**DESTINATION, "port": "http"}, "rules": RULES}})


def test_a_destination_without_namespace_is_noted() -> None:
    """Some meshes want it written."""
    bare = {key: value for key, value in DESTINATION.items() if key != "namespace"}
    assert not parse_target({**META, "spec": {"destination": bare}}).placed
    assert parse_target({**META, "spec": {"destination": DESTINATION}}).placed


def test_an_old_route_group_equals_a_new_one() -> None:
    """`matches` at the top level before specs v1alpha3."""
    assert parse_group({**META, "matches": ROUTES}) == parse_group({**META, "spec": {"matches": ROUTES}})


def test_a_route_without_body_means_every_port() -> None:
    """TCPRoutes before specs v1alpha4 have no body, or an empty one."""
    assert parse_port_route(META).ports == "*"
    assert parse_port_route({**META, "spec": {}}).ports == "*"


@pytest.mark.parametrize(("raw", "expected"), [(("1", "500m"), (2, 1)), ((90, 10), (90, 10)), ((1, "500m"), (2, 1))])
def test_weights_of_the_first_version_are_quantities(raw: tuple[Any, Any], expected: tuple[int, int]) -> None:
    """A quantity may be read under the name of any version, since nothing is converted."""
    backends = [{"service": f"v{i}", "weight": weight} for i, weight in enumerate(raw)]
    found = parse_split({**META, "spec": {"service": "app", "backends": backends}})
    assert tuple(weight for _, weight in found.backends) == expected
