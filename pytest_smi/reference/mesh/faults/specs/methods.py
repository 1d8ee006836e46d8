"""Faults of methods."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_smi.reference.mesh.faults.fault import Fault
from pytest_smi.reference.mesh.routes import Headers, Route, RouteMatcher


class MethodIgnored(RouteMatcher):
    """Does not look at methods."""

    def methods(self, listed: Sequence[str] | None) -> frozenset[str] | None:
        """Let every method through."""
        return None


METHOD_IGNORED = Fault(
    name="specs-method-ignored",
    description="Methods are ignored.",
    breaks=("TS-14", "TS-20"),
    overrides=(MethodIgnored,),
)


class FirstMethodOnly(RouteMatcher):
    """Reads a list as one entry."""

    def methods(self, listed: Sequence[str] | None) -> frozenset[str] | None:
        """Drop all but the first method."""
        return super().methods(None if listed is None else listed[:1])


FIRST_METHOD_ONLY = Fault(
    name="specs-first-method-only",
    description="Only the first method of a list counts.",
    breaks=("TS-15",),
    overrides=(FirstMethodOnly,),
)


class StarIsListedMethods(RouteMatcher):
    """Knows five methods."""

    def methods(self, listed: Sequence[str] | None) -> frozenset[str] | None:
        """Let those through where `*` says all."""
        if listed is not None and "*" in listed:
            return frozenset({"GET", "HEAD", "PUT", "POST", "DELETE"})
        return super().methods(listed)


STAR_IS_LISTED_METHODS = Fault(
    name="specs-star-is-listed-methods",
    description="`*` means GET, HEAD, PUT, POST and DELETE.",
    breaks=("TS-16", "TS-17"),
    overrides=(StarIsListedMethods,),
)


class HeaderOnlyMeansGet(RouteMatcher):
    """Assumes GET where a route names headers alone."""

    def matches(self, route: Route, method: str, path: str, headers: Headers) -> bool:
        """Refuse other methods there."""
        if route.headers and route.path is None and method != "GET":
            return False
        return super().matches(route, method, path, headers)


HEADER_ONLY_MEANS_GET = Fault(
    name="specs-header-only-means-get",
    description="A route of headers alone allows GET only.",
    breaks=("TS-28",),
    overrides=(HeaderOnlyMeansGet,),
)


class StarIsTheEnum(RouteMatcher):
    """Knows the methods that the resource definition lists."""

    def methods(self, listed: Sequence[str] | None) -> frozenset[str] | None:
        """Let those through where `*` says all."""
        if listed is not None and "*" in listed:
            return frozenset({"GET", "HEAD", "PUT", "POST", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"})
        return super().methods(listed)


STAR_IS_THE_ENUM = Fault(
    name="specs-star-is-the-enum",
    description="`*` means the methods that a route can name.",
    breaks=("TS-17",),
    overrides=(StarIsTheEnum,),
)


class GetImpliesHead(RouteMatcher):
    """Takes HEAD for a kind of GET."""

    def methods(self, listed: Sequence[str] | None) -> frozenset[str] | None:
        """Add HEAD to GET."""
        found = super().methods(listed)
        return found if found is None or "GET" not in found else found | {"HEAD"}


GET_IMPLIES_HEAD = Fault(
    name="specs-get-implies-head",
    description="A route that names GET lets HEAD through.",
    breaks=("TS-14", "TS-20"),
    overrides=(GetImpliesHead,),
)

METHODS = (
    METHOD_IGNORED,
    FIRST_METHOD_ONLY,
    STAR_IS_LISTED_METHODS,
    HEADER_ONLY_MEANS_GET,
    STAR_IS_THE_ENUM,
    GET_IMPLIES_HEAD,
)
