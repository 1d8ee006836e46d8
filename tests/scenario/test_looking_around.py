"""A verdict that is not passed is told with what the cluster shows, and the look can never replace the verdict."""

from typing import Any, cast

import pytest

from pytest_smi.cluster.connection import Answer, Connection
from pytest_smi.cluster.objects import Objects
from pytest_smi.errors import ClusterError
from pytest_smi.scenario.scenario import LOOKED, Inconclusive, RequirementFailed, TrafficSplit
from tests.scenario.scripted import Scripted, by_call

WEBHOOK = 'admission webhook "validator.osm" denied the request: root and backend must differ'


class Refusing:
    """A connection that answers everything alike."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def request(self, *_: Any, **__: Any) -> Answer:
        return self.answer


def scripted() -> Scripted:
    """A scenario on a testbed that has no connection: every look at its cluster breaks."""
    return Scripted(by_call({}))


@pytest.mark.parametrize("error", [RequirementFailed("wrong"), Inconclusive("dead"), ClusterError("refused")])
def test_a_look_that_breaks_is_noted(error: Exception) -> None:
    """Nothing is raised, and the evidence says that nothing is known."""
    made = scripted()

    made.smi.look_around(error)

    (event,) = made.events(LOOKED)
    assert event["known"] == []
    assert event["unread"]


def test_a_bug_of_the_suite_is_not_looked_into() -> None:
    """No cluster explains it."""
    made = scripted()

    made.smi.look_around(ValueError("bug"))

    assert made.events(LOOKED) == []


def test_shared_scenario_that_fails_is_looked_at_before_its_pods_are_gone() -> None:
    """Once, in its own evidence, which is part of everyone's."""
    made = scripted()

    def build(_smi: object) -> None:
        raise Inconclusive("no path")

    with pytest.raises(Inconclusive):
        made.smi.shared("key", build)

    (shared,) = made.events("judges the shared scenario")
    assert LOOKED in [event["event"] for event in shared["timeline"]]


def test_what_a_webhook_refuses_is_in_the_evidence_in_its_own_words() -> None:
    """The object as well; and nobody is sent to look at permissions."""
    made = scripted()
    objects = Objects(cast(Connection, Refusing(Answer(403, {"message": WEBHOOK}))))
    made.testbed.objects = cast(Any, objects)
    split = TrafficSplit(name="s", namespace="t1", service="root", backends=())

    with pytest.raises(ClusterError, match="root and backend must differ") as caught:
        made.smi.apply(split)

    (event,) = made.events("refused TrafficSplit t1/s")
    assert WEBHOOK in event["words"]
    assert event["manifest"]["spec"]["service"] == "root"
    assert "webhook's owner refuses" in caught.value.hint


@pytest.mark.parametrize(
    ("status", "message", "hint"),
    [
        (403, "traffictargets is forbidden: User cannot create", "rbac.yaml"),
        (500, 'failed calling webhook "injector.osm": connection refused', "does not answer"),
        (422, "spec.service: Required value", ""),
    ],
)
def test_remedies_of_refusals(status: int, message: str, hint: str) -> None:
    """Permissions are named only where they are the matter."""
    objects = Objects(cast(Connection, Refusing(Answer(status, {"message": message}))))

    with pytest.raises(ClusterError) as caught:
        objects.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "namespace": "t1"}})

    assert hint in caught.value.hint
    assert bool(hint) == bool(caught.value.hint)
