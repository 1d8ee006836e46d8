"""What the controller tells its workers, as built-in types, since it may travel between processes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_smi.limits import Limits
from pytest_smi.profile import read_profile
from pytest_smi.results import Result
from pytest_smi.testbed import Setting

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
    profile_path: str

    def to_wire(self) -> dict[str, Any]:
        """Return built-in types only."""
        setting = self.setting
        return {
            "kubeconfig": self.kubeconfig,
            "context": self.context,
            "profile": self.profile_path,
            "mesh": setting.mesh,
            "versions": dict(setting.versions),
            "absent": dict(setting.absent),
            "limits": setting.limits.to_json(),
            "image": setting.image,
            "run": setting.run,
            "keep": setting.keep,
        }

    @classmethod
    def from_wire(cls, data: Mapping[str, Any]) -> Target:
        """Read what `to_wire` wrote."""
        setting = Setting(
            mesh=data["mesh"],
            profile=read_profile(Path(data["profile"])),
            versions=data["versions"],
            absent=data["absent"],
            limits=Limits().overridden(data["limits"]),
            image=data["image"],
            run=data["run"],
            keep=data["keep"],
        )
        return cls(setting=setting, kubeconfig=data["kubeconfig"], context=data["context"], profile_path=data["profile"])
