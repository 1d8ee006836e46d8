"""The command `pytest-smi`: its group, and the one place where errors become messages and exit statuses.

Exit statuses: 0 good, 1 the answer is no (not verified, not cleaned), 3 something could not be done, 4 the question was wrong, 130 Ctrl-C.
Each command is in a module of its own, imported when it is used, so that `--help` is quick.
"""

import importlib
import sys
from collections.abc import Sequence

import click

from pytest_smi import __version__
from pytest_smi.errors import KeyProblem, SmiError, UsageProblem, VerificationError

__all__ = ["main"]

_COMMANDS = {
    "catalogue": ("pytest_smi.cli.catalogue", "List the requirements that the suite checks."),
    "clean": ("pytest_smi.cli.clean", "Remove what an interrupted run left in a cluster."),
    "crds": ("pytest_smi.cli.crds", "Print resource definitions that serve chosen versions."),
    "diff": ("pytest_smi.cli.diff", "Show what changed from one report to another."),
    "doctor": ("pytest_smi.cli.doctor", "Check whether a run can be done on a cluster, and how to fix it where not."),
    "explain": ("pytest_smi.cli.explain", "Explain who may call what with SMI objects, or what a requirement means."),
    "faults": ("pytest_smi.cli.faults", "List the ways in which the reference mesh can be told to be wrong."),
    "gate": ("pytest_smi.cli.gate", "Say whether a release may go out by its report."),
    "image": ("pytest_smi.cli.image", "Write the build context of the sample application's image."),
    "keygen": ("pytest_smi.cli.keygen", "Make a signing key."),
    "merge": ("pytest_smi.cli.merge", "Put many reports into one, each still verifiable."),
    "profiles": ("pytest_smi.cli.profiles", "List the meshes that the suite knows, and what each claims."),
    "rbac": ("pytest_smi.cli.rbac", "Print the rights that a run needs."),
    "reference": ("pytest_smi.cli.reference", "Run the embedded cluster and reference mesh by themselves."),
    "render": ("pytest_smi.cli.render", "Make the page, the summaries and the exports from a report."),
    "sign": ("pytest_smi.cli.sign", "Add a signature to a report."),
    "verify": ("pytest_smi.cli.verify", "Check that a report is what its signer signed."),
}


class _LazyGroup(click.Group):
    """A group that knows its commands by name and one line, and imports each only when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        found: click.Command = importlib.import_module(_COMMANDS[cmd_name][0]).command
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in sorted(_COMMANDS.items())])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="pytest-smi")
def group() -> None:
    """Check service meshes against the Service Mesh Interface.

    The suite itself runs under pytest; these commands are what surrounds it.

    \b
    A first run, with nothing but Linux:
        pytest --mesh=reference
        pytest-smi verify smi-report --key smi-report/signing-key.pub.pem
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: the entry point of `pytest-smi`."""
    try:
        status = group.main(args=None if arguments is None else list(arguments), prog_name="pytest-smi", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as help_text:
        help_text.show()
        status = 4
    except click.UsageError as problem:
        problem.show()
        status = 4
    except click.ClickException as problem:
        problem.show()
        status = 3
    except (click.Abort, KeyboardInterrupt):
        status = 130
    except SmiError as problem:
        click.echo(f"error: {problem.message}", err=True)
        if problem.hint:
            click.echo(f"  fix: {problem.hint}", err=True)
        status = _status_of(problem)
    sys.exit(status if isinstance(status, int) else 0)


def _status_of(problem: SmiError) -> int:
    if isinstance(problem, VerificationError):
        return 1
    return 4 if isinstance(problem, UsageProblem | KeyProblem) else 3
