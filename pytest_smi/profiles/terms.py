"""The words and forms that the fields of a profile have, with what each form means in messages. Pure."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from pytest_smi.core.document import OneOf, Shape
from pytest_smi.core.terms import VERSIONS

PROVIDERS = ("embedded", "cluster")
FEATURES = ("http2", "tcp", "udp", "peer-address-allowed", "peer-address-denied", "unjoined-servers")
STATES = ("maintained", "dormant", "archived", "ended", "no-smi")
FAMILIES = ("http", "tcp", "udp")
"""Protocol families: the kinds of call, and the kinds of Service that a mesh may tell apart."""
PROTOCOLS = ("http", "tcp", "tcp-server-first", "udp")
"""What a port speaks: HTTP (1.1, and 2 with prior knowledge), TCP where the client speaks first,
TCP where the server does, UDP."""
KINDS = ("deployment", "daemonset", "statefulset")
OUTCOMES = ("refused", "reset", "closed", "timeout", "dns", "unreachable", "protocol")
"""How a call may end without an answer, in the prober's words."""

Scalar = str | int | float | bool
_NAMES = r"([^{}]|\{service\}|\{namespace\})*"
_WORKLOAD = f"([^/]+/)?({'|'.join(KINDS)})/[^/]+"
NAME = r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$"
FILLED = r"\S"
HOST = (
    f"^({_NAMES}\\{{service\\}}{_NAMES}\\{{namespace\\}}{_NAMES}"
    f"|{_NAMES}\\{{namespace\\}}{_NAMES}\\{{service\\}}{_NAMES})$"
)
WORKLOAD = f"^{_WORKLOAD}$"
WORKLOAD_OR_NONE = f"^({_WORKLOAD})?$"
RELEASE = r"^(1\.[0-9]+)?$"
QUANTITY = r"^[0-9]+(\.[0-9]+)?(m|[kMGT]i?)?$"
VERSION_FROM = "^(image-tag|image-digest|label:.+|annotation:.+)$"
SIGNATURE = f"^([1-5][0-9][0-9]|{'|'.join(OUTCOMES)})$"
MEANINGS = {
    NAME: "lower-case letters, digits, '-' and '.'",
    FILLED: "a string that is not empty",
    HOST: "a string with {service} and {namespace} and no other placeholder",
    WORKLOAD: f"[namespace/]kind/name with kind one of {', '.join(KINDS)}",
    WORKLOAD_OR_NONE: f"[namespace/]kind/name with kind one of {', '.join(KINDS)}",
    RELEASE: 'a string such as "1.23"',
    QUANTITY: "a Kubernetes quantity in quotes, such as 100m or 64Mi",
    VERSION_FROM: "image-tag, image-digest, label:KEY or annotation:KEY",
    SIGNATURE: f"a status code in quotes, or one of {', '.join(OUTCOMES)}",
}
"""Pattern → what a string of it is, in messages."""

Filled = Annotated[str, Field(pattern=FILLED)]
Workload = Annotated[str, Field(pattern=WORKLOAD)]


def _newest_first(versions: tuple[str, ...]) -> tuple[str, ...]:
    if not versions:
        raise ValueError("lists no version: leave the API out instead")
    if list(versions) != sorted(set(versions), reverse=True):
        raise ValueError(f"must be listed once each, newest first, found {', '.join(versions)}")
    return versions


def versions_of(*apis: str) -> Shape:
    """Return the shape of a mapping from these APIs to the versions of each, newest first."""
    listed = Field(json_schema_extra={"minItems": 1, "uniqueItems": True})
    return Shape(
        {
            api: Annotated[
                tuple[Annotated[str, OneOf(VERSIONS[api])], ...],
                AfterValidator(_newest_first),
                listed,
                Field(description=f"Versions of {api}, newest first."),
            ]
            for api in apis
        },
        required=False,
    )
