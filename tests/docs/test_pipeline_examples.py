"""The templates of docs/pipelines.md and the steps of action.yml, run as they stand against the embedded reference
mesh."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from pytest_smi.cluster.embedded import SAMPLE_APP_IMAGE, EmbeddedCluster
from pytest_smi.core.canonical import compact_bytes
from tests.support.actions import Job, clean_environ, stand_in

ROOT = Path(__file__).parents[2]
ACTION = ROOT / "action.yml"
PAGE = ROOT / "docs" / "pipelines.md"
PROGRAMS = Path(sys.executable).parent
ELSEWHERE = ("docker", "kind", "pip")
"""Programs that the steps call and this machine need not have."""

pytestmark = pytest.mark.slow


def example(name: str) -> dict[Any, Any]:
    """The YAML under `<!-- example: NAME -->`."""
    found = re.search(rf"<!-- example: {re.escape(name)} -->\n```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found, f"no example {name}"
    document: dict[Any, Any] = yaml.safe_load(found[1])
    return document


def inputs_of(name: str, secret: str) -> dict[str, str]:
    """What a template gives to the action, for the reference mesh with this value of every secret, on two workers."""
    [uses] = [step for step in example(name)["jobs"]["conformance"]["steps"] if "/pytest-smi@" in step["uses"]]
    given = {
        name: re.sub(r"\$\{\{ .*\bsecrets\.\w+.* \}\}", lambda _: secret, value) for name, value in uses["with"].items()
    }
    return {**given, "mesh": "reference", "workers": "2"}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Job]:
    """A job of the template with a key, up to and with its run: the report is there
    and not signed by the pipeline yet."""
    folder = tmp_path_factory.mktemp("job")
    workspace, tools, home = folder / "workspace", folder / "bin", folder / "home"
    for name in ELSEWHERE:
        stand_in(tools, name)
    (workspace / "ci").mkdir(parents=True)
    home.mkdir()
    stand_in(workspace / "ci", "install-mesh.sh", "touch mesh-installed")
    private = folder / "smi.pem"
    subprocess.run([PROGRAMS / "pytest-smi", "keygen", "--out", private], capture_output=True, timeout=60, check=True)
    shutil.copy(folder / "smi.pub.pem", workspace / "ci")
    cluster = EmbeddedCluster([])
    document = yaml.safe_load(cluster.kubeconfig.read_text())
    document["clusters"][0]["name"] = document["contexts"][0]["context"]["cluster"] = "kind-smi"
    document["contexts"][0]["name"] = document["current-context"] = "kind-smi"
    kubeconfig = folder / "kubeconfig"
    kubeconfig.touch(mode=0o600)
    kubeconfig.write_text(yaml.safe_dump(document))
    job = Job(
        action=ACTION,
        workspace=workspace,
        inputs=inputs_of("github.yaml", private.read_text()),
        environ={
            **clean_environ(tools, PROGRAMS),
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / "config"),
            "KUBECONFIG": str(kubeconfig),
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_STEP_SUMMARY": str(workspace / "summary.md"),
            "RUNNER_TEMP": str(folder),
        },
    )
    yield job.run(before="Sign with the key")
    cluster.stop()


@pytest.fixture
def job(finished: Job, tmp_path: Path) -> Job:
    """That job with a workspace of its own, to go on from there."""
    workspace = tmp_path / "workspace"
    shutil.copytree(finished.workspace, workspace)
    environ = {**finished.environ, "GITHUB_STEP_SUMMARY": str(workspace / "summary.md")}
    own = replace(finished, workspace=workspace, environ=environ, inputs=dict(finished.inputs), ran=[], log="")
    own.outcomes, own.outputs = dict(finished.outcomes), dict(finished.outputs)
    return own


def smi(job: Job, *arguments: str) -> int:
    """The status of `pytest-smi` in the workspace of a job."""
    return subprocess.run(
        [PROGRAMS / "pytest-smi", *arguments], cwd=job.workspace, capture_output=True, timeout=60
    ).returncode


def test_from_the_cluster_to_the_run(finished: Job) -> None:
    """Every step up to the run passes, under the account with the least rights,
    and the run does not sign with the pipeline's key."""
    assert not finished.failed, finished.log[-5000:]
    assert finished.ran == [
        "Install the suite",
        "Install the mesh",
        "Build and load the sample application",
        "Make an account for the run",
        "Run",
    ]
    assert (finished.workspace / "mesh-installed").exists()
    config = Path(finished.outputs["account"]["kubeconfig"])
    assert config.stat().st_mode & 0o077 == 0
    assert [(user["name"], list(user["user"])) for user in yaml.safe_load(config.read_text())["users"]] == [
        ("runner", ["token"])
    ]
    assert smi(finished, "verify", "smi-report", "--key", "ci/smi.pub.pem") == 1


