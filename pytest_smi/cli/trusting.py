"""Options that several commands share: the keys that the reader trusts,
and what is asked of a report beyond its signature."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import click

from pytest_smi.cli.known import Known
from pytest_smi.core.catalogue import load
from pytest_smi.core.terms import LEVELS_OF
from pytest_smi.matrix.suite import catalogue_of, this_suite
from pytest_smi.reports.policy import Policy
from pytest_smi.reports.url import is_url
from pytest_smi.signing.keys import PublicKey, load_public_key

F = TypeVar("F", bound=Callable[..., Any])
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


class Age(click.ParamType):  # type: ignore[type-arg, unused-ignore]  # generic in newer releases only
    """A duration such as `30d`: a whole number and one of m, h, d, w."""

    name = "AGE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Read the text; what is not an age is a usage error."""
        if isinstance(value, timedelta):
            return value
        found = re.fullmatch(r"(\d{1,6})([mhdw])", str(value))
        if not found:
            self.fail(f"an age is a number and one of m, h, d, w, such as 30d; found {value!r}", param, ctx)
        return int(found[1]) * _UNITS[found[2]]


class ReportLocation(click.ParamType):  # type: ignore[type-arg, unused-ignore]  # generic in newer releases only
    """A report folder or a matrix.json: a path that exists, or the URL of one."""

    name = "REPORT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path | str:
        """Return a path as a `Path` and a URL as a string; what is neither is a usage error."""
        if isinstance(value, Path) or is_url(str(value)):
            return value if isinstance(value, Path) else str(value)
        if not Path(value).exists():
            self.fail(f"there is no file or folder {value!r}", param, ctx)
        return Path(value)


def host_option(command: F) -> F:
    """Add `--allow-host`."""
    return click.option(
        "--allow-host",
        "hosts",
        metavar="HOST",
        multiple=True,
        help="Of a report by URL: a further host that redirects may lead to; may be repeated.",
    )(command)


def key_options(*, required: bool, threshold: bool = True) -> Callable[[F], F]:
    """Add `--key`, and `--threshold` where it means something."""

    def add(command: F) -> F:
        if threshold:
            command = click.option(
                "--threshold",
                metavar="N",
                type=int,
                default=1,
                show_default=True,
                help="How many of the keys must have signed.",
            )(command)
        return click.option(
            "--key",
            "keys",
            metavar="PUB",
            required=required,
            multiple=True,
            type=click.Path(dir_okay=False, path_type=Path),
            help="Public key (PEM) of a signer you trust; may be repeated.",
        )(command)

    return add


def policy_options(command: F) -> F:
    """Add `--mesh`, `--max-age`, `--require-level` and `--allow-incomplete`."""
    command = click.option("--allow-incomplete", is_flag=True, help="Accept runs that were restricted or interrupted.")(
        command
    )
    command = click.option(
        "--require-level",
        type=Known("level", LEVELS_OF, where="pytest-smi verify --help"),
        help="Every requirement of these levels must be met: must (MUST and MUST (derived)), should (and SHOULD), all.",
    )(command)
    command = click.option(
        "--max-age", metavar="AGE", type=Age(), help="How old the newest run of each mesh may be: 30d, 12h, 90m, 2w."
    )(command)
    return click.option(
        "--mesh",
        metavar="NAME[@VERSION]",
        help="The report must have a run of this mesh; it is the one that is judged.",
    )(command)


def load_keys(paths: tuple[Path, ...]) -> list[PublicKey]:
    """Read the public keys. Raises `KeyProblem`."""
    return [load_public_key(path) for path in paths]


def policy(mesh: str | None, max_age: timedelta | None, level: str | None, allow_incomplete: bool) -> Policy:
    """Return what is asked, with the catalogue of this very suite for reports of its own version."""
    return Policy(
        mesh=mesh,
        max_age=max_age,
        level=level,
        complete=not allow_incomplete,
        catalogue=catalogue_of(load()),
        suite=this_suite(),
    )
