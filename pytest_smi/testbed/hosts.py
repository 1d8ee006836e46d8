"""Under which names clients address Services: by protocol family, and by whether the client is in the mesh. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_smi.profiles.record import Profile

SUFFIXES = {"http": "", "tcp": "-tcp", "udp": "-udp"}
"""Family → what is appended to the name of a Service where each family has one of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """The names of one Service; `host` and `outside_host` are templates with {service} and {namespace}."""

    service: str
    namespace: str
    host: str
    outside_host: str
    separate: bool = False

    @classmethod
    def of(cls, profile: Profile, service: str, namespace: str) -> Addresses:
        """Return the names that a profile gives to a Service."""
        return cls(
            service=service,
            namespace=namespace,
            host=profile.host,
            outside_host=profile.outside_host,
            separate=profile.services.separate,
        )

    def name(self, family: str) -> str:
        """Return the name of the Service that carries ports of a family (http, tcp or udp)."""
        return self.service + SUFFIXES[family] if self.separate else self.service

    def names(self) -> set[str]:
        """Return the names of the Service for every family."""
        return {self.name(family) for family in SUFFIXES}

    def of_call(self, family: str, *, outside: bool) -> str:
        """Return the host name for calls of a family by a client inside or outside the mesh."""
        template = self.outside_host if outside else self.host
        return template.format(service=self.name(family), namespace=self.namespace)
