"""The one way out of every command: text that a terminal cannot be made to obey, and JSON that is valid UTF-8."""

import sys
from typing import Any

import click

from pytest_smi.core.printable import json_text, printable

__all__ = ["say", "say_json"]


def say(text: str, *, err: bool = False, colour: str | None = None, newline: bool = True) -> None:
    """Print text, which may hold strings of others, to the standard output or error."""
    encoding = (sys.stderr if err else sys.stdout).encoding or "utf-8"
    shown = printable(text).encode(encoding, "backslashreplace").decode(encoding)
    click.secho(shown, err=err, fg=colour, nl=newline)


def say_json(document: Any) -> None:
    """Print a document as JSON."""
    click.echo(json_text(document))
