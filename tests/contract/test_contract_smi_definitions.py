"""The definitions that ship, on an API server: it takes them, keeps every rendered object whole,
and drops exactly what is foretold.

The groups are exchanged for others, so that a cluster with a mesh in it is not disturbed.
"""

import copy
import secrets
from collections.abc import Callable
from typing import Any

import pytest

from pytest_smi.smi.conversion_notes import version_notes
from pytest_smi.smi.crds import api_of, names_of, select, shipped
from pytest_smi.smi.samples import samples
from pytest_smi.smi.structural import dropped, schema_of
from tests.support.crd_samples import install
from tests.support.kube_api import Api, Object

DEFINITIONS = {definition["spec"]["names"]["kind"]: definition for definition in shipped()}
CASES = [(kind, stored) for kind, definition in DEFINITIONS.items() for stored in names_of(definition)]


def elsewhere(definition: Object, group: str) -> Object:
    """The definition, of another group."""
    moved = copy.deepcopy(definition)
    moved["spec"]["group"] = group
    moved["metadata"]["name"] = f"{moved['spec']['names']['plural']}.{group}"
    return moved


@pytest.mark.parametrize(("kind", "stored"), CASES)
def test_server_keeps_and_drops_what_is_foretold(
    kind: str, stored: str, api: Api, remove: Callable[[str], str], namespace: str
) -> None:
    """Served in every version and stored in one: the stored version's objects come back whole,
    the others lose what the notes name."""
    definition = select(DEFINITIONS[kind], names_of(DEFINITIONS[kind]), storage=stored)
    group = install(api, remove, elsewhere(definition, f"contract-{secrets.token_hex(3)}.example.org"))
    for version in names_of(definition):
        (sample,) = [item for item in samples(api_of(definition), version) if item["kind"] == kind]
        name = f"in-{version}"
        path = f"/apis/{group}/{version}/namespaces/{namespace}/{definition['spec']['names']['plural']}"
        written = {**sample, "apiVersion": f"{group}/{version}", "metadata": {"name": name}}
        api.post(path, written).ok()
        found = api.get(f"{path}/{name}").ok()

        lost = dropped(sample, schema_of(definition, stored) or {})
        assert missing(sample, found) == lost
        assert lost == [] or version != stored
        notes = version_notes({definition["metadata"]["name"]: definition["spec"]}, {api_of(definition): version})
        assert len(notes) == (version != stored)
        assert all(path in note for note in notes for path in lost)


def missing(written: Any, found: Any, path: str = "") -> list[str]:
    """Dotted paths of what is not as it was written, metadata aside, each once."""
    if isinstance(written, dict):
        gone: list[str] = []
        for name, inner in written.items():
            at = f"{path}.{name}" if path else name
            if at in ("apiVersion", "kind", "metadata"):
                continue
            gone += missing(inner, found[name], at) if name in found else [at]
        return list(dict.fromkeys(gone))
    if isinstance(written, list) and isinstance(found, list) and len(written) == len(found):
        return list(
            dict.fromkeys(one for a, b in zip(written, found, strict=True) for one in missing(a, b, f"{path}[]"))
        )
    return [] if written == found else [path]
