"""`pytest-smi crds`: print resource definitions that serve chosen versions of the Service Mesh Interface."""

import click

from pytest_smi.cli.output import say


@click.command("crds")
@click.option(
    "--serve",
    multiple=True,
    metavar="API=VERSION[,VERSION]",
    help="Versions to serve (default: those of the last release).",
)
@click.option(
    "--store", multiple=True, metavar="API=VERSION", help="The version to store (default: the newest that is served)."
)
def command(serve: tuple[str, ...], store: tuple[str, ...]) -> None:
    """Print CustomResourceDefinitions as YAML, for a cluster whose mesh does not bring its own.

    There is no conversion between versions: of several that are served, what the stored one does not know is dropped.

    \b
    Examples:
        pytest-smi crds | kubectl apply -f -
        pytest-smi crds --serve access=v1alpha2 --serve specs=v1alpha3 --serve split=v1alpha3
        pytest-smi crds --serve split=v1alpha1,v1alpha2 --store split=v1alpha1
    """
    import yaml

    from pytest_smi.smi.crds import RELEASED, definitions

    wanted = {api: tuple(text.split(",")) for api, text in map(_pair, serve)} or RELEASED
    say(yaml.safe_dump_all(definitions(wanted, storage=dict(map(_pair, store))), sort_keys=False), newline=False)


def _pair(text: str) -> tuple[str, str]:
    from pytest_smi.errors import UsageProblem

    api, equals, versions = text.partition("=")
    if not (api and equals and versions):
        raise UsageProblem(
            f"a choice of versions is written API=VERSION, found {text!r}", "For example split=v1alpha2."
        )
    return api, versions
