"""What the specification says and no black box can decide: each such requirement, and why it has no assertion. Pure.

They stand in the catalogue, so that it accounts for all of the specification, and never get a verdict.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pytest_smi.core.catalogue import Assertion, requirement_order
from pytest_smi.core.clauses import clauses_of
from pytest_smi.core.terms import API_OF_PREFIX, VERSIONS

__all__ = ["INFORMATIVE", "WORD", "Informative", "with_informative"]

WORD = "informative"
"""Stands where an assertion has its level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Informative:
    """A sentence of the specification that traffic in one cluster cannot decide."""

    requirement: str
    """`TA-26`; the prefix names the API."""
    statement: str
    """What the specification says."""
    source: str
    """API, version and heading of the specification."""
    reason: str
    """Why it cannot be decided."""
    only: tuple[str, ...] = ()
    """Versions of the API that say it, where not all do."""

    @property
    def level(self) -> str:
        """What stands in place of a level."""
        return WORD

    @property
    def versions(self) -> tuple[str, ...]:
        """Versions of the API that say it, newest first."""
        return self.only or VERSIONS[self.api]

    @property
    def api(self) -> str:
        """The API that it belongs to."""
        return API_OF_PREFIX[self.requirement.split("-")[0]]

    def to_json(self) -> dict[str, Any]:
        """Return the record as `pytest-smi catalogue --json` prints it; `informative` is the reason."""
        return {
            "requirement": self.requirement,
            "statement": self.statement,
            "level": self.level,
            "informative": self.reason,
            "api": self.api,
            "source": self.source,
            "clauses": [{"text": clause.text, "url": clause.url} for clause in clauses_of(self.source)],
            "versions": list(self.versions),
        }


INFORMATIVE = (
    Informative(
        requirement="TA-26",
        statement="A mesh may enforce access at the client, too, beside its enforcement at the server.",
        source="access v1alpha3 §TrafficTarget",
        reason="a permission: meshes with and without it comply, and a denied caller cannot tell which proxy refused",
    ),
    Informative(
        requirement="TA-69",
        statement="Traffic to hosts outside of the cluster is out of scope.",
        source="access v1alpha3 §Out of scope",
        reason="out of scope by the specification, and a test would need a host outside of the cluster",
    ),
    Informative(
        requirement="TA-70",
        statement="Traffic that enters through an ingress is out of scope; an ingress in the mesh may be a source.",
        source="access v1alpha3 §Out of scope",
        reason="out of scope by the specification; an ingress in the mesh is a source like any other (TA-05, TA-06)",
    ),
    Informative(
        requirement="TA-71",
        statement="Who may use a ServiceAccount, or bind an identity, should be restricted by Kubernetes' RBAC.",
        source="access v1alpha3 §TrafficTarget; access v1alpha4 §Tradeoffs",
        reason="advice to operators of clusters; a mesh has no part in it",
    ),
    Informative(
        requirement="TA-89",
        statement="A SPIFFE identity of another trust domain is accepted where an IdentityBinding lists it.",
        source="access v1alpha4 §IdentityBinding",
        reason="needs a second, federated trust domain, which the specification gives no way to set up",
        only=("v1alpha4",),
    ),
    Informative(
        requirement="SP-66",
        statement="Whether traffic may be split across namespaces is an open question.",
        source="split v1alpha4 §Open Questions",
        reason="an open question of the specification: a backend has no namespace that could be tested",
    ),
    Informative(
        requirement="SP-67",
        statement="An ingress controller may split the traffic that it forwards.",
        source="split v1alpha4 §Specification",
        reason="a permission for ingress controllers, which are not part of a mesh",
    ),
)
"""In the catalogue's order."""


def with_informative(assertions: Iterable[Assertion]) -> list[Assertion | Informative]:
    """Return the whole catalogue, in order: these assertions, and what no test can decide."""
    records: list[Assertion | Informative] = [*assertions, *INFORMATIVE]
    return sorted(records, key=lambda record: requirement_order(record.requirement))