def test_signed_and_let_through(job: Job) -> None:
    """The rest of the template with a key: the report verifies with the public half, the summary is written,
    and the gate is open."""
    job.run(first="Sign with the key")

    assert not job.failed, job.log[-5000:]
    assert job.ran == ["Sign with the key", "Summary", "Gate"]
    assert "gate: open" in job.log
    assert "reference" in (job.workspace / "summary.md").read_text()
    assert (job.workspace / "smi-report" / "junit.xml").exists()
    assert smi(job, "verify", "smi-report", "--key", "ci/smi.pub.pem", "--require-level", "must") == 0


def test_only_the_step_that_signs_has_the_key() -> None:
    """The value of the input reaches one step; another sees only whether there is one."""
    steps = yaml.safe_load(ACTION.read_text())["runs"]["steps"]
    given = {
        step["name"]: value
        for step in steps
        for value in step.get("env", {}).values()
        if "signing-key" in value and "!= ''" not in value
    }

    assert given == {"Sign with the key": "${{ inputs.signing-key }}"}
    assert not [step for step in steps if "${{" in step.get("run", "")], (
        "an expression in a script lets its value be run"
    )


def test_no_pull_request_meets_the_key() -> None:
    """The template gives the key to pushes alone: a branch of the repository is as little reviewed as a fork."""
    [uses] = [step for step in example("github.yaml")["jobs"]["conformance"]["steps"] if "/pytest-smi@" in step["uses"]]

    assert uses["with"]["signing-key"] == "${{ github.event_name == 'push' && secrets.SMI_SIGNING_KEY || '' }}"


def test_pull_request(job: Job) -> None:
    """Without the secret the report is not signed by the pipeline, and judged all the same,
    also against a signed baseline."""
    baseline(job)
    job.inputs |= {"signing-key": "", "baseline": "ci/last-release", "require-level": "must"}

    job.run(first="Sign with the key")

    assert not job.failed, job.log[-5000:]
    assert job.ran == ["Summary", "Gate"]
    assert "compared: ci/last-release, 0 changed" in job.log
    assert smi(job, "verify", "smi-report", "--key", "ci/smi.pub.pem") == 1


def baseline(job: Job) -> None:
    """Put the report, signed by the pipeline, where the template keeps the last release's."""
    signed = replace(job, inputs=dict(job.inputs), ran=[], outcomes=dict(job.outcomes))
    signed.run(first="Sign with the key", before="Sign keyless")
    assert not signed.failed, signed.log[-5000:]
    shutil.copytree(job.workspace / "smi-report", job.workspace / "ci" / "last-release")
    shutil.rmtree(job.workspace / "smi-report")
    shutil.copytree(job.workspace / "ci" / "last-release", job.workspace / "smi-report")
    (job.workspace / "smi-report" / "matrix.intoto.jsonl").write_bytes(unsigned(job))


def unsigned(job: Job) -> bytes:
    """The envelopes of the report without the pipeline's signature, as the run has left them."""
    lines = (job.workspace / "smi-report" / "matrix.intoto.jsonl").read_bytes().splitlines()
    documents = [json.loads(line) for line in lines]
    return b"".join(compact_bytes({**one, "signatures": one["signatures"][:1]}) + b"\n" for one in documents)


@pytest.mark.parametrize("signing_key", [True, False])
def test_what_was_changed_is_stopped(job: Job, signing_key: bool) -> None:
    """Evidence that is not what the run wrote: nobody signs it, and the job fails."""
    evidence = next((job.workspace / "smi-report" / "evidence").iterdir())
    evidence.write_text("{}")
    if not signing_key:
        job.inputs["signing-key"] = ""

    job.run(first="Sign with the key")

    assert job.failed == ("Sign with the key" if signing_key else "Gate")
    assert "step 9" in job.log


