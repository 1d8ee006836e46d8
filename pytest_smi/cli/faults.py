"""`pytest-smi faults`: ask the reference, as a process of its own, in which ways it can be wrong."""

import json
import subprocess
import sys
from typing import Any

import click

from pytest_smi.errors import HarnessError

_TIMEOUT = 30.0
"""Seconds that the reference may take to print its list."""


@click.command("faults")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list of {name, description, breaks}.")
def command(as_json: bool) -> None:
    """List the faults of the reference mesh: what each does wrong and the requirements that it breaks.

    A run against a faulty reference must fail exactly those requirements; this is how the suite itself is tested.
    Faults of the cluster rather than the mesh break no requirement: the run must say `errored`.

    \b
    Examples:
        pytest-smi faults
        pytest --mesh=reference --smi-fault=NAME
    """
    faults = read_faults()
    if as_json:
        click.echo(json.dumps([{key: fault[key] for key in ("name", "description", "breaks")} for fault in faults], indent=2))
        return
    width = max((len(fault["name"]) for fault in faults), default=0)
    for fault in faults:
        click.echo(f"{fault['name']:<{width}}  {fault['description']}")
        breaks = ", ".join(fault["breaks"]) or "no requirement: the run must be errored"
        click.echo(f"{'':<{width}}    breaks {breaks}")


def read_faults() -> list[dict[str, Any]]:
    """The faults that the reference lists. Raises `HarnessError`."""
    try:
        done = subprocess.run([sys.executable, "-m", "pytest_smi.reference", "faults"], capture_output=True, timeout=_TIMEOUT, check=False)
    except subprocess.TimeoutExpired:
        raise HarnessError(
            f"the reference must list its faults within {_TIMEOUT:g} s; it did not", "Try again on a quieter machine."
        ) from None
    if done.returncode != 0:
        tail = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or [f"exit status {done.returncode}"]
        raise HarnessError(f"the reference must list its faults; it failed: {tail[0]}", "Run `python -m pytest_smi.reference faults`.")
    try:
        faults = json.loads(done.stdout)
        for fault in faults:
            if not (isinstance(fault["name"], str) and isinstance(fault["description"], str) and isinstance(fault["breaks"], list)):
                raise TypeError
    except (ValueError, TypeError, KeyError):
        raise HarnessError("the reference must list its faults as JSON; it printed something else", "Install pytest-smi again.") from None
    return list(faults)
