"""The UDP half of the sandbox: picks one endpoint per socket and ClusterIP, and adds and strips the redirect's prefix.

Law: a datagram to or from the sidecar's redirect port carries 4 bytes IPv4 + 2 bytes port (network order)
of the far end; others are plain.
"""

from __future__ import annotations

import socket
import weakref
from collections.abc import Callable
from typing import Any

from pytest_smi.reference.node.network_view import REDIRECT_PORT, NetworkView

_real = socket.socket
_connect = _real.connect
_bind = _real.bind
_send = _real.send
_sendall = _real.sendall
_sendto = _real.sendto
_recv = _real.recv
_recvfrom = _real.recvfrom
_recv_into = _real.recv_into
_recvfrom_into = _real.recvfrom_into
_getsockname = _real.getsockname
_family = socket.SocketType.family.__get__
_type = socket.SocketType.type.__get__
_DGRAM = int(socket.SOCK_DGRAM)
_AF_INET = int(socket.AF_INET)
_PREFIX = 6
_MAX_PLAIN = 4096

Address = tuple[str, int]
original_peers: weakref.WeakKeyDictionary[socket.socket, Address] = weakref.WeakKeyDictionary()


class _State:
    """What one UDP socket remembers."""

    __slots__ = ("back", "connected", "forth", "plain")

    def __init__(self) -> None:
        self.connected: bytes | None = None
        """Prefix of the peer, when connected through the redirect."""
        self.forth: dict[Address, Address] = {}
        self.back: dict[Address, Address] = {}
        self.plain: set[Address] = set()
        """Peers that sent plain datagrams; answers to them are plain too."""


_states: weakref.WeakKeyDictionary[socket.socket, _State] = weakref.WeakKeyDictionary()


def state_of(sock: socket.socket) -> _State:
    """Return the memory of a UDP socket, made at need."""
    state = _states.get(sock)
    if state is None:
        state = _states[sock] = _State()
    return state


def prefix(address: Address) -> bytes:
    """Return the six bytes that name an address."""
    return socket.inet_aton(address[0]) + int(address[1]).to_bytes(2, "big")


def split(datagram: bytes) -> tuple[Address, bytes]:
    """Return the address in front of a datagram, and the rest."""
    return (socket.inet_ntoa(datagram[:4]), int.from_bytes(datagram[4:6], "big")), datagram[_PREFIX:]


def connect(view: NetworkView, sock: socket.socket, address: Address) -> None:
    """connect() of a UDP socket."""
    state = state_of(sock)
    state.connected = None
    original_peers.pop(sock, None)
    if address in state.plain:
        return _connect(sock, address)
    route = view.route(address[0], address[1], "UDP")
    if isinstance(route, int):
        raise OSError(route, "No way to " + address[0])
    _take_source(view, sock)
    if route.redirect:
        state.connected = prefix(address)
    if (route.ip, route.port) != address:
        original_peers[sock] = address
    return _connect(sock, (route.ip, route.port))


def _take_source(view: NetworkView, sock: socket.socket) -> None:
    if view.pod.mode != "sidecar" and _getsockname(sock)[1] == 0:
        _bind(sock, (view.pod.app_ip, 0))


def _send_datagram(view: NetworkView, sock: socket.socket, data: Any, flags: int, address: Address) -> int:
    state = state_of(sock)
    if address in state.plain:
        return _sendto(sock, data, flags, address)
    target = state.forth.get(address)
    if target is None:
        route = view.route(address[0], address[1], "UDP")
        if isinstance(route, int):
            raise OSError(route, "No way to " + address[0])
        _take_source(view, sock)
        if route.redirect:
            return max(0, _sendto(sock, prefix(address) + bytes(data), flags, (route.ip, route.port)) - _PREFIX)
        target = (route.ip, route.port)
        if target != address:
            # Kept for the socket's life, as connection tracking does, so that answers find back to the ClusterIP.
            state.forth[address] = target
            state.back[target] = address
    return _sendto(sock, data, flags, target)


def install(view: NetworkView, destination: Callable[[NetworkView, Any], Address]) -> None:
    """Wrap the datagram methods of socket.socket."""
    pod = view.pod
    sidecar = (pod.pod_ip, REDIRECT_PORT)

    def sendto(self: socket.socket, data: Any, *rest: Any) -> int:
        if _type(self) != _DGRAM or _family(self) != _AF_INET or not rest:
            return _sendto(self, data, *rest)
        flags = rest[0] if len(rest) > 1 else 0
        return _send_datagram(view, self, data, flags, destination(view, rest[-1]))

    def recvfrom(self: socket.socket, bufsize: int, flags: int = 0, /) -> tuple[bytes, Any]:
        state = _states.get(self)
        if state is None:
            return _recvfrom(self, bufsize, flags)
        data, source = _recvfrom(self, bufsize + _PREFIX, flags)
        if pod.mode == "redirected":
            if source == sidecar and len(data) >= _PREFIX:
                source, data = split(data)
            elif source is not None:
                if len(state.plain) >= _MAX_PLAIN:
                    state.plain.clear()
                state.plain.add(source)
        return data[:bufsize], state.back.get(source, source)

    def recvfrom_into(self: socket.socket, buffer: Any, nbytes: int = 0, flags: int = 0, /) -> tuple[int, Any]:
        if self not in _states:
            return _recvfrom_into(self, buffer, nbytes, flags)
        room = memoryview(buffer).cast("B")
        data, source = self.recvfrom(nbytes or len(room), flags)
        room[: len(data)] = data
        return len(data), source

    for function in (sendto, recvfrom, recvfrom_into):
        setattr(_real, function.__name__, function)
    if pod.mode == "redirected":
        _install_redirected()


def _install_redirected() -> None:
    """Wrap also what connected sockets use; TCP passes after one look at an empty table."""

    def send(self: socket.socket, data: Any, flags: int = 0, /) -> int:
        state = _states.get(self) if _states else None
        if state is None or state.connected is None:
            return _send(self, data, flags)
        return max(0, _send(self, state.connected + bytes(data), flags) - _PREFIX)

    def sendall(self: socket.socket, data: Any, flags: int = 0, /) -> None:
        state = _states.get(self) if _states else None
        if state is None or state.connected is None:
            return _sendall(self, data, flags)
        return _sendall(self, state.connected + bytes(data), flags)

    def recv(self: socket.socket, bufsize: int, flags: int = 0, /) -> bytes:
        if not _states or self not in _states:
            return _recv(self, bufsize, flags)
        return self.recvfrom(bufsize, flags)[0]

    def recv_into(self: socket.socket, buffer: Any, nbytes: int = 0, flags: int = 0, /) -> int:
        if not _states or self not in _states:
            return _recv_into(self, buffer, nbytes, flags)
        return self.recvfrom_into(buffer, nbytes, flags)[0]

    for function in (send, sendall, recv, recv_into):
        setattr(_real, function.__name__, function)