def test_failed_run_is_signed_and_stays_failed(job: Job) -> None:
    """A run that found failures has failed the job; its report is signed and summed up, and no gate can open."""
    job.failed, job.outcomes = "Run", {**job.outcomes, "run": "failure"}

    job.run(first="Sign with the key")

    assert job.ran == ["Sign with the key", "Summary"]
    assert smi(job, "verify", "smi-report", "--key", "ci/smi.pub.pem") == 0


def test_run_without_a_report_says_so(job: Job) -> None:
    """A run that broke before it wrote a report leaves a summary that says where to look."""
    shutil.rmtree(job.workspace / "smi-report")
    job.failed, job.outcomes, job.inputs["signing-key"] = "Run", {**job.outcomes, "run": "failure"}, ""

    job.run(first="Sign with the key")

    assert job.ran == ["Summary"]
    assert "ended before it wrote a report" in (job.workspace / "summary.md").read_text()


def test_keyless_template_asks_for_what_signing_needs() -> None:
    """Permissions of the keyless template, and that pull requests, which cannot have them from a fork,
    are not in it."""
    document = example("github-keyless.yaml")
    given = inputs_of("github-keyless.yaml", "")

    assert document["permissions"] == {"contents": "read"}
    assert document["jobs"]["conformance"]["permissions"] == {
        "contents": "read",
        "id-token": "write",
        "attestations": "write",
    }
    assert (given["keyless"], given["attest"]) == ("true", "true")
    assert "pull_request" not in document[True]  # YAML 1.1 reads the key `on` so


def test_keyless_steps(job: Job) -> None:
    """The keyless template reaches the step that signs, which has no identity here; with the services stood in for,
    the gate opens."""
    job.inputs = {name: value for name, value in job.inputs.items() if name not in ("key", "signing-key")} | {
        "key": "",
        "signing-key": "",
    }
    job.inputs |= inputs_of("github-keyless.yaml", "")
    tools = job.workspace.parent / "bin"
    stand_in(
        tools,
        "pytest-smi",
        f'case "$*" in *--sigstore) echo "$@" >> signed-keyless;; *) exec {PROGRAMS}/pytest-smi "$@";; esac',
    )
    job.environ["PATH"] = f"{tools}:{job.environ['PATH']}"

    job.run(first="Sign with the key")

    assert not job.failed, job.log[-5000:]
    assert job.ran == ["Sign keyless", "Summary", "Gate"]
    assert (
        job.workspace / "signed-keyless"
    ).read_text() == "sign smi-report --key smi-report/signing-key.pub.pem --sigstore\n"


def test_gitlab_jobs(job: Job) -> None:
    """Both scripts of the GitLab template run as printed: the first on a few requirements,
    the second on the whole report."""
    jobs = example("gitlab.yaml")
    gate_only = {name: one for name, one in jobs.items() if one.get("environment", {}).get("name") == "smi-signing"}
    assert list(gate_only) == ["smi-gate"]
    config = {"KUBECONFIG": job.outputs["account"]["kubeconfig"]}
    elsewhere = job.workspace.parent / "elsewhere"
    elsewhere.mkdir()
    run_script(jobs["smi-conformance"], elsewhere, {**job.environ, **config, "PYTEST_ADDOPTS": "-k TS-01"})
    said = run_script(jobs["smi-gate"], job.workspace, {**job.environ, "SMI_SIGNING_KEY": job.inputs["signing-key"]})

    assert "gate: open" in said


def run_script(of: dict[str, Any], folder: Path, environ: dict[str, str]) -> str:
    """What the script of a GitLab job prints; it has to succeed.

    GitLab runs it in one shell that stops at the first error.
    """
    assert of["variables"].keys() >= {"MESH", "IMAGE"}
    environ = {**environ, **of["variables"], "MESH": "reference", "IMAGE": SAMPLE_APP_IMAGE}
    script = "\n".join(of["script"])
    done = subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        timeout=300,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout
