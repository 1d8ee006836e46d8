"""A daemon set has one pod, since there is one node, and says so."""

from __future__ import annotations

from typing import Any

from pytest_smi.reference.node.controllers.daemon_sets import HASH_LABEL, pod_of, status_of

DAEMON_SET: dict[str, Any] = {
    "metadata": {"name": "d", "namespace": "n", "uid": "u", "generation": 2},
    "spec": {
        "selector": {"matchLabels": {"app": "d"}},
        "template": {"metadata": {"labels": {"app": "d"}}, "spec": {"containers": []}},
    },
}


def _pod(ready: bool, revision: str) -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": str(ready)}]
    return {"metadata": {"labels": {HASH_LABEL: revision}}, "status": {"phase": "Running", "conditions": conditions}}


def test_a_pod_carries_its_owner_and_revision() -> None:
    """So that it is found again, and replaced when the template changes."""
    pod = pod_of(DAEMON_SET)
    changed = pod_of({**DAEMON_SET, "spec": {"template": {"spec": {"containers": [{"name": "c"}]}}}})
    assert pod["metadata"]["ownerReferences"][0]["kind"] == "DaemonSet"
    assert pod["metadata"]["labels"]["app"] == "d"
    assert pod["metadata"]["labels"][HASH_LABEL] != changed["metadata"]["labels"][HASH_LABEL]


def test_the_counts_are_those_of_one_node() -> None:
    """Ready, available and up to date are told apart."""
    revision = pod_of(DAEMON_SET)["metadata"]["labels"][HASH_LABEL]
    none, waiting, ready = (status_of(DAEMON_SET, pods) for pods in ([], [_pod(False, "old")], [_pod(True, revision)]))
    assert (none["currentNumberScheduled"], none["desiredNumberScheduled"], none["numberUnavailable"]) == (0, 1, 1)
    assert (waiting["numberReady"], waiting["updatedNumberScheduled"]) == (0, 0)
    assert (
        ready["numberReady"],
        ready["numberAvailable"],
        ready["updatedNumberScheduled"],
        ready["observedGeneration"],
    ) == (1, 1, 1, 2)
