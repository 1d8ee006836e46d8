"""Who refused an object: its definition or an admission webhook, which speak for the mesh, or something that says
nothing of it. Pure."""

from __future__ import annotations

from enum import StrEnum

from pytest_smi.scenario.verdict import Inconclusive


class Refusal(StrEnum):
    """Who refused an object."""

    DEFINITION = "its definition"
    WEBHOOK = "an admission webhook"


def refusal_of(status: int, words: str) -> Refusal | None:
    """Return who refused an object, by the status and the words of the API server; None when it would be stored.

    Raise Inconclusive for a refusal that says nothing of the object: missing permission, a webhook that does not
    answer, a kind that is not served.
    """
    if status < 300:
        return None
    if ("admission webhook" in words or "ValidatingAdmissionPolicy" in words) and "denied" in words:
        return Refusal.WEBHOOK
    if "webhook" not in words and status in (400, 422):
        return Refusal.DEFINITION
    raise Inconclusive(f"the object was not judged, but refused with status {status}: {words}")
