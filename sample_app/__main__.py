"""Dispatch `sample-app <command>` to the module of that command, importing no other."""

from __future__ import annotations

import argparse
import importlib
import sys

from sample_app import __version__

COMMANDS = {
    "server": "answer HTTP, TCP and UDP, and keep the journal of what arrived",
    "journal": "stream the journal of the server in this pod as JSON lines",
    "prober": "read plan lines on stdin, send the traffic, write the results to stdout",
}
"""Every sub-command with its help; each is a module of this package with `main(options) -> int`."""


def main(argv: list[str] | None = None) -> int:
    """Run one sub-command and return its exit status (2 for a wrong command line)."""
    parser = argparse.ArgumentParser(prog="sample-app", description="The traffic end points of the conformance suite.")
    parser.add_argument("--version", action="version", version=f"sample-app {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in COMMANDS.items():
        command = commands.add_parser(name, help=text, description=text)
        if name == "journal":
            command.add_argument("--all", action="store_true", help="send the entries that were there before, too")
    try:
        options = parser.parse_args(argv)
    except SystemExit as stop:  # argparse exits by itself; an embedding process wants the status instead
        return stop.code if isinstance(stop.code, int) else 2
    module = importlib.import_module(f"sample_app.{options.command}")
    return int(module.main(options))


if __name__ == "__main__":
    sys.exit(main())
