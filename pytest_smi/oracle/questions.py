"""A question as people write it: `GET /x`, `TCP 9000`, `namespace/account`, `name: value`. Pure."""

from __future__ import annotations

import re

from pytest_smi.oracle.records import Call, Workload, World

_METHOD = re.compile(r"[A-Z][A-Z0-9!#$%&'*+.^_`|~-]*")
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
LARGEST_TEXT = 8192
"""Longest path or header value, in characters; servers take no longer ones."""


def read_call(text: str, headers: tuple[str, ...]) -> tuple[Call, int | None]:
    """Return a call, and the port of a raw one. Raises ValueError with what is allowed."""
    first, _, rest = text.strip().partition(" ")
    rest = rest.strip()
    if first in ("TCP", "UDP"):
        if headers:
            raise ValueError(f"headers are of HTTP requests, and {text!r} is none")
        if not rest.isascii() or not rest.isdecimal() or len(rest) > 5 or not 0 < int(rest) < 65536:
            raise ValueError(f"a raw call is written like 'TCP 9000' or 'UDP 53', found {text!r}")
        return Call(protocol=first), int(rest)
    if not _METHOD.fullmatch(first) or not rest.startswith("/") or any(letter.isspace() for letter in rest):
        raise ValueError(f"a request is written like 'GET /path', 'TCP 9000' or 'UDP 53', found {text!r}")
    if len(rest) > LARGEST_TEXT:
        raise ValueError(f"a path has at most {LARGEST_TEXT} characters, found {len(rest)}")
    return Call(protocol="HTTP", method=first, path=rest, headers=tuple(map(_header, headers))), None


def read_workload(text: str, world: World, *, member: bool = True) -> Workload:
    """Return the workload of an account, with the labels of the first pod of it that is known.

    Raises ValueError with what is allowed.
    """
    namespace, slash, account = text.partition("/")
    if not slash or not _NAME.fullmatch(namespace) or not _NAME.fullmatch(account):
        raise ValueError(f"a workload is written NAMESPACE/SERVICEACCOUNT, found {text!r}")
    known = (one for one in world.workloads if (one.namespace, one.account) == (namespace, account))
    found = next(known, None)
    return Workload(
        namespace=namespace, account=account, labels=found.labels if found is not None else (), member=member
    )


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if (
        not colon
        or not _HEADER_NAME.fullmatch(name.strip())
        or any(ord(letter) < 32 for letter in value)
        or len(value) > LARGEST_TEXT
    ):
        raise ValueError(f"a header is written 'name: value', found {text!r}")
    return name.strip(), value.strip()
