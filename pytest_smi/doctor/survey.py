"""The answers of a cluster about one mesh, and how a check reads one of them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_smi.cluster.connection import Answer
from pytest_smi.doctor.findings import Finding, warning
from pytest_smi.doctor.permissions import PULL_SECRET
from pytest_smi.doctor.questions import GROUPS_SERVED, VERSION, Question, versions_served
from pytest_smi.profiles.load import Profile

RBAC = "pytest-smi rbac prints the permissions that a run needs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """Everything that was asked and answered before a run."""

    host: str
    profile: Profile
    apis: tuple[str, ...]
    """APIs that the user asked for."""
    pull_secret: bool = False
    """Whether the run brings credentials for the image."""
    questions: Mapping[str, Question]
    answers: Mapping[str, Answer]
    other_meshes: Mapping[str, Profile] = field(default_factory=dict)
    """Other known meshes, by name."""
    skew: float = 0.0
    """Seconds by which the cluster's clock is ahead of ours; 0 where it does not tell."""
    began: float = 0.0
    """When it answered first, by its own clock, in seconds since 1970; 0 where it does not tell."""
    took: float = 0.0
    """Seconds until the first answer."""

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of a run that take permissions of their own."""
        return (*self.apis, PULL_SECRET) if self.pull_secret else self.apis

    @property
    def kubernetes(self) -> str:
        """Version of Kubernetes, as the server says it."""
        body = self.answers[VERSION].body
        return str(body.get("gitVersion", "")) if isinstance(body, dict) else ""

    @property
    def groups(self) -> Mapping[str, Any]:
        """The answer to /apis; empty when there was none."""
        body = self.answers[GROUPS_SERVED].body
        return body if self.answers[GROUPS_SERVED].ok and isinstance(body, dict) else {}

    @property
    def served(self) -> dict[str, list[str]]:
        """Versions that the cluster serves, per API."""
        return versions_served(self.groups)

    def found(self, key: str) -> dict[str, Any] | None:
        """Return the object or list under this key, or None when it was not asked for, is absent or may not be read."""
        answer = self.answers.get(key)
        return answer.body if answer is not None and answer.ok and isinstance(answer.body, dict) else None

    def items(self, key: str) -> list[dict[str, Any]]:
        """Return the members of a list; none when it may not be read."""
        return (self.found(key) or {}).get("items") or []

    def absent(self, key: str) -> bool:
        """Return whether the server said that there is no such object or kind."""
        answer = self.answers.get(key)
        return answer is not None and answer.status == 404

    def unread(self, check: str, key: str) -> Finding | None:
        """Return a warning when the server kept this answer from us, whatever it would have been;
        None when it did not."""
        answer = self.answers.get(key)
        if answer is None or answer.ok or answer.status == 404:
            return None
        if answer.status == 403:
            return warning(
                check,
                f"could not be checked: needs {self.questions[key].reads}",
                f"allow it, or check it by hand; {RBAC}",
            )
        return warning(check, f"could not be checked: {answer.message}", "look at the API server, then ask again")
