"""The records of a mesh's profile, which are also the form of its file: what the suite must know of a mesh to test it.
No reading, no I/O.

`load` gathers the public names; docs/profiles.md describes every field for the authors of profiles.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field, PlainSerializer

from pytest_smi.core.document import OneOf, Record
from pytest_smi.core.limits import Limits
from pytest_smi.core.terms import VERSIONS
from pytest_smi.profiles.preconditions import Precondition, WorkloadReference
from pytest_smi.profiles.terms import (
    FAMILIES,
    FEATURES,
    HOST,
    NAME,
    PROTOCOLS,
    PROVIDERS,
    QUANTITY,
    RELEASE,
    SIGNATURE,
    STATES,
    VERSION_FROM,
    WORKLOAD_OR_NONE,
    Filled,
    Workload,
    versions_of,
)
from pytest_smi.smi.versions import REFERRED


@dataclass(frozen=True, slots=True, kw_only=True)
class Injection(Record):
    """Labels and annotations that make a namespace or pod join the mesh, or stay out of it."""

    namespace_labels: Mapping[str, str] = field(default_factory=dict)
    """Labels of the namespace."""
    namespace_annotations: Mapping[str, str] = field(default_factory=dict)
    """Annotations of the namespace."""
    pod_labels: Mapping[str, str] = field(default_factory=dict)
    """Labels of the pod."""
    pod_annotations: Mapping[str, str] = field(default_factory=dict)
    """Annotations of the pod."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State(Record):
    """How alive the mesh, as a reader of SMI, is."""

    state: Annotated[str, OneOf(STATES)] = "maintained"
    """In one word."""
    note: str = ""
    """In a sentence."""
    source: str = ""
    """Where that was found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressing(Record):
    """Templates of the names under which clients call a Service, with {service} and {namespace}."""

    host: Annotated[str, Field(pattern=HOST)] = "{service}.{namespace}.svc.cluster.local"
    """For clients that joined the mesh."""
    outside_host: Annotated[str, Field(pattern=HOST)] = ""
    """For clients outside of the mesh; without it that of the others."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "outside_host", self.outside_host or self.host)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceFacts(Record):
    """What a mesh needs on Services."""

    annotations: Mapping[Annotated[str, OneOf(FAMILIES)], Mapping[str, str]] = field(default_factory=dict)
    """Family → annotations of a Service with ports of that family."""
    separate: bool = False
    """A Service carries one family only: `<name>` is HTTP, `<name>-tcp` TCP and `<name>-udp` UDP."""
    app_protocols: Mapping[Annotated[str, OneOf(PROTOCOLS)], Filled] = field(default_factory=dict)
    """Protocol (of `PROTOCOLS`) → the `appProtocol` by which the mesh knows it,
    where that is not the name of its family."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionSource(Record):
    """How the version of an installed mesh is read."""

    workload: Annotated[str, Field(pattern=WORKLOAD_OR_NONE)] = ""
    """The workload to look at; empty when there is none."""
    source: Annotated[str, Field(alias="from", pattern=VERSION_FROM)] = "image-tag"
    """`image-tag`, `image-digest`, `label:<key>` or `annotation:<key>` of that workload."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeshFacts(Record):
    """Where the mesh itself runs and how its version is read.

    Workloads are `kind/name`, or `namespace/kind/name` when elsewhere.
    """

    namespace: str = ""
    """Where its workloads are, unless they say so themselves."""
    workloads: tuple[Workload, ...] = ()
    """All of them must be there and ready."""
    version: VersionSource = field(default_factory=VersionSource)
    """How its version is read."""
    proxy_container: str = ""
    """Name of the sidecar container; empty when the mesh has none."""
    detect: tuple[Workload, ...] = ()
    """`--mesh auto`: the mesh is installed when one of these exists."""

    def reference(self, workload: str) -> WorkloadReference:
        """Return the parsed reference to one of the workloads named in this record."""
        return WorkloadReference.parse(workload, self.namespace)


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitFacts(Record):
    """What it takes for a client to see a new TrafficSplit."""

    idle_before: Annotated[float, Field(ge=0)] = 0.0
    """Seconds without a request to the root after which a client looks for a new split; 0: no need."""
    fresh_client: bool = False
    """A new client pod per scene with a split, so that none has talked to the root before."""
    root_selects_backends: bool = False
    """The root's selector must match the pods of every backend, or the split does not reach them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerFacts(Record):
    """What `-n auto` and the doctor must know of a run's weight on the mesh and on the nodes."""

    most: Annotated[int, Field(ge=1)] = 4
    """Workers beyond which the mesh takes changes more slowly than it gains, or none has been tried."""
    pod_cpu: Annotated[str, Field(pattern=QUANTITY)] = "10m"
    """CPU that a pod of the sample application asks for in the mesh, its sidecar and init containers included."""
    pod_memory: Annotated[str, Field(pattern=QUANTITY)] = "32Mi"
    """Memory that it asks for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KubernetesFacts(Record):
    """Releases of Kubernetes on which the mesh is known to run; empty when no source tells."""

    min: Annotated[str, Field(pattern=RELEASE)] = ""
    """The oldest, as `1.22`."""
    max: Annotated[str, Field(pattern=RELEASE)] = ""
    """The newest, as `1.23`."""
    source: str = ""
    """Where that was found."""
    verified: bool = False
    """Whether it was tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted(Record):
    """A requirement of which the profile says something, and why."""

    requirement: Filled
    """For example `SP-31`."""
    reason: Filled
    """Why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile(Record):
    """Everything that differs between meshes."""

    name: Annotated[str, Field(pattern=NAME)]
    """What `--mesh` calls it."""
    provider: Annotated[str, OneOf(PROVIDERS)]
    """`embedded`: the suite starts it; `cluster`: it is there."""
    title: str = ""
    """Its name for people; without it the other."""
    status: State = field(default_factory=State)
    """How alive it is as a reader of SMI, and where that was found."""
    claims_nothing: str = ""
    """Why the mesh claims no API at all; `apis` must then be absent."""
    join: Injection = field(default_factory=Injection)
    """Labels and annotations that make a workload join the mesh."""
    keep_out: Injection = field(default_factory=Injection)
    """Labels and annotations that keep a pod out of it."""
    addressing: Addressing = field(default_factory=Addressing)
    """Names under which Services are called."""
    services: ServiceFacts = field(default_factory=ServiceFacts)
    """What the mesh needs on Services."""
    apis: Annotated[Mapping[str, tuple[str, ...]], versions_of(*VERSIONS)] = field(default_factory=dict)
    """Claimed API versions, newest first; an API that is not named is not claimed."""
    stored: Annotated[Mapping[str, tuple[str, ...]], versions_of(*REFERRED)] = field(default_factory=dict)
    """Versions, newest first, of APIs that the cluster stores so that objects of the claimed ones can refer to them;
    the mesh does not claim to act on them."""
    features: Annotated[frozenset[Annotated[str, OneOf(FEATURES)]], PlainSerializer(sorted)] = frozenset()
    """What it carries besides HTTP/1.1 over Services."""
    mesh: MeshFacts = field(default_factory=MeshFacts)
    """Where it runs, how its version is read, and by what `--mesh auto` knows it."""
    splits: SplitFacts = field(default_factory=SplitFacts)
    """What it takes to see a new TrafficSplit."""
    workers: WorkerFacts = field(default_factory=WorkerFacts)
    """How many workers it carries, and what each pod costs."""
    kubernetes: KubernetesFacts = field(default_factory=KubernetesFacts)
    """Releases of Kubernetes on which it is known to run."""
    preconditions: tuple[Annotated[Precondition, Field(discriminator="kind")], ...] = ()
    """What must be so before a run can be fair to it."""
    denial: Mapping[Annotated[str, OneOf(FAMILIES)], tuple[Annotated[str, Field(pattern=SIGNATURE)], ...]] = field(
        default_factory=dict
    )
    """Family → known signatures of a denial (a status code, or how a call ended): information, never a criterion."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """Dotted path of a field → where its value was found."""
    unverified: Mapping[str, str] = field(default_factory=dict)
    """Dotted path of a field → why its value is not certain."""
    limits: Limits = field(default_factory=Limits)
    """How patient and how strict a run is."""
    gaps: tuple[Noted, ...] = ()
    """Requirements that the mesh's maintainers declare as not met."""
    serial: tuple[Noted, ...] = ()
    """Requirements whose scene disturbs the mesh for everybody: they are run one at a time, after all others."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", self.title or self.name)
        object.__setattr__(self, "claims_nothing", self.claims_nothing.strip())

    def gap(self, requirement: str) -> str | None:
        """Return the declared reason why `requirement` is not met, or None."""
        return next((g.reason for g in self.gaps if g.requirement == requirement), None)

    def is_serial(self, requirement: str) -> bool:
        """Return whether the scene of `requirement` disturbs the mesh for everybody."""
        return any(entry.requirement == requirement for entry in self.serial)

    def claims(self, api: str) -> tuple[str, ...]:
        """Return the claimed versions of an API, newest first; empty when it is not claimed."""
        return self.apis.get(api, ())

    def candidates(self, api: str) -> tuple[str, ...]:
        """Return the versions that a run may test, newest first: the claimed ones,
        or every one where the mesh claims nothing."""
        return VERSIONS[api] if self.claims_nothing else self.claims(api)
