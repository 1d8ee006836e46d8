"""Label selectors: conditions on the labels of an object, all of which must hold; pure.

They are written as text in requests (`metrics/selectors.py`) and as objects in IdentityBindings (`smi_parse.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One condition on a label: operator `In`, `NotIn`, `Exists` or `DoesNotExist`."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Return whether the labels meet the condition. As in Kubernetes, a missing label meets `NotIn`."""
        if self.operator == "In":
            return labels.get(self.key) in self.values
        if self.operator == "NotIn":
            return labels.get(self.key) not in self.values
        return (self.key in labels) == (self.operator == "Exists")


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """All requirements together; none of them means everything."""

    requirements: tuple[Requirement, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Return whether all requirements hold."""
        return all(requirement.holds(labels) for requirement in self.requirements)

    def as_json(self) -> dict[str, Any]:
        """Return the selector as a Kubernetes LabelSelector: single equalities in matchLabels,
        what is left in matchExpressions."""
        equal: dict[str, str] = {}
        others = []
        for requirement in self.requirements:
            if requirement.operator == "In" and len(requirement.values) == 1 and requirement.key not in equal:
                equal[requirement.key] = requirement.values[0]
            else:
                values = {"values": list(requirement.values)} if requirement.values else {}
                others.append({"key": requirement.key, "operator": requirement.operator, **values})
        return {**({"matchLabels": equal} if equal else {}), **({"matchExpressions": others} if others else {})}


NO_SELECTOR = Selector()
