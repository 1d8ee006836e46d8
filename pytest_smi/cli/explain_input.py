"""Where `pytest-smi explain` gets its objects from: files and folders of YAML, or a cluster."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_smi.core.files import read_regular
from pytest_smi.core.terms import VERSIONS
from pytest_smi.errors import ClusterError, UsageProblem

if TYPE_CHECKING:
    from pytest_smi.cluster.connection import Connection

LARGEST_FILE = 32 * 2**20
"""Bytes of a file that are read at most."""
LARGEST_DOCUMENT = 2_000_000
"""Values in a document at most, each alias counted as what it stands for."""
_ENDINGS = (".yaml", ".yml", ".json")
_GROUPS = {"access": "access.smi-spec.io", "specs": "specs.smi-spec.io", "split": "split.smi-spec.io"}


def from_files(paths: Sequence[Path]) -> list[dict[str, Any]]:
    """Return every object in these files, in folders those of all YAML and JSON files below; `-` is standard input.

    Raises UsageProblem.
    """
    found: list[dict[str, Any]] = []
    for path in paths:
        if str(path) == "-":
            found += _documents(sys.stdin.buffer.read(LARGEST_FILE + 1), "standard input")
            continue
        files = (
            sorted(one for one in path.rglob("*") if one.suffix in _ENDINGS and one.is_file())
            if path.is_dir()
            else [path]
        )
        if not files:
            raise UsageProblem(
                f"{path} has no file that ends in {', '.join(_ENDINGS)}", "Name a file, or a folder with manifests."
            )
        for file in files:
            try:
                content = read_regular(file, LARGEST_FILE)
            except OSError as error:
                if error.errno == errno.EFBIG:
                    raise _too_large(str(file)) from error
                raise UsageProblem(
                    f"{file} cannot be read: {error.strerror}", "Name a readable file or folder; '-f -' reads a pipe."
                ) from error
            found += _documents(content, str(file))
    return found


def _too_large(where: str) -> UsageProblem:
    return UsageProblem(f"{where} must have at most {LARGEST_FILE // 2**20} MiB", "Split it into several files.")


def _documents(content: bytes, where: str) -> Iterator[dict[str, Any]]:
    import yaml

    if len(content) > LARGEST_FILE:
        raise _too_large(where)
    loader_class = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        loader = loader_class(content)
        try:
            while loader.check_node():
                node = loader.get_node()
                if _size(node, {}) > LARGEST_DOCUMENT:
                    raise UsageProblem(
                        f"{where} must have at most {LARGEST_DOCUMENT} values in a document",
                        "Split it; write aliases out.",
                    )
                document = loader.construct_document(node)
                if document is None:
                    continue
                if not isinstance(document, dict):
                    raise UsageProblem(
                        f"{where} must hold Kubernetes objects, found {type(document).__name__}", "Check the file."
                    )
                yield document
        finally:
            loader.dispose()
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" (line {mark.line + 1})" if mark is not None else ""
        problem = getattr(error, "problem", None) or (str(error).splitlines() or [type(error).__name__])[0]
        raise UsageProblem(f"{where} is no YAML{line}: {problem}", "Correct the file.") from error


def _size(node: Any, known: dict[int, int]) -> int:
    """Return how many values a node stands for. Raises ValueError for one that contains itself."""
    found = known.get(id(node))
    if found is not None:
        if not found:
            raise ValueError("a value contains itself")
        return found
    known[id(node)] = 0
    total = 1
    if isinstance(node.value, list):
        for child in node.value:
            total += sum(_size(one, known) for one in child) if isinstance(child, tuple) else _size(child, known)
    known[id(node)] = total
    return total


def from_cluster(connection: Connection, namespace: str | None) -> list[dict[str, Any]]:
    """Return the SMI objects and Services of a namespace, or of all, with the pods where they matter. Raises
    ClusterError."""
    from pytest_smi.cluster.objects import Objects

    reader = Objects(connection)
    found: list[dict[str, Any]] = []
    kinds = dict(_served(connection))
    for (api_version, plural), kind in kinds.items():
        found += [
            {"apiVersion": api_version, "kind": kind, **item} for item in reader.list(api_version, plural, namespace)
        ]
    if not kinds:
        raise ClusterError(
            f"{connection.host} serves no kind of the Service Mesh Interface",
            "Is it the cluster of the mesh? Name another.",
        )
    # Pods are many, and only bindings look at them: at their labels.
    has_bindings = any(item["kind"] == "IdentityBinding" for item in found)
    for plural, kind in (("services", "Service"), *((("pods", "Pod"),) if has_bindings else ())):
        found += [{"apiVersion": "v1", "kind": kind, **item} for item in reader.list("v1", plural, namespace)]
    return found


def _served(connection: Connection) -> Iterator[tuple[tuple[str, str], str]]:
    """((API version, plural), kind) of each SMI kind, in the newest version known here
    that the cluster serves it in."""
    answer = connection.request("GET", "/apis")
    if not answer.ok:
        raise ClusterError(f"cannot list the APIs of {connection.host}: {answer.message}")
    groups: list[Mapping[str, Any]] = answer.body.get("groups") or []
    for api, group in _GROUPS.items():
        served = {version["version"] for one in groups if one["name"] == group for version in one["versions"]}
        seen: set[str] = set()
        for version in (one for one in VERSIONS[api] if one in served):
            resources = connection.request("GET", f"/apis/{group}/{version}")
            for resource in resources.body.get("resources") or [] if resources.ok else []:
                if "/" not in resource["name"] and resource["kind"] not in seen:
                    seen.add(resource["kind"])
                    yield (f"{group}/{version}", resource["name"]), resource["kind"]
