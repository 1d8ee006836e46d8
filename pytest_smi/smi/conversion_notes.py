"""What the served resource definitions do to objects of the negotiated versions: notes for the reader,
and the form of headers. Pure.

A definition may serve several versions and store one, without converting between them: an object written in one version
and read in another keeps its fields as they are, and what the schemas on the way do not know is dropped without a word.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pytest_smi.smi.samples import samples
from pytest_smi.smi.specs import HeaderForm
from pytest_smi.smi.structural import dropped, schema_of
from pytest_smi.smi.versions import GROUPS

_API_OF_GROUP = {group: api for api, group in GROUPS.items()}


def header_form(definitions: Mapping[str, Mapping[str, Any]], versions: Mapping[str, str]) -> HeaderForm:
    """Return how the definition of HTTPRouteGroup at the negotiated version wants header filters;
    `list` where it does not tell.

    `definitions`: name of each definition → its spec.
    """
    spec = definitions.get("httproutegroups.specs.smi-spec.io")
    if spec is None or "specs" not in versions:
        return "list"
    schema = schema_of({"spec": spec}, versions["specs"]) or {}
    for step in ("spec", "matches"):
        schema = (schema.get("properties") or {}).get(step) or schema
    headers = ((schema.get("items") or {}).get("properties") or {}).get("headers") or {}
    return "map" if headers.get("type") == "object" else "list"


def version_notes(definitions: Mapping[str, Mapping[str, Any]], versions: Mapping[str, str]) -> tuple[str, ...]:
    """Return what a reader of the results should know of these definitions (name → spec) at the negotiated versions,
    a sentence each."""
    form = header_form(definitions, versions)
    return tuple(note for name in sorted(definitions) for note in _notes(name, definitions[name], versions, form))


def _notes(name: str, spec: Mapping[str, Any], versions: Mapping[str, str], form: HeaderForm) -> Iterator[str]:
    api, kind = _API_OF_GROUP.get(spec.get("group", ""), ""), spec["names"]["kind"]
    if api not in versions or not any(item["kind"] == kind for item in samples(api, versions[api], headers=form)):
        return
    version = versions[api]
    stored = next((one["name"] for one in spec["versions"] if one.get("storage")), version)
    served = [one["name"] for one in spec["versions"] if one.get("served")]
    if version not in served:
        yield f"{name} does not serve {version}, but {', '.join(served) or 'nothing'}: no {kind} can be written"
        return
    lost = _lost(spec, kind, api, version, version, form)
    if lost:
        yield f"{name} drops {', '.join(lost)} of {version}, which the specification has"
    if stored == version or (spec.get("conversion") or {}).get("strategy", "None") != "None":
        return
    further = [path for path in _lost(spec, kind, api, version, stored, form) if path not in lost]
    consequence = f"drops {', '.join(further)}" if further else "drops nothing"
    yield f"{name} stores {version}, the version tested, as {stored} without conversion, and {consequence}"


def _lost(spec: Mapping[str, Any], kind: str, api: str, version: str, under: str, form: HeaderForm) -> list[str]:
    schema = schema_of({"spec": spec}, under)
    if schema is None:
        return []
    written = [item for item in samples(api, version, headers=form) if item["kind"] == kind]
    return [path for item in written for path in dropped(item, schema)]
