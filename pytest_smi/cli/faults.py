"""`pytest-smi faults`: ask the reference, as a process of its own, in which ways it can be wrong."""

import click

from pytest_smi.cli.output import say, say_json


@click.command("faults")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list of {name, description, breaks, versions}.")
def command(as_json: bool) -> None:
    """List the faults of the reference mesh: what each does wrong and the requirements that it breaks.

    A run against a faulty reference must fail exactly those requirements; this is how the suite itself is tested.
    Faults of the cluster rather than the mesh break no requirement: the run must end as `errored`.

    \b
    Examples:
        pytest-smi faults
        pytest --mesh=reference --smi-fault=NAME
        pytest --mesh=reference --smi-fault=NAME,NAME
    """
    from pytest_smi.cluster.embedded import known_faults

    faults = known_faults()
    if as_json:
        fields = ("name", "description", "breaks", "versions")
        say_json([{key: fault[key] for key in fields if key in fault} for fault in faults])
        return
    width = max((len(fault["name"]) for fault in faults), default=0)
    for fault in faults:
        say(f"{fault['name']:<{width}}  {fault['description']}")
        breaks = ", ".join(fault["breaks"]) or "no requirement: the run must be errored"
        versions = f", with --smi-version={fault['versions']}" if "versions" in fault else ""
        say(f"{'':<{width}}    breaks {breaks}{versions}")
