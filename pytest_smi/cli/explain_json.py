"""What `pytest-smi explain --json` prints, as plain documents. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_smi.cli.explain_mesh import Fact
    from pytest_smi.oracle.access import Decision
    from pytest_smi.oracle.backends import Share
    from pytest_smi.oracle.findings import Finding
    from pytest_smi.oracle.grounds import Ground
    from pytest_smi.oracle.overview import Grant, Splitting
    from pytest_smi.oracle.records import ObjectId, Request


def decision_document(request: Request, decision: Decision, grounds: Sequence[Ground]) -> dict[str, Any]:
    """Return the answer to one question."""
    call = request.call
    asked = {
        "protocol": call.protocol,
        "method": call.method,
        "path": call.path,
        "headers": [list(pair) for pair in call.headers],
    }
    return {
        "decision": decision.verdict.value,
        "open": questions(decision.questions),
        "objects": _objects(dict.fromkeys(one for ground in grounds for one in ground.objects)),
        "because": [
            {"objects": _objects(one.objects), "text": one.text, "open": list(one.questions)} for one in grounds
        ],
        "request": {
            "from": f"{request.source.namespace}/{request.source.account}",
            "inMesh": request.source.member,
            "to": f"{request.destination.namespace}/{request.destination.account}",
            "port": request.port,
            **(asked if call.protocol == "HTTP" else {"protocol": call.protocol}),
        },
    }


def overview_document(
    grants: Iterable[Grant], splittings: Iterable[Splitting], findings: Iterable[Finding]
) -> dict[str, Any]:
    """Return everything that the objects say."""
    return {
        "grants": [
            {
                "from": list(one.sources),
                "to": one.destination,
                "granted": list(one.granted),
                "objects": _objects((one.target, *one.objects)),
                "open": list(one.questions),
            }
            for one in grants
        ],
        "splits": [_split(one) for one in splittings],
        "warnings": [{"object": _object(one.about), "text": one.text, "inert": one.inert} for one in findings],
    }


def facts_document(name: str, facts: Iterable[Fact]) -> dict[str, Any]:
    """Return what is known of a mesh."""
    return {"name": name, "known": [{"text": fact.text, "source": fact.source} for fact in facts]}


def questions(ids: Iterable[str]) -> list[dict[str, Any]]:
    """Open questions with their readings."""
    from pytest_smi.oracle.readings import QUESTIONS

    return [{"id": one, "point": QUESTIONS[one].point, "readings": list(QUESTIONS[one].readings)} for one in ids]


def _split(one: Splitting) -> dict[str, Any]:
    return {
        "split": _object(one.split),
        "root": one.root,
        "segments": None if one.segments is None else list(one.segments),
        "owner": one.owner,
        "weightZero": list(one.idle),
        "open": list(one.questions),
        "shares": [
            {
                "ports": [{"port": number, "protocol": transport} for number, transport in part.ports if number],
                "readings": [_share(share) for share in part.possible],
                "open": list(part.questions),
            }
            for part in one.sharing
        ],
    }


def _share(share: Share) -> list[dict[str, Any]]:
    """Return exact fractions as text, beside a number for reading; the root's own endpoints have the backend null."""
    return [
        {"backend": name or None, "share": str(part), "percent": round(float(part * 100), 4)} for name, part in share
    ]


def _objects(identities: Iterable[ObjectId]) -> list[dict[str, str]]:
    return [_object(one) for one in identities]


def _object(identity: ObjectId) -> dict[str, str]:
    kind, namespace, name = identity
    return {"kind": kind, "namespace": namespace, "name": name}
