"""Traffic Metrics, lists: what the API offers, and what its lists are about.

They judge the shared scenario of `test_traffic_metrics.py`.
"""

from pytest_smi.scenario.metrics import documents, lists, readings
from pytest_smi.scenario.metrics.recorder import recorded
from pytest_smi.scenario.metrics.records import Ref
from pytest_smi.scenario.scenario import Inconclusive, Scenario, assertion


@assertion("TM-05", level="MUST", source="metrics v1alpha1 §Kubernetes API")
def test_scopes(smi: Scenario) -> None:
    """Namespaces and nodes are listed as cluster-scoped, the other kinds as namespaced."""
    lists.scopes(recorded(smi, "root").documents["root"])


@assertion("TM-08", level="MUST (derived)", source="metrics v1alpha1 §TrafficMetricsList")
def test_list_over_all_namespaces(smi: Scenario) -> None:
    """A list over all namespaces has the objects of each of them."""
    seen = recorded(smi, "everywhere")
    lists.everywhere(seen.frozen("everywhere"), (seen.refs[role] for role in ("b", "c", "r", "x")))


@assertion("TM-09", level="MUST", source="metrics v1alpha1 §TrafficMetricsList")
def test_resource_of_a_list(smi: Scenario) -> None:
    """The resource of a list carries kind, namespace and apiVersion alone."""
    keys = ("deployments", "pods", "abroad", "everywhere")
    seen = recorded(smi, *keys)
    for key in keys:
        lists.about_a_kind(seen.documents[key])


@assertion("TM-12", level="MUST", source="metrics v1alpha1 §Specification, §TrafficMetricsList")
def test_label_selector_leaves_the_numbers(smi: Scenario) -> None:
    """A label selector chooses objects; their numbers are the same as without it."""
    seen = recorded(smi, "deployments", "deployments b")
    plain = seen.frozen("deployments").about(seen.refs["b"])
    if not plain.requests:
        raise Inconclusive("without a selector the object has no requests")
    lists.same_numbers(plain, seen.frozen("deployments b").about(seen.refs["b"]), smi.limits)


@assertion("TM-13", level="unspecified", source="metrics v1alpha1 §TrafficMetricsList (an example alone)")
def test_selector_in_the_list(smi: Scenario) -> None:
    """A list may say by which selector it was chosen: the specification has that in examples alone."""
    smi.observed(readings.selector_echo(recorded(smi, "deployments b").documents["deployments b"]))


@assertion("TM-45", level="MUST", source="metrics v1alpha1 §Specification")
def test_no_arbitrary_groups(smi: Scenario) -> None:
    """There are no metrics of arbitrary groups: a label selector gives an item for each object."""
    seen = recorded(smi, "pods w")
    home = seen.refs["w"].namespace
    pods = [Ref(kind="Pod", namespace=home, name=name) for name in seen.by_pod("w")]
    lists.one_by_one(seen.frozen("pods w"), pods)


@assertion("TM-60", level="MUST (derived)", source="metrics v1alpha1 §Kubernetes API")
def test_what_is_unknown(smi: Scenario) -> None:
    """An unknown kind is not found, and an unknown object has no traffic."""
    seen = recorded(smi, "deployments", "no kind", "no object")
    seen.documents["deployments"].about(seen.refs["b"])
    lists.unknown(seen.documents["no kind"], seen.documents["no object"])


@assertion("TM-64", level="MUST (derived)", source="metrics v1alpha1 §TrafficMetrics")
def test_kinds_are_spelled_as_in_kubernetes(smi: Scenario) -> None:
    """A resource's kind is spelled as Kubernetes spells it."""
    keys = {kind: f"list {kind}" for kind in sorted(documents.ELEVEN)}
    seen = recorded(smi, "root", *keys.values())
    offered = {str(entry["name"]) for entry in documents.resources(seen.documents["root"])}
    lists.kinds({kind: seen.documents[key] for kind, key in keys.items() if kind in offered})


@assertion("TM-65", level="unspecified", source="metrics v1alpha1 §Edge (its software: v1alpha2)")
def test_version_of_side_and_backend(smi: Scenario) -> None:
    """`side` and `backend` are of v1alpha1 in the specification's text, and of v1alpha2 in its software."""
    seen = recorded(smi, "edges a", "trafficsplits")
    version = smi.versions["metrics"]
    smi.observed(readings.versions(smi.api("/apis/metrics.smi-spec.io").body, version, seen))


@assertion("TM-66", level="MUST", source="metrics v1alpha1 §Example implementation")
def test_documented_form_of_the_url(smi: Scenario) -> None:
    """The form of the URL in the specification's example works: a list with a trailing slash."""
    seen = recorded(smi, "deployments/")
    seen.documents["deployments/"].about(seen.refs["b"])
