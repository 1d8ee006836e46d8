"""Traffic Metrics: which objects TrafficMetrics tells of, between whom, and for which backends of a split.

All assertions but those on access judge one shared scenario; see `pytest_smi/scenario/metrics/traffic_plan.py` for who
sent what to whom. What the numbers say is in `test_traffic_metrics_values.py`.
"""

from pytest_smi.scenario.metrics import access, documents, lists, numbers
from pytest_smi.scenario.metrics.access import reader
from pytest_smi.scenario.metrics.recorder import recorded
from pytest_smi.scenario.scenario import Inconclusive, Scenario, assertion
from pytest_smi.scenario.verdict import require

GROUP = "metrics.smi-spec.io"


@assertion("TM-01", level="MUST", source="metrics v1alpha1 §Kubernetes API", even_unserved=True)
def test_group_is_served_through_an_apiservice(smi: Scenario) -> None:
    """The group is served through an APIService for its version, which is available."""
    version = smi.versions.get("metrics") or smi.testbed.target.profile.apis["metrics"][0]
    name = f"{version}.{GROUP}"
    answer = smi.api(f"/apis/apiregistration.k8s.io/v1/apiservices/{name}")
    if answer.status != 404 and not answer.ok:
        raise Inconclusive(f"APIService {name} cannot be read: {answer.message}")
    require(answer.ok, f"the mesh claims {GROUP} {version}, but there is no APIService {name}")
    documents.available(answer.body, GROUP, version)


@assertion("TM-02", level="MUST", source="metrics v1alpha1 §Kubernetes API")
def test_group_root_lists_resources(smi: Scenario) -> None:
    """The group's root answers an APIResourceList, with and without a trailing slash."""
    seen = recorded(smi, "root", "root/")
    for key in ("root", "root/"):
        documents.resource_list(seen.documents[key], f"{GROUP}/{smi.versions['metrics']}")


@assertion("TM-03", level="MUST", source="metrics v1alpha1 §Kubernetes API")
def test_eleven_resources(smi: Scenario) -> None:
    """The root lists the eleven kinds of the specification."""
    found = {str(entry["name"]) for entry in documents.resources(recorded(smi, "root").documents["root"])}
    missing = documents.ELEVEN - found
    require(
        not missing,
        f"{len(found & documents.ELEVEN)} of {len(documents.ELEVEN)} kinds are listed; missing: "
        f"{', '.join(sorted(missing))}",
    )


@assertion("TM-04", level="MUST", source="metrics v1alpha1 §Kubernetes API")
def test_resources_are_traffic_metrics_with_get_and_list(smi: Scenario) -> None:
    """Each resource has the kind TrafficMetrics and the verbs get and list."""
    for entry in documents.resources(recorded(smi, "root").documents["root"]):
        found = (entry.get("kind"), sorted(entry.get("verbs") or ()))
        require(found[0] == "TrafficMetrics", f"{entry['name']} has kind {found[0]!r}, expected TrafficMetrics")
        require({"get", "list"} <= set(found[1]), f"{entry['name']} has the verbs {found[1]}, expected get and list")


@assertion("TM-06", level="MUST (derived)", source="metrics v1alpha1 §Kubernetes API")
def test_listed_resources_answer_both_verbs(smi: Scenario) -> None:
    """Every listed resource answers a list, and a get of an object that had traffic."""
    seen = recorded(smi, "root")
    for entry in documents.resources(seen.documents["root"]):
        for key in (f"list {entry['name']}", f"get {entry['name']}"):
            if key in seen.documents:
                seen.documents[key].granted()


@assertion("TM-07", level="MUST", source="metrics v1alpha1 §TrafficMetricsList")
def test_list_in_a_namespace(smi: Scenario) -> None:
    """A list in a namespace is a TrafficMetricsList about one kind, with items of that kind and namespace alone."""
    seen = recorded(smi, "deployments", "pods", "abroad", "trafficsplits abroad")
    b, x = seen.refs["b"], seen.refs["x"]
    for key, kind, namespace in (
        ("deployments", "Deployment", b.namespace),
        ("pods", "Pod", b.namespace),
        ("abroad", "Deployment", x.namespace),
    ):
        documents.list_of(seen.documents[key], kind, namespace)
    if seen.splits and seen.documents["trafficsplits"].status == 200:
        documents.list_of(seen.documents["trafficsplits abroad"], "TrafficSplit", x.namespace)
    seen.documents["deployments"].about(b)


@assertion("TM-10", level="MUST", source="metrics v1alpha1 §TrafficMetrics")
def test_get_answers_about_the_object_asked_for(smi: Scenario) -> None:
    """A get returns one TrafficMetrics whose resource is the object that was asked for."""
    seen = recorded(smi, "deployment b", "deployment c", "deployment r")
    for role in ("b", "c", "r"):
        found = seen.documents[f"deployment {role}"].only().resource
        require(found == seen.refs[role], f"asked for {seen.refs[role]}, the answer is about {found}")


