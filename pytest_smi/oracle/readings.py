"""The questions that the specification leaves open and that objects can raise: what is open,
and how two readers differ. Data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Question:
    """An open question and its readings, each a short phrase."""

    point: str
    readings: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.point}: {' | '.join(self.readings)}"


QUESTIONS: Mapping[str, Question] = {
    "AMB-1": Question("a TCPRoute and an HTTPRouteGroup in one target", ("route and port together", "each by itself")),
    "AMB-2": Question(
        "HTTP through a target of TCPRoutes alone", ("allowed, since HTTP is TCP", "denied, since HTTP needs a route")
    ),
    "AMB-3": Question("the end of a pathRegex", ("what follows the match is free", "the whole path must match")),
    "AMB-4": Question("the query of a request", ("part of what is matched", "left out")),
    "AMB-5": Question("encoded, doubled or dotted paths", ("matched as sent", "matched when normalised")),
    "AMB-6": Question("the dialect of regular expressions", ("RE2", "PCRE, ECMAScript or another")),
    "AMB-7": Question("a route without a path or without methods", ("what is missing is free", "the route is invalid")),
    "AMB-8": Question("two routes of one name in a group", ("both count", "the first or the last counts, or none")),
    "AMB-9": Question("a header's pattern", ("searched in the value", "compared with the whole value")),
    "AMB-10": Question("an absent header and a pattern that takes the empty text", ("no match", "a match")),
    "AMB-11": Question("several lines of one header", ("any line may match", "they are one value")),
    "AMB-12": Question(
        "header filters in YAML", ("a list of one-key maps, as every published definition has it", "one map")
    ),
    "AMB-14": Question("UDP", ("enforced", "not supported by the mesh")),
    "AMB-16": Question(
        "a listed account outside of the mesh", ("allowed, since it is the account", "denied, since it cannot prove it")
    ),
    "AMB-17": Question("an empty list of matches", ("as if left out", "selects nothing")),
    "AMB-18": Question("an unknown name among known matches", ("the known ones count", "the target is invalid")),
    "AMB-19": Question("a port's number", ("that of the Service", "that of the container")),
    "AMB-20": Question("a subject without a namespace", ("that of the target", "`default`, or none")),
    "AMB-21": Question("a target outside of its destination's namespace", ("valid", "ignored")),
    "AMB-22": Question("a subject of another kind than ServiceAccount", ("nobody", "read as a ServiceAccount")),
    "AMB-23": Question("a SPIFFE identity", ("written without a scheme", "written as a URI")),
    "AMB-24": Question("a binding by labels and by account", ("refused", "either of both")),
    "AMB-25": Question("a route without the list of ports", ("every port", "invalid")),
    "AMB-26": Question("a weight that is negative or no whole number", ("refused", "whatever the mesh makes of it")),
    "AMB-27": Question("a backend that is missing or has no pod", ("its share fails", "its share goes to the others")),
    "AMB-28": Question(
        "a backend with some of the root's ports", ("excluded from all", "excluded where it lacks the port")
    ),
    "AMB-29": Question("another name of the Service than its FQDN", ("split", "not split")),
    "AMB-30": Question("path and methods of a split's group", ("count as everywhere", "header filters alone count")),
    "AMB-31": Question("a split whose group is missing", ("inactive", "applied to every call")),
    "AMB-32": Question("a backend that is the root of another split", ("not followed", "undefined")),
    "AMB-33": Question(
        "a root among its own backends",
        ("forbidden, so refused or left out", "its share goes to the root's own endpoints"),
    ),
    "AMB-34": Question("several splits of one root", ("merged", "one of them wins, or none counts")),
    "AMB-36": Question("raw TCP or UDP to a root", ("split by connection", "not split")),
    "AMB-37": Question("a split in which no backend can take a share", ("nothing is reached", "the root as it is")),
    "AMB-38": Question("a backend named twice", ("the sum of the weights", "the last weight, or invalid")),
    "AMB-39": Question("a root that is no Service of the namespace", ("invalid", "any name that can be called")),
    "AMB-40": Question("a headless or external Service in a split", ("supported", "not supported")),
    "AMB-41": Question("a call by address or with another host", ("split", "not split")),
}
"""Id → question."""
