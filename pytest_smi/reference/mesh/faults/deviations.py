"""The ways in which real meshes deviate from the reference readings of SMI, as named switches that personas turn on.

A deviation is one record here and a small branch beside the usual behaviour, as for `faults`: both travel together, in one set of
switches. Where a deviation is what a fault already does, personas name the fault. Unlike a fault, a deviation claims nothing about
requirements: what a persona fails is written in the tests, mesh by mesh.
"""

from __future__ import annotations

from collections.abc import Mapping

from pytest_smi.reference.mesh.faults.fault import Deviation


def _table(**descriptions: str) -> Mapping[str, Deviation]:
    return {name.replace("_", "-"): Deviation(name=name.replace("_", "-"), description=text) for name, text in descriptions.items()}


DEVIATIONS: Mapping[str, Deviation] = _table(
    # Who may: decided by `policy.py`, `access_config.py`.
    access_unenforced="Nothing is denied to anybody: the mesh reads no TrafficTarget.",
    permissive_by_mesh_config="While the MeshConfig says so (enablePermissiveTrafficPolicyMode), nothing is denied to anybody.",
    targets_in_destination_namespace_only="A target outside its destination's namespace, or that does not name that namespace, is inert.",
    udp_rules_void_targets="A target with a UDPRoute among its rules, or without rules, is inert as a whole.",
    missing_tcp_route_voids_targets="A target that names a missing TCPRoute is inert as a whole.",
    tcp_routes_unread="A rule for a TCPRoute or UDPRoute grants nothing.",
    first_matching_route_decides="Of overlapping routes of several targets the first that matches decides, for its own sources alone.",
    targets_without_routes_open_http="A target without HTTPRouteGroup opens every HTTP request to its sources.",
    tcp_grants_open_to_all="A target with a TCPRoute opens raw TCP on every port to everybody.",
    star_methods_alone_skipped="A route that has nothing but the method * is skipped; a target with no other opens every HTTP request.",
    grants_open_everything="A target opens everything to its sources: rules are not read.",
    udp_passes_by="UDP does not go through the mesh: it is neither split nor denied.",
    # What a route matches: decided by `routes.py`.
    headers_match_whole="A header pattern must match the whole value.",
    paths_match_prefix="A path pattern is anchored after the first slash, at the start only: ^/(?:pattern without its slash).",
    paths_exact_or_star="A path pattern is no regular expression: text, or text with a star at one end.",
    # Where a call goes: decided by `split_config.py`, `splits.py`, `one_account.py`, `held_config.py`, `proxy/router.py`.
    split_all_zero_is_no_split="A split whose weights are all zero is no split: calls go to the root.",
    split_newest_wins="Of several splits of one root only the newest is used.",
    split_of_own_root_dropped="A split that names its root among its backends is dropped.",
    split_backend_needs_every_port="A backend that lacks a port of the root is left out of the split on every port.",
    split_unmatched_shared_equally="Calls that no split of the root matches are shared equally over the backends.",
    split_groups_by_name_alone="The route groups of a split are found by name in any namespace.",
    split_root_must_select_leaves="A split reaches only backends that have pods behind the root, too; without any, nothing is reached.",
    split_tcp_dials_target_port="A split TCP or UDP call goes to the port of the backend that has the number of the root's target port.",
    split_rewrites_host="A split HTTP request is sent with the host name of its backend.",
    split_needs_grant_on_every_backend="A split admits only callers that every one of its backends admits.",
    split_for_nobody_stops_updates="While a split of HTTP admits nobody, no proxy of the mesh takes any new configuration.",
    service_serves_one_account="Of a Service's pods with several granted ServiceAccounts, those of one account get every call.",
    split_in_turn="Backends take turns by weight, exactly, instead of by chance.",
    split_waits_for_idle_client="A client that keeps calling a Service does not see a split that is newer than its first call.",
    split_http_only="Only HTTP is split.",
    split_last_takes_rounding="Weights become whole per cents; the last backend takes what rounding leaves.",
    # How it is refused: decided by `proxy/denials.py` and those who ask it.
    unlisted_is_reset="A caller without any grant has its connection reset.",
    unlisted_is_closed="A caller without any grant has its connection closed.",
    unmatched_is_404="A request of a granted caller that no route matches is answered 404.",
    outsider_is_closed="Plaintext from outside the mesh is closed without an answer.",
    tcp_denied_is_closed="A denied TCP connection is closed in an orderly way.",
    tcp_denied_is_reset="A denied TCP connection is reset.",
    tcp_denied_is_400="A denied TCP connection is answered with an HTTP error, and closed.",
    # Whom it concerns: decided by `proxy/outbound.py`, `proxy/plaintext.py`, `cluster_config.py`.
    enforced_at_client="Calls that do not take a name of the mesh's domain pass by the mesh, policy included.",
    protocol_by_annotation="A Service speaks HTTP unless its annotation mesh.traefik.io/traffic-type says otherwise.",
    protocol_declared_decides="A port that is declared as HTTP takes nothing else.",
)
