"""Canonical records at random, for laws about rendering them."""

from fractions import Fraction

from hypothesis import strategies as st

from pytest_smi.smi.model import (
    IDENTITY_BINDING,
    Backend,
    HTTPMatch,
    HTTPRouteGroup,
    IdentityBinding,
    Rule,
    SmiObject,
    Subject,
    TCPRoute,
    TrafficSplit,
    TrafficTarget,
    UDPRoute,
)

METHODS = ("*", "GET", "HEAD", "PUT", "POST", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH")
NAMES = st.from_regex(r"[a-z]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=12)
PORTS = st.lists(st.integers(1, 65535), max_size=3).map(tuple)
PAIRS = st.lists(st.tuples(NAMES, TEXTS), max_size=3).map(tuple)
LABELS = st.dictionaries(NAMES, NAMES, max_size=3).map(lambda labels: tuple(labels.items()))

MATCHES = st.builds(
    HTTPMatch,
    name=NAMES,
    path=st.none() | TEXTS,
    methods=st.none() | st.lists(st.sampled_from(METHODS), max_size=3).map(tuple),
    headers=PAIRS,
)
RULES = st.builds(
    Rule,
    kind=st.sampled_from(("HTTPRouteGroup", "TCPRoute", "UDPRoute")),
    name=NAMES,
    matches=st.none() | st.lists(NAMES, max_size=2).map(tuple),
)
SUBJECTS = st.builds(
    Subject, name=NAMES, namespace=NAMES, kind=st.sampled_from(("ServiceAccount", IDENTITY_BINDING, "Group"))
)
WEIGHTS = st.integers(-5, 10**6) | st.fractions(0, 1000).map(lambda value: Fraction(round(value * 1000), 1000))

RECORDS: st.SearchStrategy[SmiObject] = st.one_of(
    st.builds(HTTPRouteGroup, name=NAMES, namespace=NAMES, matches=st.lists(MATCHES, max_size=3).map(tuple)),
    st.builds(TCPRoute, name=NAMES, namespace=NAMES, ports=PORTS),
    st.builds(UDPRoute, name=NAMES, namespace=NAMES, ports=PORTS),
    st.builds(
        TrafficTarget,
        name=NAMES,
        namespace=NAMES,
        destination=SUBJECTS,
        rules=st.lists(RULES, max_size=3).map(tuple),
        sources=st.lists(SUBJECTS, max_size=3).map(tuple),
        port=st.none() | st.integers(1, 65535),
    ),
    st.builds(
        IdentityBinding,
        name=NAMES,
        namespace=NAMES,
        service_account=st.none() | NAMES,
        pod_labels=st.none() | LABELS,
        spiffe_identities=st.none() | st.lists(NAMES, max_size=2).map(tuple),
    ),
    st.builds(
        TrafficSplit,
        name=NAMES,
        namespace=NAMES,
        service=NAMES,
        backends=st.lists(st.builds(Backend, service=NAMES, weight=WEIGHTS), max_size=3).map(tuple),
        matches=st.none() | st.lists(NAMES, max_size=2).map(tuple),
    ),
)
"""Any record, expressible somewhere or not."""
