"""Faults of ports and names of the root: which of its calls are split, and to which port of a backend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.splits import (
    Call,
    Candidate,
    Choice,
    PortKey,
    Service,
    Services,
    Split,
    SplitChooser,
    ordinary,
)


class TargetPortOfRoot(SplitChooser):
    """Takes the root's target port for everybody's."""

    def weigh(self, split: Split, root: Service, port: PortKey, call: Call | None, services: Services) -> Choice:
        """Go to that port of the chosen backend's pods."""
        choice = super().weigh(split, root, port, call, services)
        target = next((target for _, target in root.ports.get(port, ())), None)
        if choice.backend is None or target is None:
            return choice
        return replace(choice, endpoints=[(address, target) for address, _ in choice.endpoints])


TARGET_PORT_OF_ROOT = Fault(
    name="split-target-port-of-root",
    description="The root's target port is used for every backend.",
    breaks=("SP-23", "SP-24", "SP-65"),
    overrides=(TargetPortOfRoot,),
)


class FirstPortOnly(SplitChooser):
    """Reads a list as one entry."""

    def choose(
        self, root: Service, port: PortKey, call: Call | None, splits: Sequence[Split], services: Services
    ) -> Choice:
        """Split no port of the root but the first."""
        return super().choose(root, port, call, splits if port == next(iter(root.ports), None) else (), services)


FIRST_PORT_ONLY = Fault(
    name="split-first-port-only",
    description="Only the first port of the root is split.",
    breaks=("SP-25", "SP-65"),
    overrides=(FirstPortOnly,),
)


class PortlessKeepsShare(SplitChooser):
    """Chooses a backend before it looks at its ports."""

    def candidate(self, split: Split, weight: int, root: Service, port: PortKey, backend: Service) -> Candidate | None:
        """Take a backend without the root's port for a candidate that nobody is behind."""
        if weight > 0 and self.match_port(root, port, backend) is None:
            return Candidate(backend.key[1], weight, ())
        return super().candidate(split, weight, root, port, backend)


PORTLESS_KEEPS_SHARE = Fault(
    name="split-portless-keeps-share",
    description="A backend without the root's port keeps its share, which fails.",
    breaks=("SP-26", "SP-27", "SP-65"),
    overrides=(PortlessKeepsShare,),
)


class PortsByName(SplitChooser):
    """Knows a port by its name."""

    def match_port(self, root: Service, port: PortKey, backend: Service) -> PortKey | None:
        """Find the backend's port of the same name."""
        wanted = root.names.get(port)
        return next((key for key, name in backend.names.items() if name == wanted), None)


PORTS_BY_NAME = Fault(
    name="split-ports-by-name",
    description="Ports of root and backends are matched by name.",
    breaks=("SP-26", "SP-29"),
    overrides=(PortsByName,),
)


class NamesMustAgree(SplitChooser):
    """Compares ports as a whole."""

    def match_port(self, root: Service, port: PortKey, backend: Service) -> PortKey | None:
        """Refuse a port of the right number that has another name than the root's."""
        found = super().match_port(root, port, backend)
        return found if found is not None and backend.names.get(found) == root.names.get(port) else None


NAMES_MUST_AGREE = Fault(
    name="split-port-names-must-agree",
    description="A backend's port counts only when it has the root's number and name.",
    breaks=("SP-29",),
    overrides=(NamesMustAgree,),
)


class FirstPortOfBackend(SplitChooser):
    """Looks for a port, and takes the first."""

    def match_port(self, root: Service, port: PortKey, backend: Service) -> PortKey | None:
        """Return the first port that a backend lists, if it has the root's at all."""
        return next(iter(backend.ports)) if super().match_port(root, port, backend) is not None else None


FIRST_PORT_OF_BACKEND = Fault(
    name="split-first-port-of-backend",
    description="Whichever port of the root is called, the first port that the backend lists is used.",
    breaks=("SP-23", "SP-65"),
    overrides=(FirstPortOfBackend,),
)


class SamePortsOnly(SplitChooser):
    """Wants backends like the root."""

    def match_port(self, root: Service, port: PortKey, backend: Service) -> PortKey | None:
        """Refuse a backend that has ports which the root has not."""
        return super().match_port(root, port, backend) if backend.ports.keys() <= root.ports.keys() else None


SAME_PORTS_ONLY = Fault(
    name="split-same-ports-only",
    description="A backend with a port that the root does not have is left out.",
    breaks=("SP-30", "SP-65"),
    overrides=(SamePortsOnly,),
)


class RestIsEven(SplitChooser):
    """Divides what a backend leaves over."""

    def candidates(self, split: Split, root: Service, port: PortKey, services: Services) -> list[Candidate]:
        """Weigh all others alike when one lacks the root's port."""
        found = super().candidates(split, root, port, services)
        known = [backend for name, _ in split.backends if (backend := services.get((split.key[0], name)))]
        whole = all(self.match_port(root, port, backend) is not None for backend in known)
        return found if whole else [replace(candidate, weight=1) for candidate in found]


REST_IS_EVEN = Fault(
    name="split-portless-rest-is-even",
    description="When a backend lacks the root's port the others share the traffic equally.",
    breaks=("SP-27",),
    overrides=(RestIsEven,),
)


class ShortNamesOnly(SplitChooser):
    """Knows a Service by the name that callers use."""

    def choose(
        self, root: Service, port: PortKey, call: Call | None, splits: Sequence[Split], services: Services
    ) -> Choice:
        """Leave calls that name the root in full to it."""
        if call is not None and _host(call).endswith(b".svc.cluster.local"):
            return ordinary(root, port)
        return super().choose(root, port, call, splits, services)


def _host(call: Call) -> bytes:
    """Return the host that a request names, without its port."""
    return next(
        (value.partition(b":")[0] for name, value in call.headers if name.lower() in (b"host", b":authority")), b""
    )


SHORT_NAMES_ONLY = Fault(
    name="split-short-names-only",
    description="Calls that name the root in full, with the cluster domain, are not split.",
    breaks=(
        *("SP-01", "SP-02", "SP-03", "SP-04", "SP-05", "SP-06", "SP-15", "SP-19", "SP-23", "SP-24", "SP-26"),
        *("SP-27", "SP-29", "SP-30", "SP-33", "SP-37", "SP-52", "SP-54", "SP-61", "SP-65", "SP-72"),
    ),
    overrides=(ShortNamesOnly,),
)

PORTS = (
    TARGET_PORT_OF_ROOT,
    FIRST_PORT_ONLY,
    PORTLESS_KEEPS_SHARE,
    PORTS_BY_NAME,
    NAMES_MUST_AGREE,
    FIRST_PORT_OF_BACKEND,
    SAME_PORTS_ONLY,
    REST_IS_EVEN,
    SHORT_NAMES_ONLY,
)
