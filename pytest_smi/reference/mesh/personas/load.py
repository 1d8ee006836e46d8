"""Personas from YAML, strictly: every bad field is reported at once, with its dotted path."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import yaml

from pytest_smi.reference.mesh.faults import DEVIATIONS, FAULTS
from pytest_smi.reference.mesh.personas.definitions import kinds
from pytest_smi.reference.mesh.personas.record import Join, Pace, Persona, PersonaError, Serving, Sidecar, Workload

_TOP = (
    "name",
    "title",
    "description",
    "namespace",
    "workloads",
    "serves",
    "keepUnknown",
    "metrics",
    "join",
    "sidecar",
    "domain",
    "pace",
)
_OPTIONAL = ("deviations", "objects")
_JOIN = {
    "namespaceLabels": "namespace_labels",
    "labels": "labels",
    "annotations": "annotations",
    "podAnnotations": "pod_annotations",
    "outLabels": "out_labels",
    "outAnnotations": "out_annotations",
}
_WORKLOAD = ("kind", "namespace", "name", "image", "acts", "labels", "annotations", "arguments")
_PACE = ("quiet", "longest", "idle", "scale")


def read_persona(path: Path) -> Persona:
    """Return the persona of a file. PersonaError: it cannot be read, or has bad fields."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise PersonaError(f"the persona {path.name} cannot be read: {error}; a persona is a YAML mapping") from error
    return parse_persona(document, origin=path.name)


def parse_persona(document: Any, *, origin: str = "persona") -> Persona:
    """Return the persona of a parsed document; pure. PersonaError names every bad field."""
    reader = _Reader()
    top = reader.mapping("", document, (*_TOP, *_OPTIONAL))
    name = reader.text("name", top.get("name"))
    namespace = reader.text("namespace", top.get("namespace"))
    workloads = tuple(
        _workload(reader, f"workloads[{i}]", w, namespace) for i, w in enumerate(reader.items("workloads", top))
    )
    if sum(workload.acts for workload in workloads) != 1:
        reader.fault("workloads", "exactly one must have acts: true; it runs the control plane")
    serves = {
        resource: _serving(reader, f"serves.{resource}", value, resource)
        for resource, value in reader.mapping("serves", top.get("serves", {}), kinds()).items()
    }
    deviations = {
        switch: reader.text(f"deviations.{switch}", why)
        for switch, why in reader.mapping("deviations", top.get("deviations", {}), (*DEVIATIONS, *FAULTS)).items()
    }
    persona = Persona(
        name=name,
        title=reader.text("title", top.get("title")),
        description=reader.text("description", top.get("description")),
        namespace=namespace,
        workloads=workloads,
        serves=serves,
        keep_unknown=reader.flag("keepUnknown", top.get("keepUnknown", False)),
        metrics=reader.flag("metrics", top.get("metrics", False)),
        join=_join(reader, top.get("join", {})),
        sidecar=_sidecar(reader, top.get("sidecar", {})),
        domain=reader.text("domain", top["domain"]) if "domain" in top else "",
        pace=_pace(reader, top.get("pace", {})),
        deviations=deviations,
        objects=tuple(reader.mapping(f"objects[{i}]", thing) for i, thing in enumerate(reader.items("objects", top))),
    )
    if reader.faults:
        raise PersonaError(f"{origin} has {len(reader.faults)} bad field(s): " + "; ".join(reader.faults))
    return persona


def _workload(reader: _Reader, path: str, value: Any, namespace: str) -> Workload:
    entry = reader.mapping(path, value, _WORKLOAD)
    kind = entry.get("kind", "Deployment")
    if kind not in ("Deployment", "DaemonSet"):
        reader.fault(f"{path}.kind", f"must be Deployment or DaemonSet, found {kind!r}")
    return Workload(
        kind=kind,
        namespace=reader.text(f"{path}.namespace", entry.get("namespace", namespace)),
        name=reader.text(f"{path}.name", entry.get("name")),
        image=reader.text(f"{path}.image", entry.get("image")),
        acts=reader.flag(f"{path}.acts", entry.get("acts", False)),
        labels=reader.texts(f"{path}.labels", entry.get("labels", {})),
        annotations=reader.texts(f"{path}.annotations", entry.get("annotations", {})),
        arguments=tuple(
            reader.text(f"{path}.arguments[{i}]", a) for i, a in enumerate(reader.items(f"{path}.arguments", entry))
        ),
    )


