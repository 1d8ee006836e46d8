"""The command `pytest-smi`: its group, and the one place where errors become messages and exit statuses.

Exit statuses: 0 good, 1 the answer is no (not verified, regressed), 3 something could not be done,
4 the question was wrong, 130 Ctrl-C.
Each command is in a module of its own, imported when it is used, so that `--help` is quick.
"""

import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress

import click

from pytest_smi import __version__
from pytest_smi.cli.output import say
from pytest_smi.core.nearest import unknown
from pytest_smi.errors import KeyProblem, SmiError, UsageProblem, VerificationError

__all__ = ["main"]

_TRACEBACK = "SMI_TRACEBACK"
"""Environment variable: show the traceback of an unforeseen error."""

_COMMANDS = {
    "catalogue": ("pytest_smi.cli.catalogue", "List the requirements that the suite tests, or show one in full."),
    "clean": ("pytest_smi.cli.clean", "Remove what an interrupted run left in a cluster."),
    "crds": ("pytest_smi.cli.crds", "Print resource definitions that serve chosen versions."),
    "diff": ("pytest_smi.cli.diff", "Show what changed from one report to another."),
    "doctor": ("pytest_smi.cli.doctor", "Check whether a run can be done on a cluster, and how to fix it where not."),
    "explain": ("pytest_smi.cli.explain", "Explain who may call what with SMI objects, and why."),
    "faults": ("pytest_smi.cli.faults", "List the faults that the reference mesh can simulate."),
    "gate": ("pytest_smi.cli.gate", "Decide from its report whether a release may go out."),
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

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            ctx.fail(unknown("command", args[0], _COMMANDS, where="pytest-smi --help"))
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            # click would end with status 1 for a reader that went away, and 1 means that the answer is no.
            raise SmiError(f"the output cannot be written: {error.strerror}") from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in sorted(_COMMANDS.items())])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="pytest-smi")
def group() -> None:
    """Check service meshes against the Service Mesh Interface.

    The suite runs under pytest; these commands do the work around a run.

    \b
    A first run, with nothing but Linux:
        pytest --mesh=reference
        pytest-smi verify smi-report --key smi-report/signing-key.pub.pem
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: the entry point of `pytest-smi`."""
    status: object = None
    try:
        status = group.main(
            args=None if arguments is None else list(arguments), prog_name="pytest-smi", standalone_mode=False
        )
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as help_text:
        help_text.show()
        status = 4
    except click.ClickException as error:
        if isinstance(error, click.UsageError) and error.ctx is not None:
            say(error.ctx.get_usage(), err=True)
        _tell(error.format_message())
        status = 4 if isinstance(error, click.UsageError) else 3
    except (click.Abort, KeyboardInterrupt):
        status = 130
    except SmiError as error:
        _tell(error.message, error.hint)
        status = _status_of(error)
    except Exception as error:  # whatever it is: a traceback would look like a verdict by its status, which is 1
        status = _unforeseen(error)
    sys.exit(status if isinstance(status, int) else 0)


def _status_of(error: SmiError) -> int:
    if isinstance(error, VerificationError):
        return 1
    return 4 if isinstance(error, UsageProblem | KeyProblem) else 3


def _unforeseen(error: Exception) -> int:
    from pytest_smi.core.redaction import first_line

    if os.environ.get(_TRACEBACK):
        traceback.print_exception(error)
    if isinstance(error, OSError):
        where = f"{error.filename} cannot be used" if error.filename else "the output cannot be written"
        _tell(f"{where}: {error.strerror or first_line(error)}")
        # What is still in the buffer would fail again when the interpreter ends, and change the status.
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC), sys.stdout.fileno())
    else:
        _tell(f"unforeseen: {type(error).__name__}: {first_line(error)}", f"Report it with what {_TRACEBACK}=1 shows.")
    return 3


def _tell(message: str, hint: str = "") -> None:
    # There may be nobody to tell it to.
    with suppress(OSError):
        say(f"error: {message}", err=True)
        if hint:
            say(f"  fix: {hint}", err=True)
