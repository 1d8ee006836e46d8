"""`pytest-smi catalogue`: print the requirements that the suite checks."""

import importlib
from typing import Any

import click

from pytest_smi.cli.known import Known
from pytest_smi.cli.output import say, say_json
from pytest_smi.core.terms import APIS

_FIELDS = ("requirement", "name", "statement", "level", "api", "source", "needs", "features")


@click.command("catalogue")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list, one object per assertion.")
@click.option(
    "--api", type=Known("API", APIS, where="pytest-smi catalogue --help"), help="Only the requirements of this API."
)
def command(as_json: bool, api: str | None) -> None:
    """List every requirement the suite checks, with its level and the clause of the specification it comes from.

    Levels: MUST (in the specification's text), MUST (derived) (from its examples or schemas), SHOULD, and unspecified
    (the specification leaves it open: observed and reported, never failed).

    \b
    Examples:
        pytest-smi catalogue --api split
        pytest-smi catalogue --json | jq '.[] | select(.level == "unspecified")'
    """
    rows = [_row(entry) for entry in importlib.import_module("pytest_smi.core.catalogue").load()]
    rows = [row for row in rows if api is None or row.get("api") == api]
    if as_json:
        say_json(rows)
        return
    for row in rows:
        name = str(row.get("requirement", row.get("id", "")))
        say(f"{name:<7} {row.get('api', '')!s:<8} {row.get('level', '')!s:<14} {row.get('statement', '')}")
        if row.get("source"):
            say(f"{'':<31} {row['source']}")


def _row(entry: Any) -> dict[str, Any]:
    if hasattr(entry, "to_json"):
        return dict(entry.to_json())
    found = {name: getattr(entry, name) for name in _FIELDS if hasattr(entry, name)}
    return {name: _plain(value) for name, value in found.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, set | frozenset):
        return sorted(str(item) for item in value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if isinstance(value, int | float | bool | type(None)) else str(value)