def _serving(reader: _Reader, path: str, value: Any, resource: str) -> Serving:
    entry = reader.mapping(path, value, ("versions", "storage", "listed"))
    known = kinds()[resource]["versions"] if resource in kinds() else {}
    versions, listed = (
        tuple(reader.one_of(f"{path}.{key}[{i}]", v, known) for i, v in enumerate(reader.items(f"{path}.{key}", entry)))
        for key in ("versions", "listed")
    )
    if not versions:
        reader.fault(f"{path}.versions", "must name at least one version")
        return Serving(versions=("",), storage="")
    return Serving(
        versions=versions,
        storage=reader.one_of(f"{path}.storage", entry.get("storage", versions[0]), versions),
        listed=listed,
    )


def _join(reader: _Reader, value: Any) -> Join:
    entry = reader.mapping("join", value, ("everything", *_JOIN))
    marks = {field: reader.texts(f"join.{key}", entry[key]) for key, field in _JOIN.items() if key in entry}
    return Join(everything=reader.flag("join.everything", entry.get("everything", False)), **marks)


def _sidecar(reader: _Reader, value: Any) -> Sidecar:
    entry = reader.mapping("sidecar", value, ("container", "labels", "annotations"))
    return Sidecar(
        container=reader.text("sidecar.container", entry.get("container", Sidecar().container)),
        labels=reader.texts("sidecar.labels", entry.get("labels", {})),
        annotations=reader.texts("sidecar.annotations", entry.get("annotations", {})),
    )


def _pace(reader: _Reader, value: Any) -> Pace:
    entry = reader.mapping("pace", value, _PACE)
    return Pace(**{key: reader.number(f"pace.{key}", number) for key, number in entry.items() if key in _PACE})


class _Reader:
    """Reads typed values and collects a line per bad field."""

    def __init__(self) -> None:
        self.faults: list[str] = []

    def fault(self, path: str, text: str) -> None:
        self.faults.append(f"{path or 'document'}: {text}")

    def mapping(self, path: str, value: Any, allowed: Collection[str] | None = None) -> dict[str, Any]:
        if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
            self.fault(path, f"must be a mapping, found {value!r}")
            return {}
        for key in value if allowed is not None else ():
            if key not in allowed:  # type: ignore[operator]  # not None, see above
                self.fault(
                    f"{path}.{key}" if path else key, "unknown field; known are " + ", ".join(sorted(allowed or ()))
                )
        return value

    def items(self, path: str, entry: Mapping[str, Any]) -> list[Any]:
        value = entry.get(path.rpartition(".")[2], [])
        if isinstance(value, list):
            return value
        self.fault(path, f"must be a list, found {value!r}")
        return []

    def text(self, path: str, value: Any) -> str:
        if isinstance(value, str) and value:
            return value
        self.fault(path, f"must be a non-empty string, found {value!r}")
        return ""

    def texts(self, path: str, value: Any) -> dict[str, str]:
        return {key: self.text(f"{path}.{key}", text) for key, text in self.mapping(path, value).items()}

    def one_of(self, path: str, value: Any, known: Collection[str]) -> str:
        if value not in known:
            self.fault(path, f"must be one of {', '.join(known)}, found {value!r}")
        return str(value)

    def flag(self, path: str, value: Any) -> bool:
        if not isinstance(value, bool):
            self.fault(path, f"must be true or false, found {value!r}")
        return value is True

    def number(self, path: str, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            self.fault(path, f"must be a number from 0, found {value!r}")
            return 0.0
        return float(value)