@assertion("TM-11", level="MUST", source="metrics v1alpha1 §Specification, §TrafficMetricsList")
def test_label_selector(smi: Scenario) -> None:
    """A label selector restricts a list to the objects that it matches."""
    seen = recorded(
        smi,
        "deployments b",
        "pods b",
        "chosen by ==",
        "chosen by !=",
        "chosen by in",
        "chosen by notin",
        "chosen by presence",
        "chosen by absence",
        "chosen by two",
    )
    pods = set(seen.by_pod("b"))
    for key, wanted in (("deployments b", {seen.refs["b"].name}), ("pods b", pods)):
        found = {item.resource.name for item in seen.documents[key].items()}
        require(found == wanted, f"GET {seen.documents[key].path}: expected {sorted(wanted)}, found {sorted(found)}")
    names = {role: seen.refs[role].name for role in "bcw"}
    for form, (_, matched) in lists.SELECTORS.items():
        lists.chosen(seen.documents[f"chosen by {form}"], names, matched)


@assertion("TM-14", level="MUST", source="metrics v1alpha1 §TrafficMetricsList")
def test_edges_are_a_list_about_the_object(smi: Scenario) -> None:
    """The edges of an object are a list about that object, name included, and so is every item."""
    seen = recorded(smi, "edges a", "edges b")
    for role in ("a", "b"):
        documents.edges_about(seen.documents[f"edges {role}"], seen.refs[role])


@assertion("TM-15", level="MUST", source="metrics v1alpha1 §Specification")
def test_edges_only_where_traffic_was(smi: Scenario) -> None:
    """Edges exist between pairs that exchanged traffic, and between no others."""
    seen = recorded(smi, "edges a", "edges b", "edges d")
    documents.peers(seen.frozen("edges a"), [seen.refs["b"], seen.refs["c"]])
    documents.peers(seen.frozen("edges b"), [seen.refs["a"]])
    idle = seen.documents["edges d"]
    if idle.status == 200:
        documents.peers(idle, [])


@assertion("TM-18", level="MUST", source="metrics v1alpha1 §Edge")
def test_direction(smi: Scenario) -> None:
    """The direction is `to` where the object sends and `from` where it receives."""
    seen = recorded(smi, "edges a", "edges b")
    documents.directions(seen.frozen("edges a"), seen.refs["b"], "to")
    documents.directions(seen.frozen("edges b"), seen.refs["a"], "from")


@assertion("TM-19", level="MUST", source="metrics v1alpha1 §Edge")
def test_side(smi: Scenario) -> None:
    """Every item says on which side it was measured: client or server."""
    documents.sides(recorded(smi, everything=True))


@assertion("TM-20", level="MUST (derived)", source="metrics v1alpha1 §Edge")
def test_both_directions_are_kept_apart(smi: Scenario) -> None:
    """Traffic in both directions between one pair makes two items with numbers of their own."""
    seen = recorded(smi, "edges g")
    edges, h = seen.frozen("edges g"), seen.refs["h"]
    numbers.count(
        "requests from g to h", documents.edge(edges, "to", h).requests, seen.sent("g", "h").requests, smi.limits
    )
    numbers.count(
        "requests from h to g", documents.edge(edges, "from", h).requests, seen.sent("h", "g").requests, smi.limits
    )


@assertion("TM-34", level="unspecified", source="metrics v1alpha1, silent")
def test_object_without_traffic(smi: Scenario) -> None:
    """An object without traffic may have zeros, or be absent: the specification does not say."""
    smi.observed(documents.idle_reading(recorded(smi, "deployment d").documents["deployment d"]))


@assertion("TM-68", level="MUST (derived)", source="metrics v1alpha1 §Kubernetes API")
def test_object_without_traffic_is_no_server_error(smi: Scenario) -> None:
    """A get of an object without traffic is not an error of the server."""
    document = recorded(smi, "deployment d").documents["deployment d"]
    require(document.status < 500, f"GET {document.path}: an object without traffic answered {document.status}")


@assertion("TM-49", level="MUST", source="metrics v1alpha1 §Traffic Splits", needs=["split"])
def test_split_has_one_item_per_backend(smi: Scenario) -> None:
    """A TrafficSplit has one TrafficMetrics for each backend, which names it."""
    seen = recorded(smi, "trafficsplits")
    documents.one_item_each(seen.frozen("trafficsplits"), seen.splits[0])


@assertion("TM-50", level="MUST", source="metrics v1alpha1 §Traffic Splits", needs=["split"])
def test_backend_equals_the_split(smi: Scenario) -> None:
    """Apex, name and weight of a backend are those of the split, also after it is re-weighted."""
    seen = recorded(smi, "trafficsplits", "re-weighted")
    for key, split in zip(("trafficsplits", "re-weighted"), seen.splits, strict=True):
        documents.backends(seen.documents[key], split)


@assertion("TM-55", level="MUST (derived)", source="metrics v1alpha1 §RBAC")
def test_no_permission_is_403(smi: Scenario) -> None:
    """Who has no permission to read metrics is answered 403, and a permission to list is all that a list needs."""
    who = reader(smi)
    refused = who.ask()
    require(refused.status == 403, f"an account without any role was answered {refused.status}, expected 403")
    who.permit("deployments", listed=["pods"])
    access.reads(who, "/pods")
    refused = who.ask("/pods/one")
    require(refused.status == 403, f"a get with a Role to list alone was answered {refused.status}, expected 403")
