"""The ways in which the metrics API can be told to be wrong, each done at exactly one place under `mesh/metrics`."""

from functools import partial

from pytest_smi.reference.mesh.faults.active import fault_of
from pytest_smi.reference.mesh.faults.fault import Deviation, Fault

_fault = partial(fault_of, "TM")


METRICS_FAULTS: tuple[Fault, ...] = (
    _fault("metrics-not-registered", "01", "The metrics server runs, but its APIService is not installed."),
    _fault("metrics-slash-refused", "02", "The group root with a trailing slash answers 404."),
    _fault("metrics-kinds-left-out", "03", "Discovery leaves out jobs and replicationcontrollers."),
    _fault("metrics-splits-get-only", "04", "Discovery gives trafficsplits the verb get alone."),
    _fault("metrics-listed-kind-refused", "06", "Jobs and replicationcontrollers are in discovery, but listing them answers 405."),
    _fault("metrics-foreign-items", "07", "A list in a namespace, unless by selector, also carries idle objects of other namespaces."),
    _fault("metrics-other-object", "10", "A get names another object of its kind in `resource`, with the numbers of the one asked for."),
    _fault("metrics-selector-ignored", "11", "The label selector is ignored."),
    _fault("metrics-edges-without-subject", "14", "The list of an object's edges carries no name in its `resource`."),
    _fault("metrics-edges-of-all-pairs", "15", "Edges with zeros lead to all objects of the kind in the namespace without traffic."),
    _fault("metrics-direction-reversed", "18", "An edge to a peer that only receives is shown as `from`."),
    _fault("metrics-side-missing", "19", "`edge` has no `side`."),
    _fault("metrics-edges-by-peer", "20", "Edges are kept by peer alone, so `from` replaces `to` where traffic goes both ways."),
    _fault("metrics-zero-time", "24", "The timestamp is the zero time."),
    _fault("metrics-window-missing", "25", "There is no window."),
    _fault("metrics-sixth-metric", "26", "A sixth metric, p95_response_latency, stands among the five."),
    _fault("metrics-nan-when-idle", "28", "The percentiles of an idle object are a NaN cast to an integer, -9223372036854775808m."),
    _fault("metrics-wrong-unit", "29", "The p50 latency is in seconds and labelled ms."),
    _fault("metrics-success-counts-attempts", "30 32", "success_count counts all requests, failed ones included."),
    _fault("metrics-failures-folded", "30 31", "Failures are counted as successes."),
    _fault("metrics-failures-twice", "31 32", "A failed request is counted twice, for the client's view and for the server's."),
    _fault("metrics-idle-error", "34", "A get of an object that never had traffic answers 500."),
    _fault("metrics-p90-of-other-window", "35", "The p90 latency is that of another, empty window."),
    _fault("metrics-mean-as-percentile", "37", "Every percentile is the mean."),
    _fault("metrics-numbers-stay", "38", "The numbers of the last window with traffic stay when traffic stops."),
    _fault("metrics-one-pod-only", "39", "A deployment has the numbers of one of its pods."),
    _fault("metrics-namespace-counts-twice", "40", "A namespace counts every request received in it twice."),
    _fault("metrics-foreign-edges-lost", "46", "Edges from peers in other namespaces are lost."),
    _fault("metrics-split-aggregated", "49 50", "A split has one item for all backends, named after the first."),
    _fault("metrics-stale-weight", "50", "The weight of a backend stays what it was when it was first seen."),
    _fault("metrics-open-to-all", "55", "The mesh's installation lets every user read all metrics."),
)

METRICS_DEVIATIONS: tuple[Deviation, ...] = (
    Deviation(name="metrics-in-milliseconds", description="Latencies are given in milliseconds."),
    Deviation(
        name="metrics-five-kinds",
        description="Only pods, deployments, statefulsets, daemonsets and namespaces have metrics.",
    ),
)
