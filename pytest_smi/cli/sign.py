"""`pytest-smi sign`: add a signature to a report."""

import os
import sys
from pathlib import Path

import click

from pytest_smi.cli.output import say
from pytest_smi.cli.trusting import key_options, load_keys
from pytest_smi.reports.countersign import countersign, countersign_keyless
from pytest_smi.signing.keys import ask_on_terminal, find_key
from pytest_smi.signing.signer import Signer
from pytest_smi.signing.sigstore import BUNDLES_FILE


@click.command("sign")
@click.argument("directory", metavar="REPORT", type=click.Path(exists=True, file_okay=False, path_type=Path))
@key_options(required=True, threshold=False)
@click.option(
    "--signing-key", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Key to sign with."
)
@click.option(
    "--sigstore",
    is_flag=True,
    help="Sign keyless, with the identity of this CI job or of you (extra: pytest-smi[sigstore]).",
)
def command(directory: Path, keys: tuple[Path, ...], signing_key: Path | None, sigstore: bool) -> None:
    """Add your signature to a report that somebody else has signed, after verifying it with the keys given.

    Readers can then ask for both: `pytest-smi verify REPORT --key theirs --key yours --threshold 2`. With --sigstore
    the signature is keyless, in a file of its own, and public: it is entered in Sigstore's transparency log
    with your identity.

    \b
    Examples:
        pytest-smi sign smi-report --key ci.pub.pem --signing-key release-manager.pem
        pytest-smi sign smi-report --key ci.pub.pem --sigstore
    """
    if sigstore and signing_key is not None:
        raise click.UsageError("--sigstore signs without a key; leave --signing-key out")
    trusted = load_keys(keys)
    if sigstore:
        countersign_keyless(directory, trusted, may_ask=sys.stdin.isatty())
        say(f"signed   {directory / BUNDLES_FILE}")
        return
    signer = Signer(find_key(signing_key, os.environ, ask_on_terminal).key)
    countersign(directory, trusted, signer)
    say(f"signed   {signer.fingerprint}")
