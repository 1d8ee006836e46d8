"""The TCP and UDP echo as bytes: find `NONCE` lines among bytes that are echoed verbatim, read `ECHO` lines. Pure."""

from __future__ import annotations

_MARK = b"NONCE "
MAX_LINE = 512
"""Longest NONCE or ECHO line, in bytes; longer ones are plain bytes or a protocol error."""


class LineEcho:
    """Splits a byte stream into nonces (str, to be answered) and other bytes (to be echoed)."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._at_line_start = True

    def feed(self, data: bytes) -> list[str | bytes]:
        """Take bytes, return in order what is to be done about them; an unfinished NONCE line is held back."""
        self._held += data
        found: list[str | bytes] = []
        while self._held:
            end = self._held.find(b"\n")
            if self._at_line_start and self._may_be_nonce():
                if end < 0:
                    break
                nonce = nonce_of(bytes(self._held[: end + 1]))
                found.append(bytes(self._held[: end + 1]) if nonce is None else nonce)
                del self._held[: end + 1]
                continue
            count = end + 1 if end >= 0 else len(self._held)
            found.append(bytes(self._held[:count]))
            del self._held[:count]
            self._at_line_start = end >= 0
        return found

    def end(self) -> bytes:
        """Take the end of the stream: what was held back, to be echoed as it is."""
        held = bytes(self._held)
        self._held.clear()
        return held

    def _may_be_nonce(self) -> bool:
        return self._held.startswith(_MARK[: len(self._held)]) and len(self._held) <= MAX_LINE


def nonce_of(line: bytes) -> str | None:
    """Return the nonce of a `NONCE <nonce>` line or datagram, None if it is none."""
    text = line.rstrip(b"\r\n")
    nonce = text[len(_MARK) :]
    if not text.startswith(_MARK) or not nonce or len(line) > MAX_LINE or b" " in nonce or not nonce.isascii():
        return None
    return nonce.decode("ascii")


def nonce_line(nonce: str) -> bytes:
    """Return what a client sends."""
    return f"NONCE {nonce}\n".encode("ascii")


def echo_line(nonce: str, pod: str) -> bytes:
    """Return what a server answers."""
    return f"ECHO {nonce} {pod}\n".encode()


def parse_echo(line: bytes) -> tuple[str, str] | None:
    """Nonce and pod of an `ECHO <nonce> <pod>` line or datagram, None if it is none."""
    parts = line.rstrip(b"\r\n").decode("utf-8", "replace").split(" ")
    if len(parts) != 3 or parts[0] != "ECHO" or not parts[1] or not parts[2]:
        return None
    return parts[1], parts[2]
