"""The record of one mesh under test: what every process of a run must know of it,
with the form in which it travels between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_smi.core.limits import Limits
from pytest_smi.profiles.load import Profile, parse_profile, profile_document
from pytest_smi.smi.specs import HeaderForm
from pytest_smi.testbed.placement import Placement


@dataclass(frozen=True, slots=True, kw_only=True)
class MeshTarget:
    """A mesh on a reachable cluster, and how it is tested there: plain data."""

    name: str
    """Name of the mesh in the matrix, NAME[@CONTEXT]."""
    profile: Profile
    versions: Mapping[str, str]
    """The negotiated version of each API that is served and claimed."""
    limits: Limits
    image: str
    """Of the sample application."""
    run: str
    """Random name of the run; namespaces carry it."""
    apis: tuple[str, ...] = ()
    """APIs that this run judges: those asked for, or with `--smi-version all` the ones whose version is another."""
    variant: str = ""
    """What sets this run apart from the mesh's first: `split=v1alpha2`."""
    kubeconfig: str | None = None
    context: str | None = None
    keep: bool = False
    """Whether namespaces and workloads are left for inspection."""
    absent: Mapping[str, str] = field(default_factory=dict)
    """Reason per API that is not tested."""
    stored: Mapping[str, str] = field(default_factory=dict)
    """The version of each API that is not tested, but stored so that objects of those tested can refer to it."""
    headers: HeaderForm = "list"
    """How the served definition of HTTPRouteGroup wants header filters."""
    placement: Placement = field(default_factory=Placement)
    """Where the sample application's pods may run, and who may pull their image."""
    notes: tuple[str, ...] = ()
    """What a reader of the results should know of the versions."""
    faulty: bool = False
    """Whether the mesh was made wrong with `--smi-fault`."""
    began: float = 0.0
    """When the run looked at the cluster first, by the cluster's clock, in seconds since 1970; 0: it does not tell."""

    @property
    def label(self) -> str:
        """The name of this run of the mesh: with the variant, where several versions are tested."""
        return f"{self.name} {self.variant}" if self.variant else self.name

    @property
    def written(self) -> dict[str, str]:
        """The versions in which objects are written: of the APIs tested, and of those stored."""
        return {**self.versions, **self.stored}

    def to_wire(self) -> dict[str, Any]:
        """Return built-in types only: what pytest-xdist can send."""
        return {
            "name": self.name,
            "profile": profile_document(self.profile),
            "versions": dict(self.versions),
            "limits": self.limits.to_json(),
            "image": self.image,
            "run": self.run,
            "apis": list(self.apis),
            "variant": self.variant,
            "kubeconfig": self.kubeconfig,
            "context": self.context,
            "keep": self.keep,
            "absent": dict(self.absent),
            "stored": dict(self.stored),
            "headers": self.headers,
            "placement": self.placement.to_wire(),
            "notes": list(self.notes),
            "faulty": self.faulty,
            "began": self.began,
        }

    @classmethod
    def from_wire(cls, data: Mapping[str, Any]) -> MeshTarget:
        """Read what `to_wire` wrote."""
        read = {
            "profile": parse_profile(data["profile"], origin=f"the profile of {data['name']}"),
            "limits": Limits().overridden(data["limits"]),
            "apis": tuple(data["apis"]),
            "placement": Placement.from_wire(data["placement"]),
            "notes": tuple(data["notes"]),
        }
        return cls(**{**data, **read})
