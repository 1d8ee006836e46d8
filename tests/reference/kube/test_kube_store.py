"""The store: versions, conflicts, deletion, history, garbage."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_smi.reference.kube.garbage import GarbageCollector, orphan_dependents
from pytest_smi.reference.kube.objects import Event
from pytest_smi.reference.kube.status import AlreadyExists, Conflict, Gone, NotFound, ResourceKey
from pytest_smi.reference.kube.store import Store

THINGS, PODS = ResourceKey("", "configmaps"), ResourceKey("", "pods")


def thing(name: str, **meta: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "n", **meta}, "spec": {"a": [1]}}


class TestStore:
    """One store."""

    def test_create_copies_and_numbers(self) -> None:
        """What was given may change afterwards; versions only grow."""
        store, given = Store(), thing("a")
        first = store.create(THINGS, given)
        given["spec"]["a"].append(2)
        second = store.create(THINGS, thing("b"))
        assert first["spec"] == {"a": [1]}
        assert int(second["metadata"]["resourceVersion"]) > int(first["metadata"]["resourceVersion"])
        with pytest.raises(AlreadyExists):
            store.create(THINGS, given)

    def test_generated_names_are_free(self) -> None:
        """generateName gives different names with the prefix."""
        store = Store()
        names = {
            store.create(THINGS, {"metadata": {"generateName": "x-", "namespace": "n"}})["metadata"]["name"]
            for _ in range(20)
        }
        assert len(names) == 20
        assert all(name.startswith("x-") for name in names)

    def test_update_conflicts_and_generation(self) -> None:
        """A stale version conflicts; generation moves with spec alone; no change is no event."""
        store, events = Store(), list[Event]()
        old = store.create(THINGS, thing("a"))
        store.subscribe(THINGS, events.append)
        new = store.update(THINGS, {**old, "spec": {"a": [2]}})
        assert new["metadata"]["generation"] == 2
        with pytest.raises(Conflict):
            store.update(THINGS, {**old, "spec": {"a": [3]}})
        assert store.update(THINGS, new) is new
        labelled = store.update(THINGS, {**new, "metadata": {**new["metadata"], "labels": {"x": "y"}}})
        assert labelled["metadata"]["generation"] == 2
        assert [event.type for event in events] == ["MODIFIED", "MODIFIED"]

    def test_finalizers_hold_deletion(self) -> None:
        """With finalizers the object is marked, and goes with the last of them."""
        store = Store()
        store.create(THINGS, thing("a", finalizers=["x"]))
        marked = store.delete(THINGS, "n", "a")
        assert marked["metadata"]["deletionTimestamp"]
        store.update(THINGS, {**marked, "metadata": {**marked["metadata"], "finalizers": []}})
        with pytest.raises(NotFound):
            store.get(THINGS, "n", "a")

    def test_pods_wait_for_their_node(self) -> None:
        """A running pod is marked, and finish_delete removes it; an unscheduled one goes at once."""
        store = Store(clock=lambda: 1_000_000.0)
        store.create(
            PODS,
            {
                "metadata": {"name": "a", "namespace": "n"},
                "spec": {"nodeName": "node", "terminationGracePeriodSeconds": 5},
            },
        )
        marked = store.delete(PODS, "n", "a")
        assert marked["metadata"]["deletionGracePeriodSeconds"] == 5
        assert marked["metadata"]["deletionTimestamp"] == "1970-01-12T13:46:45Z"
        assert store.find(PODS, "n", "a") is not None
        store.finish_delete(PODS, "n", "a")
        assert store.find(PODS, "n", "a") is None
        store.create(PODS, {"metadata": {"name": "b", "namespace": "n"}, "spec": {}})
        store.delete(PODS, "n", "b")
        assert store.find(PODS, "n", "b") is None

    def test_history_is_bounded(self) -> None:
        """What is kept can be replayed; what is not is Gone."""
        store = Store(history=2)
        versions = [store.create(THINGS, thing(name))["metadata"]["resourceVersion"] for name in "abcd"]
        assert [event.name for event in store.since(THINGS, versions[1])] == ["c", "d"]
        with pytest.raises(Gone):
            store.since(THINGS, versions[0])

    def test_changes_by_callbacks_come_after(self) -> None:
        """A callback's own change reaches everyone after the change that caused it."""
        store, seen = Store(), list[str]()

        def react(event: Event) -> None:
            if event.name == "a" and event.type == "ADDED":
                store.create(THINGS, thing("b"))

        store.subscribe(THINGS, react)
        store.subscribe(THINGS, lambda event: seen.append(event.name))
        store.create(THINGS, thing("a"))
        assert seen == ["a", "b"]


class TestGarbage:
    """Owners and dependents."""

    def owned(self, store: Store, name: str, *owners: dict[str, Any]) -> dict[str, Any]:
        references = [
            {"uid": owner["metadata"]["uid"], "name": owner["metadata"]["name"], "kind": "X", "apiVersion": "v1"}
            for owner in owners
        ]
        return store.create(THINGS, thing(name, ownerReferences=references))

    def test_dependents_follow_their_last_owner(self) -> None:
        """The cascade reaches grandchildren; a second owner keeps a dependent alive."""
        store = Store()
        GarbageCollector(store)
        one, two = store.create(THINGS, thing("one")), store.create(THINGS, thing("two"))
        child = self.owned(store, "child", one)
        self.owned(store, "grandchild", child)
        self.owned(store, "shared", one, two)
        store.delete(THINGS, "n", "one")
        assert [obj["metadata"]["name"] for obj in store.list(THINGS)[0]] == ["shared", "two"]
        store.delete(THINGS, "n", "two")
        assert store.list(THINGS)[0] == []

    def test_orphans_stay(self) -> None:
        """Orphaned dependents outlive their owner."""
        store = Store()
        GarbageCollector(store)
        one = store.create(THINGS, thing("one"))
        self.owned(store, "child", one)
        orphan_dependents(store, one["metadata"]["uid"])
        store.delete(THINGS, "n", "one")
        assert [obj["metadata"]["name"] for obj in store.list(THINGS)[0]] == ["child"]
