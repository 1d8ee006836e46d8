"""Finds the profile of a mesh by name: files given by the user, then entry points of installed packages,
then the shipped ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from pytest_smi.core.nearest import unknown
from pytest_smi.errors import ProfileError
from pytest_smi.profiles.load import Profile, known_profiles, parse_profile, read_profile

GROUP = "pytest_smi.profiles"
"""Entry points of this group are named as the mesh; the value is a path, a mapping,
or a callable that returns one of them."""


def find_profile(name: str, files: Sequence[Path] = ()) -> Profile:
    """Return the profile of mesh `name`; a file of `--mesh-profile` comes before everything else.

    Raises ProfileError for an unknown name (with the nearest), for a bad file among `files`,
    and for two profiles of one name.
    """
    loaders = _loaders(files)
    if name not in loaders:
        raise ProfileError(
            unknown("mesh", name, sorted(loaders), where="pytest-smi profiles"),
            hint="describe another with --mesh-profile=FILE",
        )
    return loaders[name]()


def all_profiles(files: Sequence[Path] = ()) -> dict[str, Profile]:
    """Return every profile by name, sorted; raises ProfileError as `find_profile` does, also for a bad entry point."""
    return {name: load() for name, load in sorted(_loaders(files).items())}


def _loaders(files: Sequence[Path]) -> dict[str, Callable[[], Profile]]:
    loaders: dict[str, Callable[[], Profile]] = {}
    for name, path in known_profiles().items():
        loaders[name] = _file_loader(path)
    for point in entry_points(group=GROUP):
        if point.name in loaders:
            raise ProfileError(
                f"two profiles are named {point.name!r}: the package {_package(point)} brings another one",
                hint="rename its entry point, or take it out; only --mesh-profile=FILE replaces a profile",
            )
        loaders[point.name] = _entry_point_loader(point)
    given: dict[str, Path] = {}
    for path in files:
        profile = read_profile(path)
        if profile.name in given:
            raise ProfileError(
                f"two profiles are named {profile.name!r}: {given[profile.name]} and {path}", hint="give one of them"
            )
        given[profile.name] = path
        loaders[profile.name] = _constant(profile)
    return loaders


def _file_loader(path: Path) -> Callable[[], Profile]:
    return lambda: read_profile(path)


def _constant(profile: Profile) -> Callable[[], Profile]:
    return lambda: profile


def _entry_point_loader(point: EntryPoint) -> Callable[[], Profile]:
    def load() -> Profile:
        origin = f"the profile {point.name} of the package {_package(point)}"
        try:
            value = point.load()
            value = value() if callable(value) else value
        except Exception as error:  # code of a third party: whatever it raises is told, not passed on
            raise ProfileError(
                f"{origin} cannot be loaded: {type(error).__name__}: {error}", hint="update or uninstall that package"
            ) from error
        if isinstance(value, str | Path):
            profile = read_profile(Path(value))
        elif isinstance(value, Mapping):
            profile = parse_profile(dict(value), origin=origin)
        else:
            raise ProfileError(
                f"{origin} is neither a path nor a mapping but {type(value).__name__}", hint="see docs/profiles.md"
            )
        if profile.name != point.name:
            raise ProfileError(f"{origin} is named {profile.name!r} inside", hint="name the entry point as the mesh")
        return profile

    return load


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist else point.value
