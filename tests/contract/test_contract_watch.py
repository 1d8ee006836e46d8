"""Lists and watches: first state, resuming, selectors, bookmarks, 410, paging.

The reference mesh's control plane lives on them.
"""

from typing import Any

import pytest

from tests.support.crd_samples import definition, install, version
from tests.support.kube_api import Api, Object, until


@pytest.fixture
def maps(cluster: Any) -> str:
    """The collection of ConfigMaps of a namespace that holds nothing else of ours."""
    at = f"/api/v1/namespaces/{cluster.namespace()}/configmaps"
    until(lambda: cluster.api.get(f"{at}/kube-root-ca.crt").status == 200, "the namespace has its CA")
    return at


def config_map(name: str, **labels: str) -> Object:
    """A ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": {"ours": "yes", **labels}}}


def short(event: Object) -> tuple[str, str]:
    """Type and name."""
    return event["type"], event["object"]["metadata"]["name"]


def test_a_watch_without_version_begins_with_what_is_there(api: Api, maps: str) -> None:
    """Simple clients watch without listing."""
    api.post(maps, config_map("a")).ok()
    with api.watch(maps, labelSelector="ours") as events:
        first = next(events)
        assert short(first) == ("ADDED", "a")
        assert (first["object"]["kind"], first["object"]["apiVersion"]) == ("ConfigMap", "v1")
        api.post(maps, config_map("b")).ok()
        assert short(next(events)) == ("ADDED", "b")


def test_a_watch_from_a_list_misses_nothing_and_repeats_nothing(api: Api, maps: str) -> None:
    """List, then watch from its resourceVersion: the control plane's way."""
    api.post(maps, config_map("before")).ok()
    listed = api.get(maps).ok()["metadata"]["resourceVersion"]
    api.post(maps, config_map("a")).ok()
    api.patch(f"{maps}/a", {"data": {"x": "1"}}).ok()
    api.delete(f"{maps}/a").ok()
    with api.watch(maps, resourceVersion=listed) as events:
        seen = [next(events) for _ in range(3)]
    assert [short(event) for event in seen] == [("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a")]
    versions = [int(event["object"]["metadata"]["resourceVersion"]) for event in seen]
    assert versions == sorted(set(versions))
    assert versions[0] > int(listed)


def test_a_watch_is_resumed_from_the_last_event(api: Api, maps: str) -> None:
    """After a lost connection the control plane goes on from the last resourceVersion it saw."""
    version = api.get(maps).ok()["metadata"]["resourceVersion"]
    with api.watch(maps, resourceVersion=version) as events:
        api.post(maps, config_map("a")).ok()
        version = next(events)["object"]["metadata"]["resourceVersion"]
    api.post(maps, config_map("b")).ok()
    with api.watch(maps, resourceVersion=version) as events:
        assert short(next(events)) == ("ADDED", "b")


def test_a_selector_sees_objects_come_and_go(api: Api, maps: str) -> None:
    """An object whose label changes is ADDED or DELETED for a selective watcher."""
    version = api.get(maps).ok()["metadata"]["resourceVersion"]
    with api.watch(maps, resourceVersion=version, labelSelector="tier=one") as events:
        api.post(maps, config_map("a", tier="two")).ok()
        api.patch(f"{maps}/a", {"metadata": {"labels": {"tier": "one"}}}).ok()
        api.patch(f"{maps}/a", {"data": {"x": "1"}}).ok()
        api.patch(f"{maps}/a", {"metadata": {"labels": {"tier": "three"}}}).ok()
        seen = [next(events) for _ in range(3)]
    assert [event["type"] for event in seen] == ["ADDED", "MODIFIED", "DELETED"]


def test_one_object_is_watched_by_a_field_selector(api: Api, maps: str) -> None:
    """kubectl wait and kubectl get -w of one object."""
    version = api.get(maps).ok()["metadata"]["resourceVersion"]
    with api.watch(maps, resourceVersion=version, fieldSelector="metadata.name=b") as events:
        api.post(maps, config_map("a")).ok()
        api.post(maps, config_map("b")).ok()
        assert short(next(events)) == ("ADDED", "b")


def test_a_watch_over_all_namespaces(api: Api, maps: str) -> None:
    """The control plane watches the whole cluster."""
    version = api.get("/api/v1/configmaps", labelSelector="ours").ok()["metadata"]["resourceVersion"]
    with api.watch("/api/v1/configmaps", resourceVersion=version, labelSelector="ours") as events:
        made = api.post(maps, config_map("here")).ok()
        event = next(e for e in events if e["object"]["metadata"]["name"] == "here")
    assert event["object"]["metadata"]["namespace"] == made["metadata"]["namespace"]


def test_a_watch_ends_with_its_timeout(api: Api, maps: str) -> None:
    """timeoutSeconds bounds a watch; its end is no error."""
    version = api.get(maps).ok()["metadata"]["resourceVersion"]
    with api.watch(maps, resourceVersion=version, timeoutSeconds="1") as events:
        assert [event for event in events if event["type"] != "BOOKMARK"] == []


def test_bookmarks_are_progress_and_no_objects(api: Api, maps: str) -> None:
    """Clients that allow bookmarks get some or none; each has a version to resume from."""
    version = api.get(maps).ok()["metadata"]["resourceVersion"]
    with api.watch(maps, resourceVersion=version, allowWatchBookmarks="true", timeoutSeconds="1") as events:
        seen = list(events)
    assert all(event["type"] == "BOOKMARK" and event["object"]["metadata"]["resourceVersion"] for event in seen)


