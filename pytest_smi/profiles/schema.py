"""The JSON Schema of a profile, made from the same tables as its reader: for editors, and for those who write profiles. Pure.

The reader is stricter in what a schema cannot say: that versions stand newest first, that `min` is not above `max`, that workloads without
a namespace of their own need `mesh.namespace`, and the like.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from pytest_smi.core.limits import Limits
from pytest_smi.core.terms import APIS, VERSIONS
from pytest_smi.core.uris import PROFILE_SCHEMA
from pytest_smi.profiles.preconditions import COMMON, KINDS, MAY, NEEDS
from pytest_smi.profiles.read import HOST, MARKS, NAME, RELEASE, TOP, VERSION_FROM
from pytest_smi.profiles.record import FAMILIES, FEATURES, OUTCOMES, PROTOCOLS, PROVIDERS, STATES
from pytest_smi.profiles.record import KINDS as WORKLOAD_KINDS
from pytest_smi.smi.versions import REFERRED

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
FILLED: Schema = {"type": "string", "pattern": r"\S"}
TEXTS: Schema = {"type": "object", "additionalProperties": TEXT}
TRUTH: Schema = {"type": "boolean"}
SCALAR: Schema = {"type": ["string", "number", "boolean"]}
WORKLOAD: Schema = {"type": "string", "pattern": f"^([^/]+/)?({'|'.join(WORKLOAD_KINDS)})/[^/]+$"}


def profile_schema() -> Schema:
    """Return the schema (draft 2020-12) of a profile document."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": PROFILE_SCHEMA,
        "title": "Profile of a service mesh, for pytest-smi",
        **_mapping({key: {**schema, "description": text} for key, (text, schema) in _top().items()}, required=("name", "provider")),
        "oneOf": [
            {"required": ["apis"], "properties": {"apis": {"minProperties": 1}, "claimsNothing": {"pattern": r"^\s*$"}}},
            {"required": ["claimsNothing"], "properties": {"apis": {"maxProperties": 0}, "claimsNothing": {"pattern": r"\S"}}},
        ],
        "allOf": [_stored(api, referring) for api, referring in REFERRED.items()],
    }


def _top() -> dict[str, tuple[str, Schema]]:
    marks = _mapping(dict.fromkeys(MARKS, TEXTS))
    return {
        "name": ("What --mesh calls it", {"type": "string", "pattern": f"^{NAME}$"}),
        "title": ("Its name for people", TEXT),
        "provider": ("embedded: the suite starts it; cluster: it is there", {"enum": list(PROVIDERS)}),
        "status": (
            "How alive it is as a reader of SMI, and where that was found",
            _mapping({"state": {"enum": list(STATES)}, "note": TEXT, "source": TEXT}),
        ),
        "claimsNothing": ("Why it claims no API; apis must then be absent", TEXT),
        "join": ("Labels and annotations that make a workload join the mesh", marks),
        "keepOut": ("Labels and annotations that keep a pod out of it", marks),
        "addressing": (
            "Host names of Services, with {service} and {namespace}: for clients in the mesh, and for those outside",
            _mapping({key: {"type": "string", "pattern": f"^{HOST}$"} for key in ("host", "outsideHost")}),
        ),
        "services": (
            "Annotations of Services by protocol family, whether each family needs its own Service, and the appProtocol of each protocol",
            _mapping(
                {
                    "annotations": _mapping(dict.fromkeys(FAMILIES, TEXTS)),
                    "separate": TRUTH,
                    "appProtocols": _mapping(dict.fromkeys(PROTOCOLS, FILLED)),
                }
            ),
        ),
        "apis": (
            "Claimed versions of each API, newest first",
            _mapping({api: _list({"enum": list(VERSIONS[api])}, minItems=1, uniqueItems=True) for api in APIS}),
        ),
        "stored": (
            "Versions of APIs that the cluster stores so that objects of the claimed ones can refer to them; the mesh does not act on them",
            _mapping({api: _list({"enum": list(VERSIONS[api])}, minItems=1, uniqueItems=True) for api in REFERRED}),
        ),
        "features": ("What it carries besides HTTP/1.1 over Services", _list({"enum": list(FEATURES)})),
        "mesh": ("Where it runs, how its version is read, and by what --mesh auto knows it", _mesh()),
        "splits": (
            "What it takes to see a new TrafficSplit: seconds of silence, a client pod per scene, a root over all pods",
            _mapping({"idleBefore": {"type": "number", "minimum": 0}, "freshClient": TRUTH, "rootSelectsBackends": TRUTH}),
        ),
        "kubernetes": (
            "Releases of Kubernetes on which it is known to run",
            _mapping({"min": _pattern(RELEASE), "max": _pattern(RELEASE), "source": TEXT, "verified": TRUTH}),
        ),
        "preconditions": ("What must be so before a run can be fair to it", _list({"oneOf": [_precondition(kind) for kind in KINDS]})),
        "denial": (
            "Known signatures of a denial, a status code or how a call ends; information, never a criterion",
            _mapping(dict.fromkeys(FAMILIES, _list({"anyOf": [{"type": "string", "pattern": r"^[1-5]\d\d$"}, {"enum": list(OUTCOMES)}]}))),
        ),
        "sources": ("Dotted path of a field: where its value was found", _remarks()),
        "unverified": ("Dotted path of a field: why its value is not certain", _remarks()),
        "limits": (
            "How patient and how strict a run is",
            _mapping({f.name: {"type": "number", "exclusiveMinimum": 0} for f in fields(Limits)}),
        ),
        "gaps": (
            "Requirements that its maintainers declare as not met",
            _noted(),
        ),
        "alone": (
            "Requirements whose scene disturbs the mesh for everybody: they are run one at a time, after all others",
            _noted(),
        ),
    }


