"""The deviation of meshes in which each TrafficTarget routes to its own account's pods:
a Service serves those of one ServiceAccount."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_smi.reference.mesh.faults.fault import Deviation
from pytest_smi.reference.mesh.snapshot import Compiler, Key, Parts


def single_account_routes(
    service: Mapping[str, Any], pods: Mapping[str, Mapping[str, Any]], grants: Mapping[Key, list[dict[str, Any]]]
) -> dict[str, Any]:
    """Return the value of `svc/NS/NAME` with the endpoints of one granted account;
    as it is when no account behind it has a grant.

    Every TrafficTarget makes a route to the whole Service that leads to its destination's pods alone. Their rules are
    equal, so that one is used and the others never; which one is not said, here it is that of the first account by
    name. A port of TCP (by its hint) has routes of those targets only that name a TCPRoute, and UDP has none.
    """
    return {**dict(service), "ports": [_single_account(port, pods, grants) for port in service["ports"]]}


def _single_account(
    port: Mapping[str, Any], pods: Mapping[str, Mapping[str, Any]], grants: Mapping[Key, list[dict[str, Any]]]
) -> Mapping[str, Any]:
    if port["protocol"] != "TCP":
        return port
    accounts = {
        address: (pods[address]["ns"], pods[address]["sa"]) for address, _ in port["endpoints"] if address in pods
    }
    granted = [
        account
        for account in sorted(set(accounts.values()))
        if any(port["hint"] == "http" or grant["tcp"] is not None for grant in grants.get(account, ()))
    ]
    if not granted:
        return port
    return {
        **port,
        "endpoints": [endpoint for endpoint in port["endpoints"] if accounts.get(endpoint[0]) == granted[0]],
    }


class SingleAccountRoutes(Compiler):
    """Has a route to the whole Service for each TrafficTarget, and uses one of them."""

    def shared_services(self, parts: Parts) -> Mapping[Key, dict[str, Any]]:
        """Leave each Service the pods of one account."""
        return {
            key: single_account_routes(value, parts.pods, parts.grants)
            for key, value in super().shared_services(parts).items()
        }


SERVICE_SERVES_ONE_ACCOUNT = Deviation(
    name="service-serves-one-account",
    description="Of a Service's pods with several granted ServiceAccounts, those of one account get every call.",
    overrides=(SingleAccountRoutes,),
)
