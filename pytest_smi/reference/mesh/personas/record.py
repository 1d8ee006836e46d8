"""The record of a persona: which mesh the reference mesh passes itself off as, in what it serves,
where it lives and how it deviates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class PersonaError(ValueError):
    """A persona that cannot be had or read; the message names every bad field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """The versions of one SMI kind: those that the API server serves, the one that is stored (and read),
    those listed but not served."""

    versions: tuple[str, ...]
    storage: str
    listed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A workload of the mesh.

    `acts` says that it is the one that really runs the control plane; the others only stand there, ready.
    """

    kind: str
    namespace: str
    name: str
    image: str
    acts: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """How pods join: every `namespace_labels` on the namespace, and every other mark on the pod or,
    if the pod says nothing, its namespace.

    `pod_annotations` count on pods alone. A pod with one of the marks of `out_…` stays out. `everything`:
    every pod joins.
    """

    everything: bool = False
    namespace_labels: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    pod_annotations: Mapping[str, str] = field(default_factory=dict)
    out_labels: Mapping[str, str] = field(default_factory=dict)
    out_annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sidecar:
    """The injected container's name, and what joined pods are marked with."""

    container: str = "smi-proxy"
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How changes reach sidecars, in the mesh's own seconds: after `quiet` without a further change,
    `longest` after the first at most.

    `idle` (0: no such trap) is for how long a client must leave a Service alone until it sees a new split of it.
    Everything is multiplied by `scale`, so that tests need not wait as long as users do.
    """

    quiet: float = 0.0
    longest: float = 0.0
    idle: float = 0.0
    scale: float = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """A mesh that the reference mesh can pass itself off as.

    `deviations` are names of switches with where the fact comes from.
    """

    name: str
    title: str
    description: str
    namespace: str
    workloads: tuple[Workload, ...]
    serves: Mapping[str, Serving]
    keep_unknown: bool = False
    metrics: bool = False
    join: Join
    sidecar: Sidecar = field(default_factory=Sidecar)
    domain: str = ""
    """DNS suffix of the names that lead through the mesh; empty: every Service's ordinary name does."""
    pace: Pace = field(default_factory=Pace)
    deviations: Mapping[str, str] = field(default_factory=dict)
    objects: tuple[Mapping[str, Any], ...] = ()
    """Further objects of the installation, as manifests."""

    @property
    def spelled(self) -> str:
        """The name by which `find_persona` finds it at this pace."""
        return self.name if self.pace.scale == Pace().scale else f"{self.name}@{self.pace.scale:g}"

    @property
    def control_plane(self) -> Workload:
        """The workload that runs the control plane."""
        return next(workload for workload in self.workloads if workload.acts)
