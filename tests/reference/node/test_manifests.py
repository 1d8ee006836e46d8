"""Manifests of the mesh: loading and faults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pytest_smi.reference.node.manifests import load, with_faults


def control_plane(env: list[dict[str, str]]) -> dict[str, Any]:
    """The control plane's deployment with that environment."""
    spec = {"template": {"spec": {"containers": [{"name": "control-plane", "env": env}]}}}
    return {"kind": "Deployment", "metadata": {"name": "control-plane"}, "spec": spec}


class TestWithFaults:
    """The faults' way into the mesh."""

    def test_replaces_the_variable_in_a_copy(self) -> None:
        """The control plane's containers get the names, once; the given objects stay as they are."""
        given = [
            control_plane([{"name": "SMI_REFERENCE_FAULTS", "value": ""}, {"name": "A", "value": "1"}]),
            {"kind": "Service", "metadata": {"name": "s"}},
        ]
        changed = with_faults(given, ["some-fault", "another"])
        assert changed[0]["spec"]["template"]["spec"]["containers"][0]["env"] == [
            {"name": "A", "value": "1"},
            {"name": "SMI_REFERENCE_FAULTS", "value": "some-fault,another"},
        ]
        assert given[0] == control_plane([{"name": "SMI_REFERENCE_FAULTS", "value": ""}, {"name": "A", "value": "1"}])
        assert changed[1] == given[1]


def test_load_skips_empty_documents(tmp_path: Path) -> None:
    """Objects come in order; empty documents are none."""
    file = tmp_path / "x.yaml"
    file.write_text("---\nkind: A\n---\n---\nkind: B\n")
    assert [obj["kind"] for obj in load(file)] == ["A", "B"]