def test_a_version_that_is_forgotten_is_410(api: Api, unique: Any, remove: Any) -> None:
    """The control plane lists again when the server says Expired: changes of a kind are not known
    from before its definition."""
    group = install(api, remove, definition(f"{unique('young')}.example.org", [version("v1", storage=True)]))
    with api.watch(f"/apis/{group}/v1/widgets", resourceVersion="1") as events:
        event = next(events)
    assert event["type"] == "ERROR"
    assert (event["object"]["kind"], event["object"]["code"], event["object"]["reason"]) == ("Status", 410, "Expired")
    assert event["object"]["message"].startswith("too old resource version: 1 (")


def test_a_version_that_is_no_number_is_refused(api: Api, maps: str) -> None:
    """A mistake of a client, not a forgotten version."""
    answer = api.get(maps, watch="true", resourceVersion="abc")
    assert answer.status == 500
    assert answer.message.startswith('resourceVersion: Invalid value: "abc": ')


def test_a_watch_of_what_is_not_served_is_404(api: Api) -> None:
    """The control plane waits for kinds that are not installed."""
    assert api.get("/apis/no-such-group.example.org/v1/things", watch="true").status == 404


def test_a_list_is_cut_into_pages(api: Api, maps: str) -> None:
    """kubectl lists 500 at a time."""
    for number in range(5):
        api.post(maps, config_map(f"m{number}")).ok()
    first = api.get(maps, limit="2", labelSelector="ours=yes").ok()
    assert len(first["items"]) == 2
    names = [item["metadata"]["name"] for item in first["items"]]
    token = first["metadata"]["continue"]
    while token:
        page = api.get(maps, limit="2", labelSelector="ours=yes", **{"continue": token}).ok()
        names += [item["metadata"]["name"] for item in page["items"]]
        token = page["metadata"].get("continue")
    assert names == [f"m{number}" for number in range(5)]


def test_items_of_built_in_lists_do_not_carry_their_kind(api: Api, maps: str) -> None:
    """The control plane knows items by the resource that it listed."""
    api.post(maps, config_map("a")).ok()
    listed = api.get(maps).ok()
    assert (listed["kind"], listed["apiVersion"]) == ("ConfigMapList", "v1")
    assert all("kind" not in item and "apiVersion" not in item for item in listed["items"])


def test_a_list_of_a_missing_namespace_is_empty(api: Api) -> None:
    """Listing leftovers in a namespace that is gone is no error."""
    assert api.get("/api/v1/namespaces/no-such-namespace/configmaps").ok()["items"] == []


@pytest.fixture(scope="module")
def three(cluster: Any) -> str:
    """Three ConfigMaps: a (tier=one), b (tier=two), c (no tier, odd=yes)."""
    at = f"/api/v1/namespaces/{cluster.namespace()}/configmaps"
    for name, labels in (("a", {"tier": "one"}), ("b", {"tier": "two"}), ("c", {"odd": "yes"})):
        cluster.api.post(at, config_map(name, **labels)).ok()
    return at


class TestSelectors:
    """Label and field selectors of lists."""

    @pytest.mark.parametrize(
        ("selector", "names"),
        [
            ("tier=one", "a"),
            ("tier==one", "a"),
            ("tier!=one", "bc"),
            ("tier in (one,two)", "ab"),
            ("tier notin (one)", "bc"),
            ("tier", "ab"),
            ("!tier", "c"),
            ("ours=yes,tier", "ab"),
            ("tier=", ""),
        ],
    )
    def test_labels(self, api: Api, three: str, selector: str, names: str) -> None:
        """The suite finds pods and its leftovers by labels."""
        found = api.get(three, labelSelector=f"{selector},ours=yes").ok()["items"]
        assert "".join(item["metadata"]["name"] for item in found) == names

    @pytest.mark.parametrize(
        ("selector", "text"),
        [
            ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
            ("a in one", "unable to parse requirement: found 'one' expected: '('"),
            ("a=b=c", "found '=', expected: ',' or 'end of string'"),
            ("a=b c", "found 'c', expected: ',' or 'end of string'"),
            ("-a", 'unable to parse requirement: <nil>: Invalid value: "-a": name part must consist of'),
        ],
    )
    def test_a_bad_label_selector_is_400(self, api: Api, three: str, selector: str, text: str) -> None:
        """A selector that cannot be read must not select everything."""
        answer = api.get(three, labelSelector=selector)
        assert (answer.status, answer.reason) == (400, "BadRequest")
        assert answer.message.startswith(text)

    def test_fields(self, api: Api, three: str) -> None:
        """metadata.name and metadata.namespace select in every kind."""
        names = [item["metadata"]["name"] for item in api.get(three, fieldSelector="metadata.name=b").ok()["items"]]
        assert names == ["b"]
        assert api.get(three, fieldSelector="metadata.name!=b,metadata.name=b").ok()["items"] == []

    def test_a_field_that_cannot_select_is_400(self, api: Api, three: str) -> None:
        """Only few fields select."""
        answer = api.get(three, fieldSelector="data.x=1")
        assert (answer.status, answer.reason) == (400, "BadRequest")
        assert answer.message == '"data.x" is not a known field selector: only "metadata.name", "metadata.namespace"'
        pods = f"{three.rpartition('/')[0]}/pods"
        assert api.get(pods, fieldSelector="data.x=1").message == "field label not supported: data.x"
        assert api.get(pods, fieldSelector="abc").message == "invalid selector: 'abc'; can't understand 'abc'"
