"""The one list of APIs and their versions, levels and statuses; pure."""

from collections.abc import Mapping
from enum import StrEnum


class Status(StrEnum):
    """What came of an assertion."""

    PASSED = "passed"
    """The requirement held, with a positive control at the same time."""
    FAILED = "failed"
    """The mesh broke the requirement."""
    ERRORED = "errored"
    """Inconclusive: the harness or the cluster failed, or a control did."""
    UNSUPPORTED = "unsupported"
    """The cluster does not serve it, or the mesh does not claim it; the reason says which."""
    SKIPPED = "skipped"
    """The user chose not to run it."""
    OBSERVED = "observed"
    """The specification leaves it open: `reading` says what the mesh does, and there is no verdict."""


class Level(StrEnum):
    """How binding a requirement is."""

    MUST = "MUST"
    """The specification says so in its text."""
    DERIVED = "MUST (derived)"
    """Derived: it follows from the specification's examples, schemas or purpose."""
    SHOULD = "SHOULD"
    """Recommended by the specification."""
    UNSPECIFIED = "unspecified"
    """The specification is silent or contradicts itself: observed, never judged."""


class Api(StrEnum):
    """The four APIs of the Service Mesh Interface."""

    ACCESS = "access"
    """Traffic Access Control: who may call whom (TrafficTarget)."""
    SPECS = "specs"
    """Traffic Specs: which traffic is meant (HTTPRouteGroup, TCPRoute, UDPRoute)."""
    SPLIT = "split"
    """Traffic Split: shares of traffic between services (TrafficSplit)."""
    METRICS = "metrics"
    """Traffic Metrics: what the mesh measured (TrafficMetrics)."""


APIS: tuple[str, ...] = tuple(api.value for api in Api)

API_OF_PREFIX: Mapping[str, str] = {"TA": "access", "TS": "specs", "SP": "split", "TM": "metrics"}
"""First part of a requirement's id → its API."""

VERSIONS: Mapping[str, tuple[str, ...]] = {
    "access": ("v1alpha4", "v1alpha3", "v1alpha2", "v1alpha1"),
    "specs": ("v1alpha4", "v1alpha3", "v1alpha2", "v1alpha1"),
    "split": ("v1alpha4", "v1alpha3", "v1alpha2", "v1alpha1"),
    "metrics": ("v1alpha1",),
}
"""Every version of each API that the specification has, newest first. access v1alpha4 never left the draft."""

LEVELS_OF: Mapping[str, frozenset[Level]] = {
    "must": frozenset({Level.MUST, Level.DERIVED}),
    "should": frozenset({Level.MUST, Level.DERIVED, Level.SHOULD}),
    "all": frozenset(Level),
}
"""What `--smi-level` and `--require-level` accept → the levels that each means."""
