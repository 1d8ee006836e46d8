"""Faults of traffic specs (HTTPRouteGroup)."""

from __future__ import annotations

from functools import partial

from pytest_smi.reference.mesh.faults.active import fault_of
from pytest_smi.reference.mesh.faults.fault import Fault

_fault = partial(fault_of, "TS")


SPECS_FAULTS: tuple[Fault, ...] = (
    _fault("specs-group-activates-itself", "01", "A route group grants its routes to every mesh identity without any target."),
    _fault("specs-dot-excludes-slash", "02", "`.*` matches a single path segment."),
    _fault("specs-path-search", "03", "The path pattern is searched anywhere in the path."),
    _fault("specs-path-literal-prefix", "05", "The path pattern is a literal prefix."),
    _fault("specs-anchor-first-branch-only", "06", "Only the first branch of an alternation is anchored."),
    _fault("specs-pinned-to-start", "13", "An invalid pattern makes the whole configuration of its destination be refused."),
    _fault("specs-method-ignored", "14", "Methods are ignored."),
    _fault("specs-first-method-only", "15", "Only the first method of a list counts."),
    _fault("specs-star-is-listed-methods", "16", "`*` means GET, HEAD, PUT, POST and DELETE."),
    _fault("specs-missing-header-passes", "23 SP-38", "A filtered header that is absent is no obstacle."),
    _fault("specs-header-presence-only", "24", "A filtered header needs to be there, with any value."),
    _fault("specs-last-header-only", "25", "Of several headers of one route only the last counts."),
    _fault("specs-routes-anded", "26 TA-41", "Several routes are all required."),
    _fault("specs-headers-ignored-beside-path", "27", "Header filters are ignored in a route that has a path."),
    _fault("specs-header-only-means-get", "28", "A route of headers alone allows GET only."),
    _fault("specs-header-name-case-sensitive", "29", "Header names are compared as they are written."),
    _fault("specs-http2-opaque", "34", "HTTP/2 is taken for opaque TCP, and let through with any HTTP grant."),
    _fault("specs-first-decision-cached", "35", "The first decision of a kept-alive connection holds for all its requests."),
)
