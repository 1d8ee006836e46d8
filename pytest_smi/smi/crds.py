"""The CustomResourceDefinitions that ship with the package, cut to the versions that a cluster is to serve.

Meshes serve subsets: `manifests/crds` holds every version of every kind,
and this is what makes a mesh's own set from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from pytest_smi.core.nearest import unknown
from pytest_smi.core.resources import bundled
from pytest_smi.errors import UsageProblem
from pytest_smi.smi.versions import GROUPS, number

Definition = dict[str, Any]

RELEASED: Mapping[str, Sequence[str]] = {"access": ("v1alpha3",), "specs": ("v1alpha4",), "split": ("v1alpha4",)}
"""The versions of the specification's last release."""
_API_OF_GROUP = {group: api for api, group in GROUPS.items()}


def shipped() -> list[Definition]:
    """Read the definitions in `manifests/crds`, every version served, in order of their names."""
    import yaml

    files = sorted((bundled("manifests") / "crds").glob("*.yaml"))
    return [yaml.safe_load(path.read_text(encoding="utf-8")) for path in files]


def definitions(
    serve: Mapping[str, Sequence[str]] = RELEASED,
    *,
    storage: Mapping[str, str] | None = None,
    conversion: Mapping[str, Any] | None = None,
) -> list[Definition]:
    """Return the definitions of the APIs in `serve`, each with these versions alone; a kind that none of them has is
    left out.

    Raises UsageProblem for an API or version that there is not.
    """
    for api, versions in serve.items():
        known = sorted({one for definition in shipped() if api_of(definition) == api for one in names_of(definition)})
        if not known:
            raise UsageProblem(unknown("API", api, RELEASED, where="pytest-smi crds --help"))
        for version in versions or ("",):
            if version not in known:
                raise UsageProblem(unknown("version", version, known, where="pytest-smi crds --help", of=api))
    found = []
    for definition in shipped():
        api = api_of(definition)
        if set(serve.get(api, ())) & set(names_of(definition)):
            cut = select(definition, serve[api], storage=(storage or {}).get(api))
            found.append(
                cut if conversion is None else {**cut, "spec": {**cut["spec"], "conversion": dict(conversion)}}
            )
    return found


def select(
    definition: Definition, serve: Sequence[str], *, storage: str | None = None, keep_unserved: bool = False
) -> Definition:
    """Return a definition that serves these of its versions, stored as `storage` (default: the newest of them). Pure.

    `keep_unserved` leaves the others in it, not served, as published definitions have them.
    Raises ValueError when nothing is left.
    """
    served = [name for name in names_of(definition) if name in serve]
    if not served:
        raise ValueError(f"{definition['metadata']['name']} has none of the versions {', '.join(serve)}")
    kept = names_of(definition) if keep_unserved else served
    stored = storage if storage in kept else max(served, key=number)
    cut = deepcopy(definition)
    cut["spec"]["versions"] = [
        {**version, "served": version["name"] in served, "storage": version["name"] == stored}
        for version in cut["spec"]["versions"]
        if version["name"] in kept
    ]
    return cut


def api_of(definition: Mapping[str, Any]) -> str:
    """Return the API that a definition belongs to, empty when it is none of the Service Mesh Interface."""
    return _API_OF_GROUP.get(definition["spec"]["group"], "")


def names_of(definition: Mapping[str, Any]) -> list[str]:
    """Return the names of a definition's versions, in its own order."""
    return [version["name"] for version in definition["spec"]["versions"]]
