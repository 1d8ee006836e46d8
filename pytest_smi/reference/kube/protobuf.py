"""Kubernetes' protobuf encoding, read only, for the kinds that kubectl sends in it (`create namespace`, `auth can-i`).
Pure.

Law: the table is all that is known; a kind or a field outside it is refused with 415 or 400, never dropped in silence.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

from pytest_smi.reference.kube.status import ApiError, BadRequest

TYPE = "application/vnd.kubernetes.protobuf"
MAGIC = b"k8s\x00"

# Field number -> (JSON name, type). Types: str, int, bool, bytes; int0 is a number whose zero means absent; time and
# intorstr; another name is a message; a leading * is a list, a leading % a map from strings.
_Fields = dict[int, tuple[str, str]]
_META: _Fields = {1: ("metadata", "ObjectMeta")}
_MESSAGES: dict[str, _Fields] = {
    "ObjectMeta": {
        1: ("name", "str"),
        2: ("generateName", "str"),
        3: ("namespace", "str"),
        4: ("selfLink", "str"),
        5: ("uid", "str"),
        6: ("resourceVersion", "str"),
        7: ("generation", "int0"),
        8: ("creationTimestamp", "time"),
        11: ("labels", "%str"),
        12: ("annotations", "%str"),
        14: ("finalizers", "*str"),
    },
    "Namespace": {**_META, 2: ("spec", "NamespaceSpec"), 3: ("status", "Ignored")},
    "NamespaceSpec": {1: ("finalizers", "*str")},
    "ServiceAccount": {**_META, 4: ("automountServiceAccountToken", "bool")},
    "ConfigMap": {**_META, 2: ("data", "%str"), 3: ("binaryData", "%bytes"), 4: ("immutable", "bool")},
    "Secret": {**_META, 2: ("data", "%bytes"), 3: ("type", "str"), 4: ("stringData", "%str"), 5: ("immutable", "bool")},
    "Role": {**_META, 2: ("rules", "*PolicyRule")},
    "ClusterRole": {**_META, 2: ("rules", "*PolicyRule"), 3: ("aggregationRule", "AggregationRule")},
    "AggregationRule": {1: ("clusterRoleSelectors", "*LabelSelector")},
    "PolicyRule": {
        1: ("verbs", "*str"),
        2: ("apiGroups", "*str"),
        3: ("resources", "*str"),
        4: ("resourceNames", "*str"),
        5: ("nonResourceURLs", "*str"),
    },
    "RoleBinding": {**_META, 2: ("subjects", "*Subject"), 3: ("roleRef", "RoleRef")},
    "ClusterRoleBinding": {**_META, 2: ("subjects", "*Subject"), 3: ("roleRef", "RoleRef")},
    "Subject": {1: ("kind", "str"), 2: ("apiGroup", "str"), 3: ("name", "str"), 4: ("namespace", "str")},
    "RoleRef": {1: ("apiGroup", "str"), 2: ("kind", "str"), 3: ("name", "str")},
    "LabelSelector": {1: ("matchLabels", "%str"), 2: ("matchExpressions", "*Requirement")},
    "Requirement": {1: ("key", "str"), 2: ("operator", "str"), 3: ("values", "*str")},
    "SelfSubjectAccessReview": {**_META, 2: ("spec", "AccessSpec"), 3: ("status", "Ignored")},
    "AccessSpec": {1: ("resourceAttributes", "ResourceAttributes"), 2: ("nonResourceAttributes", "PathAttributes")},
    "ResourceAttributes": {
        1: ("namespace", "str"),
        2: ("verb", "str"),
        3: ("group", "str"),
        4: ("version", "str"),
        5: ("resource", "str"),
        6: ("subresource", "str"),
        7: ("name", "str"),
    },
    "PathAttributes": {1: ("path", "str"), 2: ("verb", "str")},
    "SelfSubjectRulesReview": {**_META, 2: ("spec", "RulesSpec"), 3: ("status", "Ignored")},
    "RulesSpec": {1: ("namespace", "str")},
    "SelfSubjectReview": {**_META, 2: ("status", "Ignored")},
    "TokenRequest": {**_META, 2: ("spec", "TokenSpec"), 3: ("status", "Ignored")},
    "TokenSpec": {1: ("audiences", "*str"), 3: ("boundObjectRef", "BoundObject"), 4: ("expirationSeconds", "int")},
    "BoundObject": {1: ("kind", "str"), 2: ("apiVersion", "str"), 3: ("name", "str"), 4: ("uid", "str")},
    "Deployment": {**_META, 2: ("spec", "DeploymentSpec"), 3: ("status", "Ignored")},
    "DeploymentSpec": {
        1: ("replicas", "int"),
        2: ("selector", "LabelSelector"),
        3: ("template", "Template"),
        4: ("strategy", "Strategy"),
        5: ("minReadySeconds", "int0"),
        7: ("paused", "bool0"),
    },
    "Strategy": {1: ("type", "str")},
    "Template": {1: ("metadata", "ObjectMeta"), 2: ("spec", "PodSpec")},
    "PodSpec": {
        2: ("containers", "*Container"),
        3: ("restartPolicy", "str"),
        4: ("terminationGracePeriodSeconds", "int"),
        6: ("dnsPolicy", "str"),
        8: ("serviceAccountName", "str"),
        9: ("serviceAccount", "str"),
        10: ("nodeName", "str"),
        11: ("hostNetwork", "bool0"),
        12: ("hostPID", "bool0"),
        13: ("hostIPC", "bool0"),
        16: ("hostname", "str"),
        17: ("subdomain", "str"),
        19: ("schedulerName", "str"),
        24: ("priorityClassName", "str"),
    },
    "Container": {
        1: ("name", "str"),
        2: ("image", "str"),
        3: ("command", "*str"),
        4: ("args", "*str"),
        5: ("workingDir", "str"),
        6: ("ports", "*ContainerPort"),
        7: ("env", "*EnvVar"),
        8: ("resources", "Empty"),
        13: ("terminationMessagePath", "str"),
        14: ("imagePullPolicy", "str"),
        16: ("stdin", "bool0"),
        17: ("stdinOnce", "bool0"),
        18: ("tty", "bool0"),
        20: ("terminationMessagePolicy", "str"),
    },
    "Empty": {},
    "EnvVar": {1: ("name", "str"), 2: ("value", "str")},
    "ContainerPort": {
        1: ("name", "str"),
        2: ("hostPort", "int0"),
        3: ("containerPort", "int"),
        4: ("protocol", "str"),
        5: ("hostIP", "str"),
    },
    "Service": {**_META, 2: ("spec", "ServiceSpec"), 3: ("status", "Ignored")},
    "ServiceSpec": {
        1: ("ports", "*ServicePort"),
        2: ("selector", "%str"),
        3: ("clusterIP", "str"),
        4: ("type", "str"),
        7: ("sessionAffinity", "str"),
        8: ("loadBalancerIP", "str"),
        10: ("externalName", "str"),
        11: ("externalTrafficPolicy", "str"),
        12: ("healthCheckNodePort", "int0"),
        13: ("publishNotReadyAddresses", "bool0"),
    },
    "ServicePort": {
        1: ("name", "str"),
        2: ("protocol", "str"),
        3: ("port", "int"),
        4: ("targetPort", "intorstr"),
        5: ("nodePort", "int0"),
    },
    "DeleteOptions": {
        1: ("gracePeriodSeconds", "int"),
        2: ("preconditions", "Preconditions"),
        3: ("orphanDependents", "bool"),
        4: ("propagationPolicy", "str"),
        5: ("dryRun", "*str"),
    },
    "Preconditions": {1: ("uid", "str"), 2: ("resourceVersion", "str")},
}


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        kind = tag & 7
        if kind == 0:
            value, at = _varint(data, at)
            yield tag >> 3, value
        elif kind == 2:
            size, at = _varint(data, at)
            if at + size > len(data):
                raise IndexError
            yield tag >> 3, data[at : at + size]
            at += size
        else:
            raise ValueError(f"wire type {kind}")


def _scalar(kind: str, raw: int | bytes) -> Any:
    if kind in ("int", "int0"):
        number = int(raw)
        return number - (1 << 64) if number >> 63 else number
    if kind in ("bool", "bool0"):
        return bool(raw)
    assert isinstance(raw, bytes)
    if kind == "str":
        return raw.decode()
    if kind == "bytes":
        return base64.b64encode(raw).decode()
    if kind == "intorstr":
        parts = dict(_fields(raw))
        text = parts.get(3, b"")
        return text.decode() if parts.get(1) and isinstance(text, bytes) else parts.get(2, 0)
    return _message(kind, raw)


def _message(name: str, data: bytes) -> dict[str, Any]:
    table, result = _MESSAGES[name], dict[str, Any]()
    for number, raw in _fields(data):
        if number not in table:
            raise BadRequest(
                f"field {number} of the protobuf message {name} is not read here: send the object as JSON or YAML"
            )
        field, kind = table[number]
        if kind in ("Ignored", "time"):
            continue
        if kind.startswith("*"):
            result.setdefault(field, []).append(_scalar(kind[1:], raw))
        elif kind.startswith("%"):
            assert isinstance(raw, bytes)
            entry = dict(_fields(raw))
            key, value = entry.get(1, b""), entry.get(2, b"")
            assert isinstance(key, bytes)
            result.setdefault(field, {})[key.decode()] = _scalar(kind[1:], value)
        else:
            value = _scalar(kind, raw)
            # Go writes empty strings and empty structs out; in JSON they are absent.
            if value in ("", {}) or (kind.endswith("0") and not value):
                continue
            result[field] = value
    return result


def decode(body: bytes) -> dict[str, Any]:
    """Return the object in a protobuf body; raises 415 for kinds outside the table and BadRequest for what cannot be
    read."""
    if not body.startswith(MAGIC):
        raise BadRequest("the protobuf body does not start with k8s\\0")
    try:
        envelope = dict(_fields(body[len(MAGIC) :]))
        named, raw = envelope.get(1, b""), envelope.get(2, b"")
        assert isinstance(named, bytes)
        assert isinstance(raw, bytes)
        type_meta = {number: value.decode() for number, value in _fields(named) if isinstance(value, bytes)}
        kind = type_meta.get(2, "")
        if kind not in _MESSAGES:
            text = f"the kind {kind} is not read from protobuf here: send it as JSON or YAML"
            raise ApiError(text, code=415, reason="UnsupportedMediaType")
        return {"apiVersion": type_meta.get(1, ""), "kind": kind, **_message(kind, raw)}
    except (IndexError, ValueError, AssertionError, TypeError) as error:
        raise BadRequest(f"the protobuf body cannot be read: {error}") from None
