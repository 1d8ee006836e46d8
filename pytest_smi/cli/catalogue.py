"""`pytest-smi catalogue`: the requirements that the suite tests, all of them or some in full."""

import shutil

import click

from pytest_smi.cli.known import Known
from pytest_smi.cli.output import say, say_json
from pytest_smi.core.terms import APIS
from pytest_smi.errors import UsageProblem


@click.command("catalogue")
@click.argument("requirements", nargs=-1, metavar="[REQUIREMENT]...")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: a list of the requirements, or the one named.")
@click.option("--markdown", "as_markdown", is_flag=True, help="Print all in full, as docs/requirements.md.")
@click.option(
    "--api", type=Known("API", APIS, where="pytest-smi catalogue --help"), help="Only the requirements of this API."
)
def command(requirements: tuple[str, ...], as_json: bool, as_markdown: bool, api: str | None) -> None:
    """List every requirement the suite tests, with its level and the clause of the specification it comes from.

    With the id of a requirement, show it in full: what is sent, what decides, the controls, the faults of the
    reference mesh that break it, and the meshes known to deviate.

    Levels: MUST (in the specification's text), MUST (derived) (from its examples or schemas), SHOULD, and unspecified
    (the specification leaves it open: observed and reported, never failed). What no test can decide is informative.

    \b
    Examples:
        pytest-smi catalogue --api split
        pytest-smi catalogue TA-05
        pytest-smi catalogue --json | jq '.[] | select(.level == "unspecified")'
    """
    if bool(requirements) + as_markdown + (api is not None) > 1 or (as_json and as_markdown):
        raise UsageProblem("a requirement, --api and --markdown exclude each other", "Give one of them.")
    if requirements:
        _some(requirements, as_json)
    elif as_markdown:
        from pytest_smi.cli.catalogue_row import known_rows
        from pytest_smi.cli.catalogue_text import markdown

        say("\n".join(markdown(known_rows().all())), newline=False)
    else:
        _table(as_json, api)


def _some(requirements: tuple[str, ...], as_json: bool) -> None:
    from pytest_smi.cli.catalogue_row import known_rows
    from pytest_smi.cli.catalogue_text import row_lines

    known = known_rows()
    rows = [known.entry(requirement) for requirement in requirements]
    if as_json:
        documents = [row.to_json() for row in rows]
        say_json(documents if len(documents) > 1 else documents[0])
        return
    width = min(max(shutil.get_terminal_size((120, 24)).columns, 80), 140)
    say("\n\n".join("\n".join(row_lines(row, width)) for row in rows))


def _table(as_json: bool, api: str | None) -> None:
    from pytest_smi.core.catalogue import load
    from pytest_smi.core.informative import with_informative

    records = [record for record in with_informative(load()) if api is None or record.api == api]
    if as_json:
        say_json([record.to_json() for record in records])
        return
    from pytest_smi.cli.catalogue_text import table_lines

    for line in table_lines(records):
        say(line)
