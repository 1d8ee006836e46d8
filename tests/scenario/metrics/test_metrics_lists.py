"""Judgements of lists: each passes on what is right, and says what is wrong."""

from typing import Any

import pytest

from pytest_smi.core.limits import Limits
from pytest_smi.scenario.metrics import documents, lists
from pytest_smi.scenario.metrics.records import items_of
from pytest_smi.scenario.verdict import RequirementFailed
from tests.scenario.metrics.metrics_documents import document, item, listed, metrics, ref

A, B = ref("a"), ref("b")


def root(**namespaced: object) -> Any:
    """The discovery document with these scopes."""
    entries = [{"name": name, "namespaced": value} for name, value in namespaced.items()]
    return document({"kind": "APIResourceList", "resources": [*entries, {"name": "pods/edges", "namespaced": False}]})


def test_scopes_are_those_of_kubernetes() -> None:
    """Kinds beyond the eleven, and sub-resources, are not judged; a missing flag is wrong."""
    lists.scopes(root(namespaces=False, nodes=False, pods=True, gizmos=False))
    for wrong in (root(namespaces=True), root(nodes=None), root(pods=False)):
        with pytest.raises(RequirementFailed, match="expected"):
            lists.scopes(wrong)


def test_offered_kinds_are_the_namespaced_ones() -> None:
    """As far as the document can be read."""
    assert lists.namespaced(root(namespaces=False, pods=True, gizmos=True).body) == ["pods"]
    assert lists.namespaced("<html>") == lists.namespaced({"resources": None}) == []


def test_kinds_are_spelled_as_in_kubernetes() -> None:
    """In the list and in its items; lists that are refused are another requirement's."""
    daemons, refused = listed(resource=ref("", kind="DaemonSet")), document({}, status=405)
    lists.kinds({"daemonsets": daemons, "jobs": refused})
    wrong = {
        "daemonsets": listed(resource=ref("", kind="Daemonset")),
        "deployments": listed(item(ref("a", kind="deployment"))),
    }
    for plural, found in wrong.items():
        with pytest.raises(RequirementFailed, match=f"expected {lists.KINDS[plural]}"):
            lists.kinds({plural: found})
    with pytest.raises(RequirementFailed, match="no kind can be listed"):
        lists.kinds({"jobs": refused})


def test_every_namespace_is_in_the_list_over_all() -> None:
    """What else is in it does not matter."""
    both = listed(item(A), item(ref("a", namespace="t2")), item(B))
    lists.everywhere(both, [A, ref("a", namespace="t2")])
    with pytest.raises(RequirementFailed, match="leaves out Deployment t2/b"):
        lists.everywhere(both, [A, ref("b", namespace="t2")])


def test_a_selector_chooses_what_it_matches() -> None:
    """What has none of the names does not matter; one that is missing or too many is told."""
    names = {"a": "a", "b": "b"}
    for document_, matched in (
        (listed(item(A), item(ref("z"))), "a"),
        (listed(item(A), item(B)), "ab"),
        (listed(), ""),
    ):
        lists.chosen(document_, names, matched)
    with pytest.raises(RequirementFailed, match=r"expected a, b of a, b, found a$"):
        lists.chosen(listed(item(A)), names, "ab")
    with pytest.raises(RequirementFailed, match=r"expected none of a, b, found b$"):
        lists.chosen(listed(item(B)), names, "")


def test_a_list_is_about_a_kind_alone() -> None:
    """Empty fields are as good as absent ones."""
    lists.about_a_kind(listed(item(A)))
    body = listed(item(A)).body
    lists.about_a_kind(document({**body, "resource": {"kind": "Pod", "apiVersion": "v1", "name": ""}}))
    for about in ({"kind": "Pod", "name": "a"}, {"kind": "Pod", "uid": "1"}, {}, None):
        with pytest.raises(RequirementFailed):
            lists.about_a_kind(document({**body, "resource": about}))


def test_a_selector_leaves_the_numbers() -> None:
    """Within the tolerance of counts, successes and failures apart."""
    (plain,) = items_of(item(B, metrics=metrics(220, 80)))
    for found, right in (((221, 80), True), ((0, 0), False), ((300, 0), False)):
        (selected,) = items_of(item(B, metrics=metrics(*found)))
        if right:
            lists.same_numbers(plain, selected, Limits())
        else:
            with pytest.raises(RequirementFailed, match="where a label selector chose it"):
                lists.same_numbers(plain, selected, Limits())


def test_a_selector_gives_an_item_for_each_object() -> None:
    """One for them together has no name, or leaves the others out."""
    pods = [ref("w-0", kind="Pod"), ref("w-1", kind="Pod")]
    lists.one_by_one(listed(*map(item, pods)), pods)
    for wrong in (listed(item(ref("", kind="Pod"))), listed(item(pods[0]))):
        with pytest.raises(RequirementFailed):
            lists.one_by_one(wrong, pods)


def test_what_is_unknown_is_not_found() -> None:
    """An object may also be shown without traffic; an error of the server, or traffic of it, is wrong."""
    gone, broken = document({}, status=404), document({}, status=500)
    for thing in (gone, document(item(ref("nobody"), metrics=metrics(0))), listed()):
        lists.unknown(gone, thing)
    for kind, thing in ((broken, gone), (listed(), gone), (gone, broken), (gone, document(item(ref("nobody"))))):
        with pytest.raises(RequirementFailed):
            lists.unknown(kind, thing)


def test_the_kinds_are_the_eleven() -> None:
    """Each with its spelling."""
    assert set(lists.KINDS) == documents.ELEVEN
