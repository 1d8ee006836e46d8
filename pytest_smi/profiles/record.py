"""The records of a mesh's profile, which are also the form of its file: what the suite must know of a mesh to test it. No reading, no I/O.

`load` gathers the public names; docs/profiles.md describes every field for the authors of profiles.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, PlainSerializer

from pytest_smi.core.document import OneOf, Record, Shape
from pytest_smi.core.limits import Limits
from pytest_smi.core.terms import APIS, VERSIONS
from pytest_smi.smi.versions import REFERRED

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
_NAMES = r"([^{}]|\{service\}|\{namespace\})*"
_WORKLOAD = f"([^/]+/)?({'|'.join(KINDS)})/[^/]+"
NAME = r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$"
FILLED = r"\S"
HOST = f"^({_NAMES}\\{{service\\}}{_NAMES}\\{{namespace\\}}{_NAMES}|{_NAMES}\\{{namespace\\}}{_NAMES}\\{{service\\}}{_NAMES})$"
WORKLOAD = f"^{_WORKLOAD}$"
WORKLOAD_OR_NONE = f"^({_WORKLOAD})?$"
RELEASE = r"^(1\.[0-9]+)?$"
VERSION_FROM = "^(image-tag|image-digest|label:.+|annotation:.+)$"
SIGNATURE = f"^([1-5][0-9][0-9]|{'|'.join(OUTCOMES)})$"
MEANINGS = {
    NAME: "lower-case letters, digits, '-' and '.'",
    FILLED: "a string that is not empty",
    HOST: "a string with {service} and {namespace} and no other placeholder",
    WORKLOAD: f"[namespace/]kind/name with kind one of {', '.join(KINDS)}",
    WORKLOAD_OR_NONE: f"[namespace/]kind/name with kind one of {', '.join(KINDS)}",
    RELEASE: 'a string such as "1.23"',
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


def _versions(*apis: str) -> Shape:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks(Record):
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
class VersionSource(Record):
    """How the version of an installed mesh is read."""

    workload: Annotated[str, Field(pattern=WORKLOAD_OR_NONE)] = ""
    """The workload to look at; empty when there is none."""
    source: Annotated[str, Field(alias="from", pattern=VERSION_FROM)] = "image-tag"
    """`image-tag`, `image-digest`, `label:<key>` or `annotation:<key>` of that workload."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeshFacts(Record):
    """Where the mesh itself runs and how its version is read. Workloads are `kind/name`, or `namespace/kind/name` when elsewhere."""

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
class ObjectReference(Record):
    """A Kubernetes object whose field is looked at."""

    api_version: Filled
    """Group and version."""
    plural: Filled
    """Plural name of its kind."""
    name: Filled
    """Name of the object."""
    namespace: str = ""
    """Its namespace; empty for objects of the cluster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Condition(Record):
    # Docstrings of fields describe those of their own class alone, hence the descriptions.
    name: Annotated[Filled, Field(description="What the doctor calls it.")]
    remedy: Annotated[Filled, Field(description="What to do when it is not so.")]
    apis: Annotated[tuple[Annotated[str, OneOf(APIS)], ...], Field(description="The APIs that it is needed for; empty: all.")] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerArgument(_Condition):
    """A container of a workload has an argument with that value."""

    kind: Literal["container-argument"]
    """An argument of a container."""
    workload: Workload
    """The workload."""
    argument: Filled
    """The argument, with its dashes."""
    equals: Scalar
    """The value that it must have."""
    default: Scalar | None = None
    """What an absent argument means; without it absent is never right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectField(_Condition):
    """A field of an object has that value."""

    kind: Literal["field"]
    """A field of an object."""
    resource: ObjectReference
    """The object."""
    path: Filled
    """Dotted path of the field in the object."""
    equals: Scalar
    """The value that it must have."""
    default: Scalar | None = None
    """What an absent field means; without it absent is never right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferredVersion(_Condition):
    """A version is the API server's preferred one of its group."""

    kind: Literal["preferred-version"]
    """The preferred version of an API group."""
    group: Filled
    """The API group."""
    equals: Scalar
    """The version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manual(_Condition):
    """Nothing that a program could read: the remedy is shown to the user."""

    kind: Literal["manual"]
    """For people."""


Precondition = ContainerArgument | ObjectField | PreferredVersion | Manual
"""Something that must be so before a run can be fair to the mesh."""


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
    join: Marks = field(default_factory=Marks)
    """Labels and annotations that make a workload join the mesh."""
    keep_out: Marks = field(default_factory=Marks)
    """Labels and annotations that keep a pod out of it."""
    addressing: Addressing = field(default_factory=Addressing)
    """Names under which Services are called."""
    services: ServiceFacts = field(default_factory=ServiceFacts)
    """What the mesh needs on Services."""
    apis: Annotated[Mapping[str, tuple[str, ...]], _versions(*VERSIONS)] = field(default_factory=dict)
    """Claimed API versions, newest first; an API that is not named is not claimed."""
    stored: Annotated[Mapping[str, tuple[str, ...]], _versions(*REFERRED)] = field(default_factory=dict)
    """Versions, newest first, of APIs that the cluster stores so that objects of the claimed ones can refer to them; the mesh does not
    claim to act on them."""
    features: Annotated[frozenset[Annotated[str, OneOf(FEATURES)]], PlainSerializer(sorted)] = frozenset()
    """What it carries besides HTTP/1.1 over Services."""
    mesh: MeshFacts = field(default_factory=MeshFacts)
    """Where it runs, how its version is read, and by what `--mesh auto` knows it."""
    splits: SplitFacts = field(default_factory=SplitFacts)
    """What it takes to see a new TrafficSplit."""
    kubernetes: KubernetesFacts = field(default_factory=KubernetesFacts)
    """Releases of Kubernetes on which it is known to run."""
    preconditions: tuple[Annotated[Precondition, Field(discriminator="kind")], ...] = ()
    """What must be so before a run can be fair to it."""
    denial: Mapping[Annotated[str, OneOf(FAMILIES)], tuple[Annotated[str, Field(pattern=SIGNATURE)], ...]] = field(default_factory=dict)
    """Family → known signatures of a denial (a status code, or how a call ended): information, never a criterion."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """Dotted path of a field → where its value was found."""
    unverified: Mapping[str, str] = field(default_factory=dict)
    """Dotted path of a field → why its value is not certain."""
    limits: Limits = field(default_factory=Limits)
    """How patient and how strict a run is."""
    gaps: tuple[Noted, ...] = ()
    """Requirements that the mesh's maintainers declare as not met."""
    alone: tuple[Noted, ...] = ()
    """Requirements whose scene disturbs the mesh for everybody: they are run one at a time, after all others."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", self.title or self.name)
        object.__setattr__(self, "claims_nothing", self.claims_nothing.strip())

    def gap(self, requirement: str) -> str | None:
        """Return the declared reason why `requirement` is not met, or None."""
        return next((g.reason for g in self.gaps if g.requirement == requirement), None)

    def claims(self, api: str) -> tuple[str, ...]:
        """Return the claimed versions of an API, newest first; empty when it is not claimed."""
        return self.apis.get(api, ())

    def candidates(self, api: str) -> tuple[str, ...]:
        """Return the versions that a run may test, newest first: the claimed ones, or every one where the mesh claims nothing."""
        return VERSIONS[api] if self.claims_nothing else self.claims(api)
