"""TrafficTarget and IdentityBinding in every version of access.smi-spec.io, both ways. Pure.

v1alpha1 has its fields at the top level and calls the rules `specs`;
v1alpha1 and v1alpha2 have the port in the destination;
UDPRoute came with v1alpha3, IdentityBinding with the draft v1alpha4.
"""

from __future__ import annotations

from typing import Any

from pytest_smi.smi.model import IDENTITY_BINDING, IdentityBinding, Rule, Subject, TrafficTarget
from pytest_smi.smi.object_reader import Reader
from pytest_smi.smi.versions import GROUPS, before, not_expressible

DRAFT = "v1alpha4"


def target_body(record: TrafficTarget, version: str) -> dict[str, Any]:
    """Return the fields of a TrafficTarget beside its metadata. Raises NotExpressible."""
    destination: dict[str, Any] = _subject(record.destination, version)
    if record.port is not None:
        if not before(version, "v1alpha3"):
            raise not_expressible("access", version, "the port of a destination (a TCPRoute says it)")
        destination["port"] = record.port
    rules = [_rule(rule, version) for rule in record.rules]
    sources = [_subject(source, version) for source in record.sources]
    if version == "v1alpha1":
        return {"destination": destination, "specs": rules, "sources": sources}
    return {"spec": {"destination": destination, "rules": rules, "sources": sources}}


def read_target(name: str, namespace: str, item: Reader, version: str) -> TrafficTarget:
    """Read what `target_body` writes. Raises ValueError."""
    top = item if version == "v1alpha1" else item.inner("spec")
    destination = top.inner("destination")
    return TrafficTarget(
        name=name,
        namespace=namespace,
        destination=_read_subject(destination),
        rules=tuple(
            Rule(
                kind=rule.text("kind"),
                name=rule.text("name"),
                matches=rule.texts("matches") if rule.has("matches") else None,
            )
            for rule in top.each("specs" if version == "v1alpha1" else "rules")
        ),
        sources=tuple(_read_subject(source) for source in top.each("sources")),
        port=destination.optional_number("port") if before(version, "v1alpha3") else None,
    )


def binding_body(record: IdentityBinding, version: str) -> dict[str, Any]:
    """Return the fields of an IdentityBinding beside its metadata. Raises NotExpressible."""
    if version != DRAFT:
        raise not_expressible("access", version, "an IdentityBinding")
    schemes: dict[str, Any] = {}
    if record.service_account is not None:
        schemes["serviceAccount"] = record.service_account
    if record.pod_labels is not None:
        schemes["podLabelSelector"] = {"matchLabels": dict(record.pod_labels)}
    if record.spiffe_identities is not None:
        schemes["spiffeIdentities"] = list(record.spiffe_identities)
    return {"spec": {"schemes": schemes}}


def read_binding(name: str, namespace: str, item: Reader, version: str) -> IdentityBinding:
    """Read what `binding_body` writes. Raises ValueError."""
    if version != DRAFT:
        raise ValueError(f"access {version} has no IdentityBinding")
    schemes = item.inner("spec").inner("schemes")
    selector = schemes.inner("podLabelSelector")
    if selector.items("matchExpressions"):  # without them the binding would seem wider than it is
        raise ValueError(f"{selector.path}.matchExpressions is not understood here, only matchLabels is")
    labels = selector.inner("matchLabels").pairs() if schemes.has("podLabelSelector") else None
    return IdentityBinding(
        name=name,
        namespace=namespace,
        service_account=schemes.optional_text("serviceAccount"),
        pod_labels=labels,
        spiffe_identities=schemes.texts("spiffeIdentities") if schemes.has("spiffeIdentities") else None,
    )


def _rule(rule: Rule, version: str) -> dict[str, Any]:
    if rule.kind == "UDPRoute" and before(version, "v1alpha3"):
        raise not_expressible("access", version, "a rule of kind UDPRoute")
    return {"kind": rule.kind, "name": rule.name} | ({} if rule.matches is None else {"matches": list(rule.matches)})


def _subject(subject: Subject, version: str) -> dict[str, Any]:
    written = {"kind": subject.kind, "name": subject.name}
    if subject.namespace:
        written["namespace"] = subject.namespace
    if subject.kind == IDENTITY_BINDING:
        if version != DRAFT:
            raise not_expressible("access", version, "a subject that is an IdentityBinding")
        written["group"] = GROUPS["access"]
    return written


def _read_subject(item: Reader) -> Subject:
    return Subject(kind=item.text("kind"), name=item.text("name"), namespace=item.optional_text("namespace") or "")
