"""Turns a parsed YAML document into a Profile, strictly: every bad field is reported at once, each with its dotted path. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import combinations
from typing import Any

from pytest_smi.core.limits import Limits
from pytest_smi.core.terms import APIS, VERSIONS
from pytest_smi.errors import ProfileError
from pytest_smi.profiles.fields import Fields, mapping, note, one_of, strings
from pytest_smi.profiles.preconditions import read_preconditions
from pytest_smi.profiles.record import (
    FAMILIES,
    FEATURES,
    OUTCOMES,
    PROTOCOLS,
    PROVIDERS,
    STATES,
    KubernetesFacts,
    Marks,
    MeshFacts,
    Noted,
    Profile,
    ServiceFacts,
    SplitFacts,
    State,
    WorkloadReference,
)
from pytest_smi.smi.versions import REFERRED

TOP = (
    "name",
    "title",
    "provider",
    "status",
    "claimsNothing",
    "join",
    "keepOut",
    "addressing",
    "services",
    "apis",
    "stored",
    "features",
    "mesh",
    "splits",
    "kubernetes",
    "preconditions",
    "denial",
    "sources",
    "unverified",
    "limits",
    "gaps",
    "alone",
)
MARKS = {
    "namespaceLabels": "namespace_labels",
    "namespaceAnnotations": "namespace_annotations",
    "podLabels": "pod_labels",
    "podAnnotations": "pod_annotations",
}
NAME = r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?"
HOST = r"(?=.*\{service\})(?=.*\{namespace\})([^{}]|\{service\}|\{namespace\})*"
RELEASE = r"1\.\d+"
VERSION_FROM = r"image-tag|image-digest|label:.+|annotation:.+"


def parse_profile(document: Any, *, origin: str = "profile") -> Profile:
    """Turn a parsed YAML document into a Profile. Raises ProfileError naming every bad field."""
    faults: list[str] = []
    top = Fields(faults, "", document, TOP)
    host, outside = _addressing(top.within("addressing", ("host", "outsideHost")))
    profile = Profile(
        name=top.string("name", pattern=NAME, meaning="lower-case letters, digits, '-' and '.'"),
        title=top.string("title", "") or str(top.values.get("name", "")),
        provider=top.choice("provider", PROVIDERS),
        status=_state(top.within("status", ("state", "note", "source"))),
        claims_nothing=top.string("claimsNothing", "").strip(),
        join=_marks(top.within("join", tuple(MARKS))),
        keep_out=_marks(top.within("keepOut", tuple(MARKS))),
        host=host,
        outside_host=outside,
        services=_services(top.within("services", ("annotations", "separate", "appProtocols"))),
        apis=_versions(top.within("apis", APIS), APIS),
        stored=_versions(top.within("stored", tuple(REFERRED)), tuple(REFERRED)),
        features=frozenset(top.choices("features", FEATURES)),
        mesh=_mesh(top.within("mesh", ("namespace", "workloads", "version", "proxyContainer", "detect"))),
        splits=_splits(top.within("splits", ("idleBefore", "freshClient", "rootSelectsBackends"))),
        kubernetes=_kubernetes(top.within("kubernetes", ("min", "max", "source", "verified"))),
        preconditions=read_preconditions(top),
        denial=_denial(top.within("denial", FAMILIES)),
        sources=_remarks(top, "sources"),
        unverified=_remarks(top, "unverified"),
        limits=_limits(top),
        gaps=_noted(top, "gaps"),
        alone=_noted(top, "alone"),
    )
    if profile.claims_nothing and profile.apis:
        top.fault("apis", "must be empty when claimsNothing is given")
    if not profile.claims_nothing and not top.values.get("apis"):
        top.fault("apis", "names no API: list the versions that the mesh reads, or say under claimsNothing why there are none")
    _check_stored(top, profile)
    if faults:
        raise ProfileError(f"{origin} has {len(faults)} bad field(s): " + "; ".join(faults), hint="correct them and run again")
    return profile


def _noted(top: Fields, key: str) -> tuple[Noted, ...]:
    entries = top.items(key, ("requirement", "reason"))
    return tuple(Noted(requirement=entry.string("requirement"), reason=entry.string("reason")) for entry in entries)


def _addressing(fields: Fields) -> tuple[str, str]:
    host = fields.string("host", "{service}.{namespace}.svc.cluster.local")
    outside = fields.string("outsideHost", host)
    for key, template in (("host", host), ("outsideHost", outside)):
        if isinstance(fields.values.get(key), str) and not re.fullmatch(HOST, template):
            fields.fault(key, f"must contain {{service}} and {{namespace}} and no other placeholder, found {template!r}")
    return host, outside


def _state(fields: Fields) -> State:
    return State(state=fields.choice("state", STATES, "maintained"), note=fields.string("note", ""), source=fields.string("source", ""))


def _marks(fields: Fields) -> Marks:
    return Marks(**{attribute: fields.texts(key) for key, attribute in MARKS.items()})


def _services(fields: Fields) -> ServiceFacts:
    within = fields.within("annotations", FAMILIES)
    annotations = {family: within.texts(family) for family in FAMILIES if family in within.values}
    separate = fields.truth("separate")
    if not separate:
        for one, other in combinations(annotations, 2):
            for key in sorted(set(annotations[one]) & set(annotations[other])):
                if annotations[one][key] != annotations[other][key]:
                    fields.fault("annotations", f"{one} and {other} want different values of {key} on one Service: set separate")
    spelled = fields.within("appProtocols", PROTOCOLS)
    app_protocols = {protocol: spelled.string(protocol) for protocol in PROTOCOLS if protocol in spelled.values}
    return ServiceFacts(annotations=annotations, separate=separate, app_protocols=app_protocols)


def _versions(fields: Fields, known_apis: Sequence[str]) -> dict[str, tuple[str, ...]]:
    apis = {}
    for api in known_apis:
        if api not in fields.values:
            continue
        versions = strings(fields.faults, fields.at(api), fields.values[api])
        known = [one_of(fields.faults, f"{fields.at(api)}[{i}]", version, VERSIONS[api]) for i, version in enumerate(versions)]
        if all(known) and list(versions) != sorted(set(versions), reverse=True):
            fields.fault(api, f"must be listed once each, newest first, found {', '.join(versions)}")
        if isinstance(fields.values[api], list) and not versions:
            fields.fault(api, "lists no version: leave the API out instead")
        apis[api] = versions
    return apis


def _check_stored(top: Fields, profile: Profile) -> None:
    for api in profile.stored:
        if api in profile.apis:
            top.fault(f"stored.{api}", "is claimed under apis as well: an API is either claimed, or stored and not acted on")
        if not any(referring in profile.apis for referring in REFERRED[api]):
            top.fault(f"stored.{api}", f"is of no use: only {' and '.join(REFERRED[api])} refer to it, and neither is claimed under apis")


def _mesh(fields: Fields) -> MeshFacts:
    version = fields.within("version", ("workload", "from"))
    facts = MeshFacts(
        namespace=fields.string("namespace", ""),
        workloads=fields.strings("workloads"),
        version_workload=version.string("workload", ""),
        version_from=version.string(
            "from", "image-tag", pattern=VERSION_FROM, meaning="image-tag, image-digest, label:KEY or annotation:KEY"
        ),
        proxy_container=fields.string("proxyContainer", ""),
        detect=fields.strings("detect"),
    )
    named = [(f"workloads[{i}]", w) for i, w in enumerate(facts.workloads)] + [(f"detect[{i}]", w) for i, w in enumerate(facts.detect)]
    if facts.version_workload:
        named.append(("version.workload", facts.version_workload))
    for path, workload in named:
        check_workload(fields.faults, fields.at(path), workload, facts.namespace)
    return facts


def check_workload(faults: list[str], path: str, workload: str, namespace: str) -> None:
    """Note a fault when `workload` is no reference to a workload."""
    try:
        WorkloadReference.parse(workload, namespace)
    except ValueError as error:
        note(faults, path, str(error))


def _splits(fields: Fields) -> SplitFacts:
    return SplitFacts(
        idle_before=fields.number("idleBefore"),
        fresh_client=fields.truth("freshClient"),
        root_selects_backends=fields.truth("rootSelectsBackends"),
    )


def _kubernetes(fields: Fields) -> KubernetesFacts:
    facts = KubernetesFacts(
        min=fields.string("min", "", pattern=RELEASE, meaning='a release such as "1.23"'),
        max=fields.string("max", "", pattern=RELEASE, meaning='a release such as "1.23"'),
        source=fields.string("source", ""),
        verified=fields.truth("verified"),
    )
    releases = [int(release.partition(".")[2]) for release in (facts.min, facts.max) if re.fullmatch(RELEASE, release)]
    if len(releases) == 2 and releases[0] > releases[1]:
        fields.fault("min", f"{facts.min} is above max {facts.max}")
    return facts


def _denial(fields: Fields) -> dict[str, tuple[str, ...]]:
    denial = {family: fields.strings(family) for family in FAMILIES if family in fields.values}
    for family, signatures in denial.items():
        for i, signature in enumerate(signatures):
            if not re.fullmatch(r"[1-5]\d\d", signature):
                one_of(fields.faults, f"{fields.at(family)}[{i}]", signature, ("a status code", *OUTCOMES))
    return denial


def _remarks(top: Fields, key: str) -> dict[str, str]:
    remarks = top.texts(key)
    for path in mapping([], "", remarks):
        one_of(top.faults, f"{key}.{path}", re.split(r"[.\[]", path)[0], TOP)
    return remarks


def _limits(top: Fields) -> Limits:
    numbers = top.numbers("limits")
    try:
        return Limits().overridden(numbers)
    except ValueError as error:
        top.fault("limits", str(error))
        return Limits()
