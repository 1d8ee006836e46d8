"""Reads what is left on the nodes. Thin I/O: what that means is judged in `capacity`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_smi.cluster.connection import Connection
from pytest_smi.core.quantities import quantity
from pytest_smi.doctor.capacity import Asked, Room, asked_by, judge, room
from pytest_smi.doctor.findings import Finding
from pytest_smi.doctor.questions import Question
from pytest_smi.doctor.reading import ask
from pytest_smi.errors import ClusterError
from pytest_smi.profiles.load import Profile, WorkerFacts
from pytest_smi.testbed.placement import Placement

MOST_LISTED = 2000
"""Pods of a cluster beyond which nothing is compared: it is no small one."""
_NODES = Question(path=f"/api/v1/nodes?limit={MOST_LISTED}", reads="list nodes")
_PODS = Question(path=f"/api/v1/pods?limit={MOST_LISTED}", reads="list pods in all namespaces")


def asked_per_pod(facts: WorkerFacts) -> Asked:
    """Return what the profile says that a pod of a run asks for."""
    return Asked(cpu=quantity(facts.pod_cpu), memory=quantity(facts.pod_memory))


def read_room(connection: Connection, asked: Asked, placement: Placement) -> Room | str:
    """Return the room on the nodes for pods that ask for so much, or why it is not known."""
    listed = []
    for question in (_NODES, _PODS):
        try:
            answer = ask(connection, question)
        except ClusterError as error:
            return error.message
        if answer.status == 403:
            return f"it takes permission to {question.reads}"
        if not answer.ok or not isinstance(answer.body, dict):
            return answer.message
        if (answer.body.get("metadata") or {}).get("continue"):
            return f"the cluster has more than {MOST_LISTED} pods or nodes, which are not counted"
        listed.append(answer.body.get("items") or [])
    nodes, pods = listed
    return room(nodes, pods, asked, placement)


def nodes(connection: Connection, profile: Profile, placement: Placement, joined: Mapping[str, Any] | None) -> Finding:
    """Return whether the nodes have room for a run, and for how many workers; `joined`: a pod as the mesh made it,
    which tells better than the profile what one asks for."""
    asked = asked_by(joined) if joined is not None else asked_per_pod(profile.workers)
    return judge(read_room(connection, asked, placement), asked, tuple(profile.apis))
