"""Gives a process the network view of a pod, by wrapping the methods of `socket.socket` and the name functions
of `socket`.

Law: the wrappers only translate addresses; what a route is, `network_view` decides. AF_UNIX is untouched,
IPv6 does not exist in a pod.
Programs that connect below the socket module (uvloop's own create_connection) are not covered
and must be handed a connected socket.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import weakref
from typing import Any

from pytest_smi.reference.node import sandbox_names, sandbox_udp
from pytest_smi.reference.node.network_view import NetworkView, PodNetwork

NETWORK_VARIABLE = "SANDBOX_NETWORK"
"""Environment variable that carries the PodNetwork into programs that are executed rather than forked."""
IP_BIND_ADDRESS_NO_PORT = 24
_CONNECT_WAIT = 2.0

_real = socket.socket
_connect = _real.connect
_connect_ex = _real.connect_ex
_bind = _real.bind
_getpeername = _real.getpeername
_getsockname = _real.getsockname
_TCP = int(socket.SOCK_STREAM)
_AF_INET = int(socket.AF_INET)
_AF_INET6 = int(socket.AF_INET6)
# The C members, which skip the conversion to enums that socket.socket's properties make.
_family = socket.SocketType.family.__get__
_type = socket.SocketType.type.__get__
_original: weakref.WeakKeyDictionary[socket.socket, tuple[str, int]] = weakref.WeakKeyDictionary()


def os_error(number: int) -> OSError:
    """Return the exception that the kernel's errno would have raised."""
    return OSError(number, os.strerror(number))


def destination(view: NetworkView, address: Any) -> tuple[str, int]:
    """(ip, port) of an AF_INET address whose host may be a name."""
    host, port = address[0], address[1]
    if isinstance(host, bytes | bytearray):
        host = bytes(host).decode("ascii")
    return (host if host == "" or sandbox_names.is_ipv4(host) else sandbox_names.lookup(view, host)[0]), port


def _take_source(sock: socket.socket, ip: str) -> None:
    try:
        sock.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        _bind(sock, (ip, 0))
    except OSError as error:
        # EINVAL: the program has bound the socket already, to its own address.
        if error.errno != errno.EINVAL:
            raise


def _connect_tcp(view: NetworkView, sock: socket.socket, address: Any) -> None:
    ip, port = destination(view, address)
    route = view.route(ip, port, "TCP")
    if isinstance(route, int):
        raise os_error(route)
    if view.pod.mode != "sidecar":
        _take_source(sock, view.pod.pod_ip)
    if not route.redirect:
        if route.ip != ip:
            _original[sock] = (ip, port)
        _connect(sock, (route.ip, route.port))
        return
    _connect_and_announce(sock, (route.ip, route.port), f"ORIGDST {ip}:{port}\n".encode("ascii"))
    _original[sock] = (ip, port)


def _connect_and_announce(sock: socket.socket, target: tuple[str, int], preface: bytes) -> None:
    """Connect and send the preface before the program can send.

    A loopback handshake is over when connect returns, save under overload.
    """
    timeout = sock.gettimeout()
    if timeout is None or timeout > 0:
        _connect(sock, target)
        sock.sendall(preface)
        return
    try:
        _connect(sock, target)
    except BlockingIOError:
        poll = select.poll()
        poll.register(sock.fileno(), select.POLLOUT)
        if not poll.poll(_CONNECT_WAIT * 1000):
            raise os_error(errno.ETIMEDOUT) from None
        failed = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if failed:
            raise os_error(failed) from None
    sock.send(preface)


def _wrap_addresses(view: NetworkView) -> None:
    pod = view.pod

    def connect(self: socket.socket, address: Any, /) -> None:
        family = _family(self)
        if family == _AF_INET6:
            raise os_error(errno.ENETUNREACH)
        if family != _AF_INET:
            return _connect(self, address)
        if _type(self) == _TCP:
            return _connect_tcp(view, self, address)
        return sandbox_udp.connect(view, self, destination(view, address))

    def connect_ex(self: socket.socket, address: Any, /) -> int:
        if _family(self) not in (_AF_INET, _AF_INET6):
            return _connect_ex(self, address)
        try:
            self.connect(address)
        except socket.gaierror:
            raise
        except BlockingIOError:
            return errno.EINPROGRESS
        except TimeoutError as error:
            return error.errno or errno.EAGAIN
        except OSError as error:
            if error.errno is None:
                raise
            return error.errno
        return 0

    def bind(self: socket.socket, address: Any, /) -> None:
        family = _family(self)
        if family == _AF_INET6:
            raise os_error(errno.EADDRNOTAVAIL)
        if family != _AF_INET:
            return _bind(self, address)
        ip, port = destination(view, address)
        really = view.bind_address(ip)
        if really is None:
            raise os_error(errno.EADDRNOTAVAIL)
        if _type(self) != _TCP:
            sandbox_udp.state_of(self)
        return _bind(self, (really, port))

    def getpeername(self: socket.socket, /) -> Any:
        known = _original.get(self)
        if known is None or _family(self) != _AF_INET:
            return _getpeername(self)
        _getpeername(self)  # Raises when the connection is not (or no longer) there.
        return known

    def getsockname(self: socket.socket, /) -> Any:
        found = _getsockname(self)
        if isinstance(found, tuple) and found[0] == pod.app_ip:
            return (pod.pod_ip, *found[1:])
        return found

    for function in (connect, connect_ex, getpeername):
        setattr(_real, function.__name__, function)
    if pod.mode != "sidecar":
        for function in (bind, getsockname):
            setattr(_real, function.__name__, function)
        sandbox_udp.install(view, destination)


def install(pod: PodNetwork) -> None:
    """Make this process see the network as the pod does, for the rest of its life."""
    view = NetworkView(pod)
    sandbox_udp.original_peers = _original
    sandbox_names.install(view)
    _wrap_addresses(view)


def install_from_environment() -> None:
    """As `install`, with what NETWORK_VARIABLE says; does nothing without it."""
    text = os.environ.get(NETWORK_VARIABLE)
    if text:
        install(PodNetwork.from_json(text))
