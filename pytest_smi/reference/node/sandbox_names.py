"""The names half of the sandbox: the name functions of `socket` answer as the cluster's name server does.

Law: names and addresses of the machine outside are not seen; IPv6 does not exist in a pod.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

from pytest_smi.reference.node.names import Failure
from pytest_smi.reference.node.network_view import NetworkView

_getaddrinfo = socket.getaddrinfo
_AF_INET6 = int(socket.AF_INET6)
_literals: dict[str, bool] = {}


def is_ipv4(host: str) -> bool:
    """Return whether `host` is an IPv4 literal."""
    known = _literals.get(host)
    if known is None:
        try:
            socket.inet_pton(socket.AF_INET, host)
            known = True
        except (OSError, UnicodeEncodeError):
            known = False
        if len(_literals) > 4096:
            _literals.clear()
        _literals[host] = known
    return known


def lookup(view: NetworkView, host: str) -> tuple[str, ...]:
    """Return addresses of a host; raises socket.gaierror as the C library would."""
    found = view.resolve(host)
    if found is Failure.SERVFAIL:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
    if isinstance(found, Failure):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return found


def install(view: NetworkView) -> None:
    """Replace the name functions of `socket`."""

    def getaddrinfo(host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0) -> Any:
        if isinstance(host, bytes | bytearray):
            host = bytes(host).decode("ascii")
        if host is None or host == "":
            addresses: tuple[str, ...] = ("0.0.0.0" if flags & socket.AI_PASSIVE else "127.0.0.1",)  # noqa: S104
        elif is_ipv4(host):
            addresses = (host,)
        elif ":" in host:
            ipaddress.ip_address(host.partition("%")[0])
            raise socket.gaierror(socket.EAI_ADDRFAMILY, "Address family for hostname not supported")
        elif flags & socket.AI_NUMERICHOST:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        else:
            addresses = lookup(view, host)
        if family == _AF_INET6:
            raise socket.gaierror(socket.EAI_ADDRFAMILY, "Address family for hostname not supported")
        found: list[Any] = []
        for address in addresses:
            found += _getaddrinfo(address, port, socket.AF_INET, type, proto, flags | socket.AI_NUMERICHOST)
        return found

    def gethostbyname(hostname: str, /) -> str:
        return hostname if is_ipv4(hostname) else lookup(view, hostname)[0]

    def gethostbyname_ex(hostname: str, /) -> tuple[str, list[str], list[str]]:
        return (hostname, [], [hostname] if is_ipv4(hostname) else list(lookup(view, hostname)))

    def gethostname() -> str:
        return view.pod.hostname

    for function in (getaddrinfo, gethostbyname, gethostbyname_ex, gethostname):
        setattr(socket, function.__name__, function)
