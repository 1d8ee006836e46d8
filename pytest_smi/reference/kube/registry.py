"""Which resources are served right now: the built-in table plus what CRDs add. Pure state, no I/O."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_smi.reference.kube.resources import BUILTIN, Resource
from pytest_smi.reference.kube.status import ResourceKey

GroupVersion = tuple[str, str]


def version_priority(version: str) -> tuple[int, int, int]:
    """Sorts versions as Kubernetes prefers them: v2, v1, v1beta2, v1beta1, v1alpha1, others."""
    digits, rest = "", version[1:] if version.startswith("v") else ""
    while rest and rest[0].isdigit():
        digits, rest = digits + rest[0], rest[1:]
    if not digits:
        return (3, 0, 0)
    for rank, stage in ((0, ""), (1, "beta"), (2, "alpha")):
        tail = rest.removeprefix(stage)
        if rest.startswith(stage) and (tail.isdigit() if stage else not rest):
            return (rank, -int(digits), -int(tail or 0))
    return (3, 0, 0)


class Registry:
    """Lookup of resources by group, version and plural. CRDs add and replace theirs as a whole with `put`."""

    def __init__(self, builtin: Iterable[Resource] = BUILTIN) -> None:
        self._by_version: dict[GroupVersion, dict[str, Resource]] = {}
        self._owned: dict[str, tuple[Resource, ...]] = {}
        self.generation = 0
        for resource in builtin:
            self._add(resource)

    def put(self, owner: str, resources: Iterable[Resource]) -> None:
        """Make these the resources that `owner` (a CRD's name) adds; none removes them."""
        for old in self._owned.pop(owner, ()):
            versions = self._by_version[(old.group, old.version)]
            versions.pop(old.plural, None)
            if not versions:
                del self._by_version[(old.group, old.version)]
        self._owned[owner] = tuple(resources)
        for resource in self._owned[owner]:
            self._add(resource)
        self.generation += 1

    def find(self, group: str, version: str, plural: str) -> Resource | None:
        """Return the resource served under that path, or None."""
        return self._by_version.get((group, version), {}).get(plural)

    def any_version(self, key: ResourceKey) -> Resource | None:
        """Return the resource of that key in its preferred version, or None."""
        for version in self.versions(key.group):
            found = self.find(key.group, version, key.plural)
            if found:
                return found
        return None

    def by_kind(self, api_version: str, kind: str) -> Resource | None:
        """Return the resource of an object's apiVersion and kind, or None."""
        group, _, version = api_version.rpartition("/")
        return next((r for r in self.in_version(group, version) if r.kind == kind), None)

    def groups(self) -> list[str]:
        """Return every named group served, sorted."""
        return sorted({group for group, _ in self._by_version if group})

    def versions(self, group: str) -> list[str]:
        """Return the versions of a group, preferred first."""
        return sorted((version for g, version in self._by_version if g == group), key=version_priority)

    def in_version(self, group: str, version: str) -> list[Resource]:
        """Return every resource of a group and version, sorted by plural."""
        found = self._by_version.get((group, version), {})
        return [found[plural] for plural in sorted(found)]

    def all(self) -> list[Resource]:
        """Return every resource in every version."""
        return [resource for versions in self._by_version.values() for resource in versions.values()]

    def _add(self, resource: Resource) -> None:
        self._by_version.setdefault((resource.group, resource.version), {})[resource.plural] = resource
