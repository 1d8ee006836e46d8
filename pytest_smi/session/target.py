"""What the controller tells its workers, as built-in types, since it may travel between processes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_smi.core.limits import Limits
from pytest_smi.core.result import Result
from pytest_smi.profiles.load import parse_profile
from pytest_smi.profiles.write import profile_document
from pytest_smi.testbed.placement import Placement
from pytest_smi.testbed.testbed import Setting

PROPERTY = "smi-result"
"""Name of the user property that carries a result (JSON text) from a worker to the controller."""
IMAGES = "smi-images"
"""Name of the user property that carries the digests of images seen in pods."""


def result_of(report: object) -> Result | None:
    """Return the result that a worker attached to a report of pytest, or None."""
    for name, value in getattr(report, "user_properties", ()):
        if name == PROPERTY:
            return Result.from_json(json.loads(str(value)))
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A mesh on a reachable cluster."""

    setting: Setting
    kubeconfig: str | None
    context: str | None
    apis: tuple[str, ...]
    """APIs that this run judges: those asked for, or with `--smi-version all` the ones whose version is another."""
    name: str
    """Name of the mesh in the matrix, NAME[@CONTEXT]; the setting's is the run's own, which several versions make longer."""
    variant: str = ""
    """What sets this run apart from the mesh's first: `split=v1alpha2`."""
    notes: tuple[str, ...] = ()
    """What a reader of the results should know of the versions."""
    faulty: bool = False
    """Whether the mesh was made wrong with `--smi-fault`."""

    def to_wire(self) -> dict[str, Any]:
        """Return built-in types only."""
        setting = self.setting
        return {
            "kubeconfig": self.kubeconfig,
            "context": self.context,
            "apis": list(self.apis),
            "name": self.name,
            "variant": self.variant,
            "notes": list(self.notes),
            "faulty": self.faulty,
            "profile": profile_document(setting.profile),
            "mesh": setting.mesh,
            "versions": dict(setting.versions),
            "headers": setting.headers,
            "absent": dict(setting.absent),
            "stored": dict(setting.stored),
            "limits": setting.limits.to_json(),
            "image": setting.image,
            "run": setting.run,
            "keep": setting.keep,
            "placement": setting.placement.to_wire(),
        }

    @classmethod
    def from_wire(cls, data: Mapping[str, Any]) -> Target:
        """Read what `to_wire` wrote."""
        setting = Setting(
            mesh=data["mesh"],
            profile=parse_profile(data["profile"], origin=f"the profile of {data['mesh']}"),
            versions=data["versions"],
            headers=data["headers"],
            absent=data["absent"],
            stored=data["stored"],
            limits=Limits().overridden(data["limits"]),
            image=data["image"],
            run=data["run"],
            keep=data["keep"],
            placement=Placement.from_wire(data["placement"]),
        )
        return cls(
            setting=setting,
            kubeconfig=data["kubeconfig"],
            context=data["context"],
            apis=tuple(data["apis"]),
            name=data["name"],
            variant=data["variant"],
            notes=tuple(data["notes"]),
            faulty=data["faulty"],
        )
