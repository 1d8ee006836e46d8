"""A type of option for click: one of some known words, whose refusal names the nearest."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click

from pytest_smi.core.nearest import unknown

__all__ = ["Known"]


class Known(click.ParamType[str]):
    """One of `words`; `name` says what they are, `where` which command lists them."""

    def __init__(self, name: str, words: Iterable[str], *, where: str) -> None:
        self.name, self.words, self._where = name, tuple(words), where

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Show the words in the help."""
        return f"[{'|'.join(self.words)}]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the word, or fail with the nearest."""
        if value not in self.words:
            self.fail(unknown(self.name, str(value), self.words, where=self._where), param, ctx)
        return value
