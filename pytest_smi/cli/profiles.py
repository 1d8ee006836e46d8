"""`pytest-smi profiles`: what the suite knows of each mesh, as a table for people, for the README, or as JSON."""

from __future__ import annotations

from pathlib import Path

import click

from pytest_smi.cli.output import say, say_json
from pytest_smi.errors import UsageProblem


@click.command("profiles")
@click.option(
    "--mesh-profile", "files", multiple=True, type=click.Path(path_type=Path), metavar="FILE", help="Also this profile."
)
@click.option("--json", "as_json", is_flag=True, help="As JSON: every profile in full.")
@click.option("--markdown", "as_markdown", is_flag=True, help="As a table in Markdown.")
@click.option("--schema", "as_schema", is_flag=True, help="The JSON Schema of a profile, for editors.")
def command(files: tuple[Path, ...], as_json: bool, as_markdown: bool, as_schema: bool) -> None:
    """List the meshes that the suite has a profile of: what each claims, and what of it is not verified.

    \b
    Examples:
        pytest-smi profiles
        pytest-smi profiles --mesh-profile=my-mesh.yaml      # checks the file, too
        pytest-smi profiles --schema > profile.schema.json
    """
    from pytest_smi.profiles.load import profile_document, profile_schema
    from pytest_smi.profiles.registry import all_profiles
    from pytest_smi.profiles.table import markdown_table, text_lines

    if as_json + as_markdown + as_schema > 1:
        raise UsageProblem("--json, --markdown and --schema exclude each other", hint="give one of them")
    if as_schema:
        say_json(profile_schema())
        return
    profiles = list(all_profiles(files).values())
    if as_json:
        say_json([profile_document(profile) for profile in profiles])
    else:
        say("\n".join(markdown_table(profiles) if as_markdown else text_lines(profiles)))
