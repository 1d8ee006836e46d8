"""Choose the API versions of a run, and the runs of `--smi-version all`. Pure.

A version is tested when the profile claims it, the cluster serves it and this suite can write it;
the profile's order decides. `--smi-version` overrides that for one API. Versions of access and specs belong together in
pairs: when one of the two is not the newest, the other follows it as far as it is claimed and served.

A stored API gets a version too, for objects that others refer to. It is not tested:
nobody claims that the mesh acts on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pytest_smi.core.nearest import unknown
from pytest_smi.core.terms import VERSIONS
from pytest_smi.errors import UsageProblem
from pytest_smi.smi.versions import GROUPS, REFERRED, partners

ALL = "all"
PAIR = ("access", "specs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What `--smi-version` asked for: a version per API, and whether every other one is to be run too."""

    versions: Mapping[str, str] = field(default_factory=dict)
    every: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Negotiated:
    """The versions of one run, for the APIs that it tests. `absent`:
    for each other API the reason why it is not tested.

    `stored`: the versions of those among the absent ones in which objects are written for others to refer to.
    `notes`: what a reader should know.
    """

    versions: Mapping[str, str]
    absent: Mapping[str, str] = field(default_factory=dict)
    stored: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def written(self) -> dict[str, str]:
        """The versions in which objects are written: of the APIs tested, and of those stored."""
        return {**self.versions, **self.stored}


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One of the runs of a mesh.

    `label`: empty for the first, else what differs: `split=v1alpha2`. `apis`: those that it judges.
    """

    label: str
    apis: tuple[str, ...]
    negotiated: Negotiated


def read_choice(text: str) -> Wanted:
    """Read one `--smi-version`: `all`, or API=VERSION with commas between several.

    Raises ValueError that lists the known ones.
    """
    found: dict[str, str] = {}
    every = False
    for part in filter(None, (part.strip() for part in text.split(","))):
        api, equals, version = part.partition("=")
        if part == ALL:
            every = True
        elif not equals:
            raise ValueError(f"a version is written API=VERSION, such as split=v1alpha2, or 'all'; found {part!r}")
        elif api not in VERSIONS:
            raise ValueError(unknown("API", api, VERSIONS, where="pytest-smi crds --help"))
        elif version not in VERSIONS[api]:
            raise ValueError(unknown("version", version, VERSIONS[api], where="pytest-smi crds --help", of=api))
        elif found.setdefault(api, version) != version:
            raise ValueError(f"{api} is given as {found[api]} and as {version}; 'all' runs several versions")
    if not found and not every:
        raise ValueError("a version is written API=VERSION, such as split=v1alpha2, or 'all'; found nothing")
    return Wanted(versions=found, every=every)


def together(choices: Sequence[Wanted]) -> Wanted:
    """Return one choice of several. Raises UsageProblem when they contradict each other."""
    found: dict[str, str] = {}
    for choice in choices:
        for api, version in choice.versions.items():
            if found.setdefault(api, version) != version:
                raise UsageProblem(
                    f"--smi-version names one version of {api}, found {found[api]} and {version}",
                    "'--smi-version all' runs several.",
                )
    return Wanted(versions=found, every=any(choice.every for choice in choices))


def negotiate(
    claimed: Mapping[str, Sequence[str]],
    served: Mapping[str, Sequence[str]],
    wanted: Mapping[str, str] | None = None,
    *,
    stored: Mapping[str, Sequence[str]] | None = None,
) -> Negotiated:
    """Choose a version per API. `claimed`, newest first, is what the mesh may be held to; `wanted` overrides it.

    `stored`, newest first, is what may be written for claimed APIs to refer to;
    an API of it that is wanted is tested as any other.

    Raises UsageProblem for a wanted version that the cluster does not serve.
    """
    wanted, stored = wanted or {}, stored or {}
    known = {**stored, **claimed}
    chosen: dict[str, str] = {}
    absent: dict[str, str] = {}
    notes: list[str] = []
    for api in GROUPS:
        common = _common(api, known, served)
        if api in wanted:
            chosen[api] = _wanted(api, wanted[api], served)
            if wanted[api] not in claimed.get(api, ()):
                notes.append(
                    f"{api} {wanted[api]} was asked for with --smi-version; the mesh's profile does not claim it"
                )
        elif common:
            chosen[api] = common[0]
        else:
            absent[api] = _why_absent(api, known.get(api, ()), served.get(api, ()), claimed=api in claimed)
    for api in PAIR:
        _follow(api, chosen, wanted, known, served)
    tested = {api: version for api, version in chosen.items() if api in claimed or api in wanted}
    kept = {api: version for api, version in chosen.items() if api not in tested}
    for api, version in kept.items():
        reason = f"stored so that {_referring(api, claimed)} can refer to it, but the mesh does not claim it"
        absent[api] = reason
        notes.append(f"{api} {version} is {reason}")
    return Negotiated(versions=tested, absent=absent, stored=kept, notes=(*notes, *_unpaired(chosen)))


def plan(
    claimed: Mapping[str, Sequence[str]],
    served: Mapping[str, Sequence[str]],
    wanted: Wanted,
    apis: Sequence[str] = tuple(GROUPS),
    *,
    stored: Mapping[str, Sequence[str]] | None = None,
) -> tuple[Variant, ...]:
    """Return the runs of one mesh: the newest of all; with `all` also each other version, of one API (or pair) at a
    time, the rest newest.

    `apis` are those that the user asked for; `stored` is as for `negotiate`, and makes no runs of its own.
    Raises UsageProblem as `negotiate` does.
    """
    first = negotiate(claimed, served, wanted.versions, stored=stored)
    runs = [Variant(label="", apis=tuple(apis), negotiated=first)]
    if not wanted.every:
        return tuple(runs)
    seen = {_pair(first.versions)}
    for api in GROUPS:
        if api in wanted.versions or api not in first.versions:
            continue
        for version in _common(api, claimed, served):
            found = negotiate(claimed, served, {**wanted.versions, api: version}, stored=stored)
            varied = [name for name in (PAIR if api in PAIR else (api,)) if name in found.versions]
            judged = tuple(name for name in varied if name in apis)
            if version == first.versions[api] or not judged or (api in PAIR and _pair(found.versions) in seen):
                continue
            seen.add(_pair(found.versions))
            label = ",".join(
                f"{name}={found.versions[name]}" for name in varied if found.versions[name] != first.versions[name]
            )
            if label:
                runs.append(Variant(label=label, apis=judged, negotiated=found))
    return tuple(runs)


def _common(api: str, known: Mapping[str, Sequence[str]], served: Mapping[str, Sequence[str]]) -> list[str]:
    return [version for version in known.get(api, ()) if version in served.get(api, ()) and version in VERSIONS[api]]


def _wanted(api: str, version: str, served: Mapping[str, Sequence[str]]) -> str:
    there = served.get(api, ())
    if version in there:
        return version
    found = f"it serves {', '.join(there)}" if there else f"it does not serve {GROUPS[api]} at all"
    raise UsageProblem(
        f"--smi-version {api}={version} needs a cluster that serves it; {found}",
        hint="choose a version that is served, or install the mesh's own definitions: "
        "kubectl get crd | grep smi-spec.io",
    )


def _why_absent(api: str, ours: Sequence[str], theirs: Sequence[str], *, claimed: bool) -> str:
    if not ours:
        return "the mesh's profile does not claim it"
    unclaimed = "" if claimed else "the mesh does not claim it, and it cannot be stored for others to refer to: "
    if not theirs:
        return f"{unclaimed}the cluster does not serve {GROUPS[api]}"
    said = "claimed" if claimed else "stored"
    return (
        f"{unclaimed}{said} {', '.join(ours)}, served {', '.join(theirs)}, known here {', '.join(VERSIONS[api])}: "
        "none in common"
    )


def _referring(api: str, claimed: Mapping[str, Sequence[str]]) -> str:
    return " and ".join(other for other in REFERRED.get(api, ()) if other in claimed) or "others"


def _follow(
    api: str,
    chosen: dict[str, str],
    wanted: Mapping[str, str],
    known: Mapping[str, Sequence[str]],
    served: Mapping[str, Sequence[str]],
) -> None:
    """Let `api`, when nobody asked for a version of it, follow the other of the pair."""
    other = PAIR[1 - PAIR.index(api)]
    if api not in chosen or other not in chosen or api in wanted or (api == "access" and other not in wanted):
        return
    belonging = partners(other, chosen[other])
    if chosen[api] not in belonging:
        chosen[api] = next((version for version in _common(api, known, served) if version in belonging), chosen[api])


def _unpaired(chosen: Mapping[str, str]) -> list[str]:
    if not all(api in chosen for api in PAIR) or chosen["specs"] in partners("access", chosen["access"]):
        return []
    belonging = " or ".join(partners("access", chosen["access"]))
    return [f"access {chosen['access']} belongs with specs {belonging}; it is tested with specs {chosen['specs']}"]


def _pair(versions: Mapping[str, str]) -> tuple[str | None, ...]:
    return tuple(versions.get(api) for api in PAIR)
