"""`pytest-smi verify`: read the keys, verify, and say what was verified."""

import json
from pathlib import Path

import click

from pytest_smi.errors import VerificationError
from pytest_smi.keys import load_public_key
from pytest_smi.verify import Verified, verify_report


@click.command("verify")
@click.argument("directory", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--key",
    "keys",
    metavar="PUB",
    required=True,
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Public key (PEM) of a signer you trust; may be repeated.",
)
@click.option("--threshold", metavar="N", type=int, default=1, show_default=True, help="How many of the keys must have signed.")
@click.option("--json", "as_json", is_flag=True, help="Print what was verified as JSON.")
def command(directory: Path, keys: tuple[Path, ...], threshold: int, as_json: bool) -> None:
    """Check that the report in DIR is, byte for byte, what its signer signed.

    Works offline. Anything missing, extra, changed or not understood is a refusal: exit status 1, and the step that failed is named.
    It proves who vouches for the report, so take the key from its signer: the one in the folder proves nothing about who made it.

    \b
    Examples:
        pytest-smi verify smi-report --key smi-report/signing-key.pub.pem     your own run
        pytest-smi verify downloaded --key ~/keys/linkerd-release.pub.pem     someone else's
    """
    try:
        verified = verify_report(directory, [load_public_key(path) for path in keys], threshold=threshold)
    except VerificationError as problem:
        if as_json:
            click.echo(json.dumps({"verified": False, "reason": problem.message, "hint": problem.hint}, indent=2, ensure_ascii=False))
        raise
    click.echo(json.dumps(_document(verified), indent=2, ensure_ascii=False) if as_json else _text(verified, directory))


def _document(verified: Verified) -> dict[str, object]:
    return {
        "verified": True,
        "signers": list(verified.signers),
        "files": verified.files,
        "subjects": verified.subjects,
        "notCovered": list(verified.not_covered),
        "runs": [
            {"mesh": run.mesh.name, "version": run.mesh.version, "conformant": run.conformant, "finishedAt": run.finished_at}
            for run in verified.matrix.runs
        ],
    }


def _text(verified: Verified, directory: Path) -> str:
    lines = [f"verified: {directory}"]
    lines += [f"  signed by  {signer}" for signer in verified.signers]
    lines.append(f"  covers     {', '.join(list(verified.files)[:1])} and {len(verified.files) - 1} evidence file(s)")
    images = len(verified.subjects) - len(verified.files)
    if images:
        lines.append(f"  speaks of  {images} container image(s) of the mesh")
    for run in verified.matrix.runs:
        word = "conformant" if run.conformant else "not conformant"
        lines.append(f"  says       {run.mesh.name} {run.mesh.version}: {word}, finished {run.finished_at}")
    if verified.not_covered:
        lines.append(f"  not signed {', '.join(verified.not_covered)}")
    return "\n".join(lines)
