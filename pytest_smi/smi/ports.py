"""Where a grant's port limit is written: in the TCPRoute from specs v1alpha4 on, in the target's destination before.
Pure.

The two say the same of a grant of one TCPRoute. What they do not say alike is not expressible: several ports,
a port limit beside HTTP routes (there the old versions mean both together, the new ones leave it open),
or a route whose ports are not known here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pytest_smi.smi.model import HTTPRouteGroup, Rule, SmiObject, TCPRoute, UDPRoute
from pytest_smi.smi.versions import before, not_expressible

Granted = HTTPRouteGroup | TCPRoute | UDPRoute | Rule


def in_destination(versions: Mapping[str, str]) -> bool:
    """Return whether these versions write a grant's port in the destination of its target."""
    return (
        "access" in versions
        and "specs" in versions
        and before(versions["specs"], "v1alpha4")
        and before(versions["access"], "v1alpha3")
    )


def without_ports(record: SmiObject, versions: Mapping[str, str]) -> SmiObject:
    """Return the record as it is applied: a TCPRoute loses its ports where the target that grants it says them."""
    return replace(record, ports=()) if isinstance(record, TCPRoute) and in_destination(versions) else record


def port_of(granted: Sequence[Granted], versions: Mapping[str, str]) -> int | None:
    """Return the port that a target of these rules must name, None when it names none. Raises NotExpressible."""
    if not in_destination(versions):
        return None
    version = versions["access"]
    if any(isinstance(rule, Rule) and rule.kind == "TCPRoute" for rule in granted):
        raise not_expressible(
            "access", version, "a grant of a TCPRoute by its name alone, since its ports belong into the target"
        )
    ports = {port for rule in granted if isinstance(rule, TCPRoute) for port in rule.ports}
    if not ports:
        return None
    if len(ports) > 1:
        raise not_expressible("access", version, f"a grant of several ports ({', '.join(map(str, sorted(ports)))})")
    if not all(isinstance(rule, TCPRoute) and rule.ports for rule in granted):
        raise not_expressible("access", version, "a port limit for one of several rules")
    return ports.pop()