def _stored(api: str, referring: Sequence[str]) -> Schema:
    claims = {"not": {"required": [api]}, "anyOf": [{"required": [other]} for other in referring]}
    return {
        "if": {"required": ["stored"], "properties": {"stored": {"required": [api]}}},
        "then": {"required": ["apis"], "properties": {"apis": claims}},
    }


def _noted() -> Schema:
    return _list(_mapping({"requirement": FILLED, "reason": FILLED}, required=("requirement", "reason")))


def _mesh() -> Schema:
    return _mapping(
        {
            "namespace": TEXT,
            "workloads": _list(WORKLOAD),
            "version": _mapping({"workload": {"anyOf": [{"const": ""}, WORKLOAD]}, "from": _pattern(VERSION_FROM)}),
            "proxyContainer": TEXT,
            "detect": _list(WORKLOAD),
        }
    )


def _precondition(kind: str) -> Schema:
    values: dict[str, Schema] = {
        "name": FILLED,
        "kind": {"const": kind},
        "remedy": FILLED,
        "apis": _list({"enum": list(APIS)}),
        "workload": WORKLOAD,
        "argument": FILLED,
        "path": FILLED,
        "group": FILLED,
        "equals": SCALAR,
        "default": SCALAR,
        "resource": _mapping(
            {"apiVersion": FILLED, "plural": FILLED, "namespace": TEXT, "name": FILLED}, required=("apiVersion", "plural", "name")
        ),
    }
    allowed = (*COMMON, *NEEDS[kind], *MAY.get(kind, ()))
    return _mapping({key: values[key] for key in allowed}, required=("name", "kind", "remedy", *NEEDS[kind]))


def _remarks() -> Schema:
    return {"type": "object", "propertyNames": {"pattern": f"^({'|'.join(TOP)})([.\\[]|$)"}, "additionalProperties": TEXT}


def _mapping(properties: dict[str, Schema], *, required: tuple[str, ...] = ()) -> Schema:
    schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**schema, "required": list(required)} if required else schema


def _list(items: Schema, **more: Any) -> Schema:
    return {"type": "array", "items": items, **more}


def _pattern(expression: str) -> Schema:
    return {"type": "string", "pattern": f"^({expression})?$"}
