"""What the node knows of images: reference -> executables, packages to preload, digest; and which program a
command names. Parsing is strict and pure but for the digest.

Law: an image is a JSON record {"executables": {name: {"package", "path", "module"}}, "preload": [module, …]};
`python3` is in every image.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_smi.reference.node.packages import digest


class BadImage(Exception):
    """An --image argument that cannot be understood."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Executable:
    """A program: `module` is imported from the package `package`, which lies in the folder `path`."""

    package: str
    path: str
    module: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """One image. `digest` is "sha256:…" over the files of its packages."""

    reference: str
    executables: Mapping[str, Executable]
    preload: tuple[str, ...]
    digest: str

    @property
    def packages(self) -> dict[str, str]:
        """Package name -> folder."""
        return {program.package: program.path for program in self.executables.values()}

    @property
    def image_id(self) -> str:
        """What a pod's status shows: repository@sha256:…."""
        repository, colon, tag = self.reference.rpartition(":")
        return f"{repository if colon and '/' not in tag else self.reference}@{self.digest}"


@dataclass(slots=True)
class Images:
    """The images of a node, by reference; a reference without a tag means :latest."""

    by_reference: dict[str, Image] = field(default_factory=dict)

    def add(self, image: Image) -> None:
        """Make an image available."""
        self.by_reference[normalize(image.reference)] = image

    def find(self, reference: str) -> Image | None:
        """Return the image of that reference, if the node has it."""
        return self.by_reference.get(normalize(reference))

    @property
    def packages(self) -> dict[str, str]:
        """Every package of every image: name -> folder."""
        return {name: path for image in self.by_reference.values() for name, path in image.packages.items()}

    @property
    def preload(self) -> list[str]:
        """Every module to import before the first fork, in order, once."""
        return list(dict.fromkeys(module for image in self.by_reference.values() for module in image.preload))


def normalize(reference: str) -> str:
    """Return the reference without the default registry, and with a tag."""
    name = reference.removeprefix("docker.io/").removeprefix("library/")
    if "@" in name or ":" in name.rpartition("/")[2]:
        return name
    return name + ":latest"


def parse_image_argument(text: str) -> tuple[str, dict[str, Any]]:
    """Split REF=SPEC; raises BadImage."""
    reference, equals, spec = text.partition("=")
    if not equals or not reference:
        raise BadImage(
            f"--image takes REF=SPEC, found {text[:80]!r}; SPEC is a JSON object with executables and preload"
        )
    try:
        parsed = json.loads(spec)
    except ValueError as error:
        raise BadImage(f"--image {reference}: the part after = must be JSON, found {spec[:80]!r} ({error})") from error
    if not isinstance(parsed, dict):
        raise BadImage(f"--image {reference}: the part after = must be a JSON object, found {spec[:80]!r}")
    return reference, parsed


def image_from_spec(reference: str, spec: Mapping[str, Any]) -> Image:
    """Return an image from its record; raises BadImage with the path of the bad field."""
    unknown = set(spec) - {"executables", "preload"}
    if unknown:
        raise BadImage(f"image {reference}: unknown fields {sorted(unknown)}; known are executables, preload")
    programs = spec.get("executables", {})
    preload = spec.get("preload", [])
    if not isinstance(programs, Mapping):
        raise BadImage(f"image {reference}: executables must be an object, found {type(programs).__name__}")
    if not isinstance(preload, list | tuple) or not all(isinstance(module, str) for module in preload):
        raise BadImage(f"image {reference}: preload must be a list of module names")
    executables: dict[str, Executable] = {}
    for name, record in programs.items():
        where = f"image {reference}: executables.{name}"
        if not isinstance(record, Mapping) or set(record) != {"package", "path", "module"}:
            raise BadImage(f"{where} must have exactly package, path and module")
        if not all(isinstance(value, str) for value in record.values()):
            raise BadImage(f"{where}: package, path and module must be strings")
        if not (Path(record["path"]) / "__init__.py").is_file():
            raise BadImage(f"{where}.path must be the folder of a package, found {record['path']!r}")
        executables[name] = Executable(package=record["package"], path=record["path"], module=record["module"])
    files = digest(program.path for program in executables.values())
    return Image(reference=reference, executables=executables, preload=tuple(preload), digest=f"sha256:{files}")


class StartError(Exception):
    """The program cannot be executed in the container."""


def find_executable(image: Image, argv: list[str]) -> Executable | None:
    """Return the program that argv[0] names, None for python3; raises StartError with the runtime's words."""
    name = argv[0].rpartition("/")[2]
    if name in image.executables:
        return image.executables[name]
    if name in ("python3", "python"):
        return None
    raise StartError(f'exec: "{argv[0]}": executable file not found in $PATH')
