"""Of a Service's pods those of one ServiceAccount, for meshes in which each TrafficTarget routes to its own account's pods; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Key = tuple[str, str]


def of_one_account(
    service: Mapping[str, Any], pods: Mapping[str, Mapping[str, Any]], grants: Mapping[Key, list[dict[str, Any]]]
) -> dict[str, Any]:
    """The value of `svc/NS/NAME` with the endpoints of one granted account; as it is when no account behind it has a grant.

    Every TrafficTarget makes a route to the whole Service that leads to its destination's pods alone. Their rules are equal, so that one
    is used and the others never; which one is not said, here it is that of the first account by name. A port of TCP (by its hint) has
    routes of those targets only that name a TCPRoute, and UDP has none.
    """
    return {**dict(service), "ports": [_of_one_account(port, pods, grants) for port in service["ports"]]}


def _of_one_account(
    port: Mapping[str, Any], pods: Mapping[str, Mapping[str, Any]], grants: Mapping[Key, list[dict[str, Any]]]
) -> Mapping[str, Any]:
    if port["protocol"] != "TCP":
        return port
    accounts = {address: (pods[address]["ns"], pods[address]["sa"]) for address, _ in port["endpoints"] if address in pods}
    granted = [
        account
        for account in sorted(set(accounts.values()))
        if any(port["hint"] == "http" or grant["tcp"] is not None for grant in grants.get(account, ()))
    ]
    if not granted:
        return port
    return {**port, "endpoints": [endpoint for endpoint in port["endpoints"] if accounts.get(endpoint[0]) == granted[0]]}
