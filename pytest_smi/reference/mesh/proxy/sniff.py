"""Which protocol the first bytes of a connection speak; pure."""

from __future__ import annotations

import enum
import re

from pytest_smi.reference.mesh.proxy.http2_front import PREFACE

_REQUEST_LINE = re.compile(rb"[A-Za-z][A-Za-z0-9!#$%&'*+.^_`|~-]{0,31} [^ \r\n]+ HTTP/1\.[01]\r?\n")
_MAYBE = re.compile(rb"[A-Za-z][A-Za-z0-9!#$%&'*+.^_`|~-]{0,31}( [^ \r\n]*( [HTP/1.0]{0,8}\r?)?)?")
_LONGEST_LINE = 65536


class Spoken(enum.Enum):
    """What a connection speaks."""

    HTTP1 = "HTTP/1.1"
    """An HTTP/1.x request line is there."""
    HTTP2 = "HTTP/2"
    """The connection preface of HTTP/2 is there."""
    OPAQUE = "TCP"
    """Neither can follow any more."""
    UNDECIDED = "undecided"
    """More bytes are needed."""


def sniff(data: bytes) -> Spoken:
    """Return what `data`, the first bytes of a connection, speaks."""
    if data.startswith(PREFACE):
        return Spoken.HTTP2
    if PREFACE.startswith(data):
        return Spoken.UNDECIDED
    if _REQUEST_LINE.match(data):
        return Spoken.HTTP1
    return Spoken.UNDECIDED if len(data) < _LONGEST_LINE and _MAYBE.fullmatch(data) else Spoken.OPAQUE
