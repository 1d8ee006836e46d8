"""The resource definition of Traffic Split: its names, and what it refuses.

A definition alone is no mesh, so a split that is in effect under this name stands beside what is asked of it.
"""

from collections.abc import Mapping
from typing import Any

from pytest_smi.scenario.scenario import Inconclusive, Scenario, assertion


@assertion("SP-70", level="MUST (derived)", source="split v1alpha4 §Specification")
def test_definition_of_splits(smi: Scenario) -> None:
    """TrafficSplit is a namespaced kind of split.smi-spec.io, `trafficsplits` or `ts` for short. It is refused without
    root, backends, a backend's Service or weight, and with `matches` of another kind than HTTPRouteGroup."""
    a, v1 = smi.client("a"), smi.server("v1", ports={"8080/TCP": 8081})
    root = smi.service("app", [v1], ports={"8080/TCP": 8080})
    smi.open_to_all(v1, sources=[a])
    split = smi.split(root, {v1: 100})
    smi.apply(split)
    smi.control_port(a.get(root), 8081)
    _require_names(smi)
    other = smi.split(root, {v1: 100}, name="other")
    smi.require(not smi.refused(other), "a split as the specification writes it is refused")
    for field in ("service", "backends"):
        _require_refusal(smi, _without(smi.written(other), field), f"without `{field}`")
    for field in ("service", "weight"):
        broken = smi.written(other)
        broken["spec"]["backends"] = [_cut(backend, field) for backend in broken["spec"]["backends"]]
        _require_refusal(smi, broken, f"with a backend without `{field}`")
    segment = smi.split(root, {v1: 100}, matches=[smi.routes("segment")], name="segment")
    if smi.can_say(segment):
        unknown = smi.written(segment)
        unknown["spec"]["matches"][0]["kind"] = "NoSuchRoute"
        _require_refusal(smi, unknown, "with `matches` of the kind NoSuchRoute")


def _require_refusal(smi: Scenario, manifest: dict[str, Any], what: str) -> None:
    smi.require(bool(smi.refused(manifest)), f"a split {what} would be stored")


def _without(manifest: dict[str, Any], field: str) -> dict[str, Any]:
    return {**manifest, "spec": _cut(manifest["spec"], field)}


def _cut(fields: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if key != name}


def _require_names(smi: Scenario) -> None:
    """Fail unless discovery lists the kind with its short name."""
    answer = smi.api(f"/apis/split.smi-spec.io/{smi.versions['split']}")
    if not answer.ok:
        raise Inconclusive(f"the resources of split.smi-spec.io cannot be listed: {answer.message}")
    listed = {entry.get("name"): entry for entry in answer.body.get("resources") or []}
    entry = listed.get("trafficsplits", {})
    found = entry.get("kind"), entry.get("namespaced"), "ts" in (entry.get("shortNames") or ())
    smi.require(
        found == ("TrafficSplit", True, True),
        "expected trafficsplits to be a namespaced kind TrafficSplit with the short name ts, found "
        f"{entry or ', '.join(sorted(map(str, listed)))}",
    )
