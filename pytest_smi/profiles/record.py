"""The records of a mesh's profile: what the suite must know of a mesh to test it, as data. No reading, no I/O.

`profile.py` gathers the public names; docs/profiles.md describes every field for the authors of profiles.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pytest_smi.core.limits import Limits
from pytest_smi.core.terms import VERSIONS

PROVIDERS = ("embedded", "cluster")
FEATURES = ("http2", "tcp", "udp", "peer-address")
STATES = ("maintained", "dormant", "archived", "ended", "no-smi")
FAMILIES = ("http", "tcp", "udp")
"""Protocol families: the kinds of call, and the kinds of Service that a mesh may tell apart."""
PROTOCOLS = ("http", "tcp", "tcp-server-first", "udp")
"""What a port speaks: HTTP (1.1, and 2 with prior knowledge), TCP where the client speaks first, TCP where the server does, UDP."""
KINDS = ("deployment", "daemonset", "statefulset")
OUTCOMES = ("refused", "reset", "closed", "timeout", "dns", "unreachable", "protocol")
"""How a call may end without an answer, in the prober's words."""

Scalar = str | int | float | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """Labels and annotations that make a namespace or pod join the mesh, or stay out of it."""

    namespace_labels: Mapping[str, str] = field(default_factory=dict)
    namespace_annotations: Mapping[str, str] = field(default_factory=dict)
    pod_labels: Mapping[str, str] = field(default_factory=dict)
    pod_annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How alive the mesh, as a reader of SMI, is."""

    state: str = "maintained"
    note: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceFacts:
    """What a mesh needs on Services."""

    annotations: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Family → annotations of a Service with ports of that family."""
    separate: bool = False
    """A Service carries one family only: `<name>` is HTTP, `<name>-tcp` TCP and `<name>-udp` UDP."""
    app_protocols: Mapping[str, str] = field(default_factory=dict)
    """Protocol (of `PROTOCOLS`) → the `appProtocol` by which the mesh knows it, where that is not the name of its family."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadReference:
    """A workload of the mesh itself."""

    kind: str
    namespace: str
    name: str

    @classmethod
    def parse(cls, text: str, namespace: str) -> WorkloadReference:
        """Read `kind/name` (in `namespace`) or `namespace/kind/name`; raises ValueError saying what is wrong."""
        parts = text.split("/")
        if len(parts) == 2:
            parts = [namespace, *parts]
        if len(parts) != 3 or not all(parts[1:]) or parts[1] not in KINDS:
            raise ValueError(f"must be [namespace/]kind/name with kind one of {', '.join(KINDS)}, found {text!r}")
        if not parts[0]:
            raise ValueError(f"{text!r} has no namespace: give mesh.namespace or write namespace/kind/name")
        return cls(kind=parts[1], namespace=parts[0], name=parts[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class MeshFacts:
    """Where the mesh itself runs and how its version is read. Workloads are `kind/name`, or `namespace/kind/name` when elsewhere."""

    namespace: str = ""
    workloads: tuple[str, ...] = ()
    """All of them must be there and ready."""
    version_workload: str = ""
    version_from: str = "image-tag"
    """`image-tag`, `image-digest`, `label:<key>` or `annotation:<key>` of that workload."""
    proxy_container: str = ""
    """Name of the sidecar container; empty when the mesh has none."""
    detect: tuple[str, ...] = ()
    """`--mesh auto`: the mesh is installed when one of these exists."""

    def reference(self, workload: str) -> WorkloadReference:
        """Return the parsed reference to one of the workloads named in this record."""
        return WorkloadReference.parse(workload, self.namespace)


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitFacts:
    """What it takes for a client to see a new TrafficSplit."""

    idle_before: float = 0.0
    """Seconds without a request to the root after which a client looks for a new split; 0: no need."""
    fresh_client: bool = False
    """A new client pod per scene with a split, so that none has talked to the root before."""
    root_selects_backends: bool = False
    """The root's selector must match the pods of every backend, or the split does not reach them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KubernetesFacts:
    """Releases of Kubernetes on which the mesh is known to run, as `1.23`; empty when no source tells."""

    min: str = ""
    max: str = ""
    source: str = ""
    verified: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectReference:
    """A Kubernetes object whose field is looked at."""

    api_version: str
    plural: str
    name: str
    namespace: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Precondition:
    """Something that must be so before a run can be fair to the mesh; which fields are set depends on `kind`."""

    name: str
    kind: str
    """`container-argument` (workload, argument, equals), `field` (resource, path, equals), `preferred-version` (group, equals),
    or `manual` (nothing that a program could read: shown to the user)."""
    remedy: str
    apis: tuple[str, ...] = ()
    """The APIs that it is needed for; empty: all."""
    workload: str = ""
    argument: str = ""
    resource: ObjectReference | None = None
    path: str = ""
    """Dotted path of the field in the object."""
    group: str = ""
    equals: Scalar = ""
    default: Scalar | None = None
    """What an absent argument or field means; None: absent is never right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """A requirement of which the profile says something, and why."""

    requirement: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Everything that differs between meshes."""

    name: str
    title: str
    provider: str
    join: Marks = field(default_factory=Marks)
    keep_out: Marks = field(default_factory=Marks)
    host: str = "{service}.{namespace}.svc.cluster.local"
    """Template of the name under which joined clients address a Service: {service}, {namespace}."""
    outside_host: str = "{service}.{namespace}.svc.cluster.local"
    """The same for clients that are not in the mesh."""
    apis: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Claimed API versions, newest first; an API that is not named is not claimed."""
    stored: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Versions, newest first, of APIs that the cluster stores so that objects of the claimed ones can refer to them; the mesh does not
    claim to act on them."""
    features: frozenset[str] = frozenset()
    mesh: MeshFacts = field(default_factory=MeshFacts)
    limits: Limits = field(default_factory=Limits)
    gaps: tuple[Noted, ...] = ()
    """Requirements that the mesh's maintainers declare as not met."""
    alone: tuple[Noted, ...] = ()
    """Requirements whose scene disturbs the mesh for everybody, so that nothing else may go on meanwhile."""
    status: State = field(default_factory=State)
    claims_nothing: str = ""
    """Why the mesh claims no API at all; empty when it claims some."""
    services: ServiceFacts = field(default_factory=ServiceFacts)
    splits: SplitFacts = field(default_factory=SplitFacts)
    kubernetes: KubernetesFacts = field(default_factory=KubernetesFacts)
    preconditions: tuple[Precondition, ...] = ()
    denial: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Family → known signatures of a denial (a status code, or how a call ended): information, never a criterion."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """Dotted path of a field → where its value was found."""
    unverified: Mapping[str, str] = field(default_factory=dict)
    """Dotted path of a field → why its value is not certain."""

    def gap(self, requirement: str) -> str | None:
        """Return the declared reason why `requirement` is not met, or None."""
        return next((g.reason for g in self.gaps if g.requirement == requirement), None)

    def claims(self, api: str) -> tuple[str, ...]:
        """Return the claimed versions of an API, newest first; empty when it is not claimed."""
        return self.apis.get(api, ())

    def candidates(self, api: str) -> tuple[str, ...]:
        """Return the versions that a run may test, newest first: the claimed ones, or every one where the mesh claims nothing."""
        return VERSIONS[api] if self.claims_nothing else self.claims(api)
