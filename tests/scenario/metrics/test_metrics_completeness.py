"""When numbers are complete: each place by itself, and none by accident."""

from typing import Any

import pytest

from pytest_smi.core.limits import Limits
from pytest_smi.scenario.metrics.completeness import awaited
from pytest_smi.scenario.metrics.records import Ref, items_of
from tests.scenario.metrics.metrics_documents import item, listed, metrics
from tests.scenario.metrics.test_metrics_traffic_plan import plan, played


def shown(counts: dict[Ref, int], **fields: Any) -> Any:
    """A list with so many requests for each object."""
    return items_of(listed(*(item(one, metrics=metrics(times), **fields) for one, times in counts.items())).body)


def test_servers_of_both_namespaces_and_clients_are_awaited() -> None:
    """In the order in which their documents are read."""
    who = plan()
    truth = played(who)
    (home, at_home), (abroad, of_abroad), (edges, sent) = awaited(who, truth.flows, Limits())
    assert [question.rest for question in (home, abroad, edges)] == [
        "/namespaces/t1/deployments",
        "/namespaces/t2/deployments",
        "/namespaces/t1/deployments/a/edges",
    ]
    counts = {one: truth.received(role).requests for role, one in truth.refs.items() if one.namespace == "t1"}
    assert at_home(shown(counts))
    assert not at_home(shown({**counts, truth.refs["b"]: 200}))
    assert of_abroad(shown({truth.refs["x"]: 40}))
    assert not of_abroad(shown({}))
    sending = {"direction": "to", "side": "client", "resource": {}}
    assert sent(shown({truth.refs["a"]: 348}, edge=sending))
    assert not sent(shown({truth.refs["a"]: 348}))


@pytest.mark.parametrize("place", range(3))
def test_what_cannot_be_read_is_not_complete(place: int) -> None:
    """So that it is read again."""
    who = plan()
    _, right = awaited(who, played(who).flows, Limits())[place]
    assert not right(None)
