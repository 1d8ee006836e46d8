"""`pytest-smi verify`: read the keys, verify, and say what was verified."""

from datetime import timedelta
from functools import partial
from pathlib import Path

import click

from pytest_smi.cli.output import say, say_json
from pytest_smi.cli.trusting import ReportLocation, host_option, key_options, load_keys, policy, policy_options
from pytest_smi.errors import UsageProblem, VerificationError
from pytest_smi.reports.layout import CATALOGUE_FILE
from pytest_smi.reports.remote import opened
from pytest_smi.reports.render.wording import run_label
from pytest_smi.reports.steps import STEPS
from pytest_smi.reports.verify import Verified, verify_report, verify_report_keyless
from pytest_smi.signing.sigstore import verify_keyless
from pytest_smi.signing.statement import MATRIX_FILE


@click.command("verify")
@click.argument("location", metavar="PATH|URL", type=ReportLocation())
@key_options(required=False)
@policy_options
@host_option
@click.option(
    "--sigstore-identity", metavar="WHO", help="Verify the keyless signature of this identity instead of a key's."
)
@click.option(
    "--sigstore-issuer",
    metavar="URL",
    help="Who vouches for that identity, such as https://token.actions.githubusercontent.com.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what was verified as JSON.")
def command(
    location: Path | str,
    keys: tuple[Path, ...],
    threshold: int,
    mesh: str | None,
    max_age: timedelta | None,
    require_level: str | None,
    allow_incomplete: bool,
    hosts: tuple[str, ...],
    sigstore_identity: str | None,
    sigstore_issuer: str | None,
    as_json: bool,
) -> None:
    """Check that the report in PATH (its folder, or the matrix.json in it) or at an https URL is, byte for byte,
    what its signer signed.

    In numbered steps, and offline on a PATH. Anything missing, extra, changed or not understood is a refusal: exit
    status 1, with the step that failed. Files derived from the matrix (index.html, badge.json and so on) may be there,
    and are listed as not covered.
    It proves who vouches for the report, so take the key from its signer:
    the one in the folder proves nothing about who made it.

    \b
    Examples:
        pytest-smi verify smi-report --key smi-report/signing-key.pub.pem     your own run
        pytest-smi verify downloaded --key ~/keys/linkerd-release.pub.pem     someone else's
        pytest-smi verify https://mesh.example/smi-report --key mesh.pub.pem
        pytest-smi verify nightly --key ci.pub.pem --max-age 30d --mesh linkerd --require-level must
    """
    if bool(keys) is (sigstore_identity is not None and sigstore_issuer is not None):
        raise click.UsageError(
            "say whom you trust: --key PUB (one or more), or both --sigstore-identity and --sigstore-issuer"
        )
    try:
        asked = policy(mesh, max_age, require_level, allow_incomplete)
        trusted = load_keys(keys)
        with opened(location, allowed=hosts) as path:
            directory = path.parent if path.name == MATRIX_FILE and not path.is_dir() else path
            if not directory.is_dir():
                raise UsageProblem(
                    f"PATH is a report folder or the {MATRIX_FILE} in it; {location} is neither", "Give its folder."
                )
            if sigstore_identity and sigstore_issuer:
                check = partial(verify_keyless, identity=sigstore_identity, issuer=sigstore_issuer)
                verified = verify_report_keyless(
                    directory, check, f"{sigstore_identity} ({sigstore_issuer})", policy=asked
                )
            else:
                verified = verify_report(directory, trusted, threshold=threshold, policy=asked)
    except VerificationError as error:
        if as_json:
            document = {"verified": False, "step": error.step, "reason": error.message, "hint": error.hint}
            say_json(document)
        raise
    shown = directory if isinstance(location, Path) else location
    if as_json:
        say_json(_document(verified))
    else:
        say(_text(verified, str(shown)))


def _document(verified: Verified) -> dict[str, object]:
    return {
        "verified": True,
        "steps": list(STEPS),
        "signers": list(verified.signers),
        "files": verified.files,
        "subjects": verified.subjects,
        "notCovered": list(verified.not_covered),
        "sources": [
            {"id": source.id, "signers": list(source.signers), "runs": list(source.runs)} for source in verified.sources
        ],
        "generatedAt": verified.matrix.generated_at,
        "runs": [
            {
                "mesh": run.mesh.name,
                "version": run.mesh.version,
                "variant": run.variant,
                "conformant": run.conformant,
                "finishedAt": run.finished_at,
            }
            for run in verified.matrix.runs
        ],
    }


def _text(verified: Verified, shown: str) -> str:
    lines = [f"verified: {shown}"]
    lines += [f"  step {number:>2}    {step}" for number, step in enumerate(STEPS, 1)]
    lines += [f"  signed by  {signer}" for signer in verified.signers]
    lines.append(f"  written    {verified.matrix.generated_at}")
    if verified.sources:
        lines.append(
            f"  covers     {MATRIX_FILE} and {len(verified.sources)} merged report(s), each verified with the same keys"
        )
    else:
        named = [name for name in (MATRIX_FILE, CATALOGUE_FILE) if name in verified.files]
        evidence = len(verified.files) - len(named)
        lines.append(f"  covers     {', '.join(named)} and {evidence} evidence file(s)")
        images = len(set(verified.subjects) - set(verified.files))
        if images:
            lines.append(f"  and        {images} container image(s)")
    for run in verified.matrix.runs[:20]:
        word = "conformant" if run.conformant else "not conformant"
        lines.append(f"  result     {run_label(run)}: {word}, finished {run.finished_at}")
    if len(verified.matrix.runs) > 20:
        lines.append(f"             and {len(verified.matrix.runs) - 20} more run(s)")
    if verified.not_covered:
        lines.append(f"  not signed {', '.join(verified.not_covered)}")
    return "\n".join(lines)
