"""A mesh's profile: what the suite must know of a mesh to test it, as data, strictly loaded.

Loading reports every bad field at once, each with its dotted path.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_smi.errors import ProfileError
from pytest_smi.limits import Limits

APIS = ("access", "specs", "split", "metrics")
PROVIDERS = ("embedded", "cluster")
FEATURES = ("http2", "tcp", "udp", "peer-address")


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """Labels and annotations that make a namespace or pod join the mesh, or stay out of it."""

    namespace_labels: Mapping[str, str] = field(default_factory=dict)
    namespace_annotations: Mapping[str, str] = field(default_factory=dict)
    pod_labels: Mapping[str, str] = field(default_factory=dict)
    pod_annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeshFacts:
    """Where the mesh itself runs and how its version is read."""

    namespace: str = ""
    workloads: tuple[str, ...] = ()
    version_workload: str = ""
    version_from: str = "image-tag"
    proxy_container: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A requirement that the mesh's maintainers declare as not met, with their reason."""

    requirement: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Everything that differs between meshes."""

    name: str
    title: str
    provider: str
    join: Marks
    keep_out: Marks
    host: str
    """Template of the name under which clients address a Service: {service}, {namespace}."""
    apis: Mapping[str, tuple[str, ...]]
    """Claimed API versions, newest first; an API that is not named is not claimed."""
    features: frozenset[str]
    mesh: MeshFacts
    limits: Limits
    gaps: tuple[Gap, ...] = ()

    def gap(self, requirement: str) -> str | None:
        """Return the declared reason why `requirement` is not met, or None."""
        return next((g.reason for g in self.gaps if g.requirement == requirement), None)


def known_profiles() -> dict[str, Path]:
    """Return the profiles that ship with the package, by mesh name."""
    return {path.stem: path for path in sorted((Path(__file__).parent / "profiles").glob("*.yaml"))}


def load_profile(name: str) -> Profile:
    """Load the shipped profile of mesh `name`; raises ProfileError that lists the known names."""
    known = known_profiles()
    if name not in known:
        raise ProfileError(f"unknown mesh {name!r}", hint=f"known meshes: {', '.join(known)}")
    return read_profile(known[name])


def read_profile(path: Path) -> Profile:
    """Read a profile file; raises ProfileError when it cannot be read or has bad fields."""
    import yaml

    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ProfileError(f"the profile {path} cannot be read: {error}", hint="a profile is a YAML mapping") from error
    return parse_profile(document, origin=str(path))


def parse_profile(document: Any, *, origin: str = "profile") -> Profile:
    """Turn a parsed YAML document into a Profile; pure. Raises ProfileError naming every bad field."""
    reader = _Reader(document)
    top = reader.mapping("", document)
    allowed = {"name", "title", "provider", "join", "keepOut", "addressing", "apis", "features", "mesh", "limits", "gaps"}
    reader.no_others("", top, allowed)
    addressing = reader.mapping("addressing", top.get("addressing", {}))
    reader.no_others("addressing", addressing, {"host"})
    mesh = reader.mapping("mesh", top.get("mesh", {}))
    reader.no_others("mesh", mesh, {"namespace", "workloads", "version", "proxyContainer"})
    version = reader.mapping("mesh.version", mesh.get("version", {}))
    apis = {
        api: tuple(reader.strings(f"apis.{api}", versions))
        for api, versions in reader.mapping("apis", top.get("apis", {})).items()
        if reader.one_of(f"apis.{api}", api, APIS)
    }
    features = frozenset(f for f in reader.strings("features", top.get("features", [])) if reader.one_of("features", f, FEATURES))
    limits = Limits()
    try:
        limits = limits.overridden(reader.numbers("limits", top.get("limits", {})))
    except ValueError as error:
        reader.fault("limits", str(error))
    gaps = [reader.mapping(f"gaps[{i}]", gap) for i, gap in enumerate(reader.sequence("gaps", top.get("gaps", [])))]
    provider = reader.string("provider", top.get("provider"))
    reader.one_of("provider", provider, PROVIDERS)
    profile = Profile(
        name=reader.string("name", top.get("name")),
        title=reader.string("title", top.get("title", top.get("name"))),
        provider=provider,
        join=reader.marks("join", top.get("join", {})),
        keep_out=reader.marks("keepOut", top.get("keepOut", {})),
        host=reader.string("addressing.host", addressing.get("host", "{service}.{namespace}.svc.cluster.local")),
        apis=apis,
        features=features,
        mesh=MeshFacts(
            namespace=reader.string("mesh.namespace", mesh.get("namespace", "")),
            workloads=tuple(reader.strings("mesh.workloads", mesh.get("workloads", []))),
            version_workload=reader.string("mesh.version.workload", version.get("workload", "")),
            version_from=reader.string("mesh.version.from", version.get("from", "image-tag")),
            proxy_container=reader.string("mesh.proxyContainer", mesh.get("proxyContainer", "")),
        ),
        limits=limits,
        gaps=tuple(
            Gap(
                requirement=reader.string(f"gaps[{i}].requirement", gap.get("requirement")),
                reason=reader.string(f"gaps[{i}].reason", gap.get("reason")),
            )
            for i, gap in enumerate(gaps)
        ),
    )
    if reader.faults:
        raise ProfileError(
            f"{origin} has {len(reader.faults)} bad field(s): " + "; ".join(reader.faults), hint="correct them and run again"
        )
    return profile


class _Reader:
    """Reads typed values and collects a line per bad field."""

    def __init__(self, document: Any) -> None:
        self.faults: list[str] = []

    def fault(self, path: str, text: str) -> None:
        self.faults.append(f"{path or 'document'}: {text}")

    def mapping(self, path: str, value: Any) -> dict[str, Any]:
        if isinstance(value, dict) and all(isinstance(key, str) for key in value):
            return value
        self.fault(path, f"must be a mapping, found {value!r}")
        return {}

    def sequence(self, path: str, value: Any) -> list[Any]:
        if isinstance(value, list):
            return value
        self.fault(path, f"must be a list, found {value!r}")
        return []

    def string(self, path: str, value: Any) -> str:
        if isinstance(value, str):
            return value
        self.fault(path, f"must be a string, found {value!r}")
        return ""

    def strings(self, path: str, value: Any) -> list[str]:
        return [self.string(f"{path}[{i}]", item) for i, item in enumerate(self.sequence(path, value))]

    def numbers(self, path: str, value: Any) -> dict[str, float]:
        numbers = {}
        for key, number in self.mapping(path, value).items():
            if isinstance(number, bool) or not isinstance(number, int | float) or number <= 0:
                self.fault(f"{path}.{key}", f"must be a number above 0, found {number!r}")
            else:
                numbers[key] = number
        return numbers

    def one_of(self, path: str, value: str, known: tuple[str, ...]) -> bool:
        if value not in known:
            self.fault(path, f"must be one of {', '.join(known)}, found {value!r}")
        return value in known

    def no_others(self, path: str, mapping: Mapping[str, Any], allowed: set[str]) -> None:
        for key in sorted(set(mapping) - allowed):
            self.fault(f"{path}.{key}" if path else key, f"is not a field; known are {', '.join(sorted(allowed))}")

    def marks(self, path: str, value: Any) -> Marks:
        names = {
            "namespaceLabels": "namespace_labels",
            "namespaceAnnotations": "namespace_annotations",
            "podLabels": "pod_labels",
            "podAnnotations": "pod_annotations",
        }
        mapping = self.mapping(path, value)
        self.no_others(path, mapping, set(names))
        return Marks(
            **{
                attribute: {k: self.string(f"{path}.{key}.{k}", v) for k, v in self.mapping(f"{path}.{key}", mapping[key]).items()}
                for key, attribute in names.items()
                if key in mapping
            }
        )
