"""What a mesh is known to do otherwise with SMI objects: the facts of its profile, each with its source. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_smi.core.terms import APIS

if TYPE_CHECKING:
    from pytest_smi.oracle import World
    from pytest_smi.profiles.load import Profile

_API_OF_KIND = {
    "TrafficTarget": "access",
    "IdentityBinding": "access",
    "HTTPRouteGroup": "specs",
    "TCPRoute": "specs",
    "UDPRoute": "specs",
    "TrafficSplit": "split",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that is known of a mesh, and where from; the source is empty where the profile names none."""

    text: str
    source: str = ""


def facts(profile: Profile, world: World) -> list[Fact]:
    """Return what a reader of these objects should know of the mesh."""
    return [*_claims(profile, world), *_gaps(profile), *_splits(profile, world), *_preconditions(profile)]


def _claims(profile: Profile, world: World) -> Iterator[Fact]:
    source = profile.sources.get("apis", "")
    if profile.claims_nothing:
        yield Fact(f"it claims no API: {profile.claims_nothing}", source)
        return
    claimed = ", ".join(f"{api} {'/'.join(profile.claims(api))}" for api in APIS if profile.claims(api))
    yield Fact(f"it claims {claimed}", source)
    others: dict[str, list[str]] = {}
    for (kind, namespace, name), written in world.written.items():
        api = _API_OF_KIND.get(kind, "")
        if not profile.claims(api) and api not in profile.stored:
            others.setdefault(f"{kind}, which it does not act on", []).append(f"{namespace}/{name}")
        elif written.version not in (*profile.claims(api), *profile.stored.get(api, ())):
            others.setdefault(f"{kind} {written.version}, which it does not claim", []).append(f"{namespace}/{name}")
    for what, names in others.items():
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        yield Fact(f"{', '.join(names[:3])}{more}: {what}", source)
    if world.udp_routes and "udp" not in profile.features:
        yield Fact(
            "it is not known to handle UDP, so that a UDPRoute may have no effect",
            profile.sources.get("features", source),
        )
    if profile.status.state not in ("", "maintained"):
        yield Fact(f"it is {profile.status.state}: {profile.status.note}", profile.status.source)


def _gaps(profile: Profile) -> Iterator[Fact]:
    for gap in profile.gaps:
        yield Fact(f"{gap.requirement} is not met: {gap.reason}", profile.sources.get("gaps", ""))


def _splits(profile: Profile, world: World) -> Iterator[Fact]:
    source = profile.sources.get("splits", "")
    if not world.splits:
        return
    if profile.splits.root_selects_backends:
        yield Fact("a split reaches only pods that the root's selector matches, too", source)
    if profile.splits.idle_before:
        yield Fact(
            f"a client sees a new split only after {profile.splits.idle_before:g} s without a call to its root", source
        )
    if profile.splits.fresh_client:
        yield Fact("a client that has called the root before does not see a new split", source)


def _preconditions(profile: Profile) -> Iterator[Fact]:
    for one in profile.preconditions:
        yield Fact(f"it must be set up so: {one.name} ({one.remedy})", profile.sources.get("preconditions", ""))
