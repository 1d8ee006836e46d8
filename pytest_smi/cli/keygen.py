"""`pytest-smi keygen`: make a signing key and its public half."""

import os
from pathlib import Path

import click

from pytest_smi.cli.output import say
from pytest_smi.errors import KeyProblem
from pytest_smi.signing.keys import default_key_path, load_private_key
from pytest_smi.signing.new_key import make_key
from pytest_smi.signing.signer import Signer


@click.command("keygen")
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to put the key (PEM, mode 0600).",
)
def command(out: Path | None) -> None:
    """Make an ECDSA P-256 signing key, and write its public half beside it as FILE with the ending .pub.pem.

    Without --out it is made where a run looks for it, in your configuration folder.
    A key that is already there is never replaced.
    The private key is not encrypted: keep it where only the signer can read it, or encrypt it with
    `openssl pkcs8 -topk8` and set SMI_SIGNING_KEY_PASSPHRASE for the run.

    \b
    Examples:
        pytest-smi keygen
        pytest-smi keygen --out release-key.pem && pytest --mesh=linkerd --smi-signing-key=release-key.pem
    """
    path = out or default_key_path(os.environ)
    if path.exists() or not make_key(path):
        raise KeyProblem(
            f"a key is never replaced; {path} is there already", "Use it, or give another name with --out FILE."
        )
    signer = Signer(load_private_key(path, os.environ))
    public = path.with_name(f"{path.stem}.pub.pem")
    try:
        public.write_bytes(signer.public_pem)
    except OSError as error:
        raise KeyProblem(
            f"the public key cannot be written to {public}: {error.strerror}", f"The private key is in {path}."
        ) from None
    say(
        f"private key  {path}  (keep it secret)\npublic key   {public}  (give it to those who verify)\nfingerprint  "
        f"{signer.fingerprint}"
    )
