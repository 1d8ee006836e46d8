"""Faults of traffic splitting (TrafficSplit)."""

from __future__ import annotations

from functools import partial

from pytest_smi.reference.mesh.faults.active import fault_of
from pytest_smi.reference.mesh.faults.fault import Fault

_fault = partial(fault_of, "SP")


SPLIT_FAULTS: tuple[Fault, ...] = (
    _fault("split-weights-ignored", "01 02 03 06 40 52 54", "Weights above zero all count the same."),
    _fault("split-winner-takes-all", "01 02 03 06 08 40 52 54", "The heaviest backend receives everything."),
    _fault("split-clamps-at-100", "02", "Weights above 100 count as 100."),
    _fault("split-percent-rest-lost", "03", "Weights are percentages; what is missing to 100 is answered with an error."),
    _fault("split-zero-weight-leaks", "04", "A backend of weight zero receives two per cent."),
    _fault("split-one-is-a-percent", "05", "A weight of 1 beside no other backend is one per cent; the rest is lost."),
    _fault("split-first-two-only", "06", "Only the first two backends are used."),
    _fault("split-whole-percent", "08", "Shares are rounded down to whole per cents."),
    _fault("split-first-version-only", "12 13 16", "Only the first version of a split is applied."),
    _fault("split-removed-backend-stays", "13", "A backend removed from a split keeps its weight."),
    _fault("split-deleted-stays", "14", "Deleting a split changes nothing."),
    _fault("split-needs-every-backend", "15", "A split is inert until all its backends exist."),
    _fault("split-late-backend-lost", "16", "A backend that did not exist when the split was first seen never receives anything."),
    _fault("split-root-is-a-backend", "19", "Endpoints of the root that belong to no backend are one more backend, beside two or more."),
    _fault("split-backend-name-is-split", "21", "Calls to a backend by its name are split too."),
    _fault("split-by-selector", "22", "Services with the same endpoints as the root are split too."),
    _fault("split-target-port-of-root", "24", "The root's target port is used for every backend."),
    _fault("split-first-port-only", "25", "Only the first port of the root is split."),
    _fault("split-portless-keeps-share", "26", "A backend without the root's port keeps its share, which fails."),
    _fault("split-ports-by-name", "26", "Ports of root and backends are matched by name."),
    _fault("split-no-event", "31", "A misconfigured backend raises no event."),
    _fault(
        "split-short-names-only",
        "01 02 03 04 05 06 15 19 24 26 33 37 52 54",
        "Calls that name the root in full, with the cluster domain, are not split.",
    ),
    _fault(
        "split-rewrites-endpoints", "36", "While a split without `matches` exists, its root's selector is that of the heaviest backend."
    ),
    _fault("split-matches-ignored", "38", "`matches` is ignored: everything is split."),
    _fault("split-matched-to-root", "37", "Requests that match go to the root."),
    _fault("split-unmatched-refused", "38", "Requests that do not match are refused."),
    _fault("split-unmatched-to-first-backend", "39", "Requests that do not match go to the first backend."),
    _fault("split-matched-weights-ignored", "40", "Weights are ignored where a split has `matches`."),
    _fault("split-first-group-only", "41", "Of several groups in `matches` only the first counts."),
    _fault("split-client-sticks", "52", "Every second client, by the hash of its service account, is pinned to one backend."),
    _fault("split-http2-pinned", "54", "HTTP/2 always goes to the first backend."),
)
