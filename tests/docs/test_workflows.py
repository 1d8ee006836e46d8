"""Workflows, the templates of docs/pipelines.md, and action.yml: linted by actionlint, pinned,
and with no more rights than they need."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.actions import clean_environ

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PAGE = (ROOT / "docs" / "pipelines.md").read_text()
TEMPLATES = dict(re.findall(r"<!-- example: (github[\w-]*)\.yaml -->\n```yaml\n(.*?)```", PAGE, re.DOTALL))
SOURCES = {str(file.relative_to(ROOT)): file.read_text() for file in [*WORKFLOWS, ROOT / "action.yml"]} | TEMPLATES
OURS = "pytest-smi/pytest-smi"


def load(text: str) -> dict[Any, Any]:
    """A workflow; YAML 1.1 reads its key `on` as True."""
    document: dict[Any, Any] = yaml.safe_load(text)
    return document


@pytest.fixture
def actionlint() -> str:
    """The program, from the environment of the tests (`make workflows` puts it there) or from PATH."""
    found = shutil.which("actionlint", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if found is None:
        pytest.skip("needs actionlint, which make workflows builds from its Go module")
    return found


def as_workflow(action: str) -> str:
    """A workflow with the inputs and steps of a composite action, since actionlint reads workflows alone."""
    document = load(action)
    inputs = {name: {"type": "string", **one} for name, one in document["inputs"].items()}
    job = {"runs-on": "ubuntu-24.04", "steps": document["runs"]["steps"]}
    return yaml.safe_dump({"name": "action", "on": {"workflow_call": {"inputs": inputs}}, "jobs": {"action": job}})


def lint(program: str, folder: Path, texts: dict[str, str]) -> str:
    """What actionlint says about workflows in a project whose root is our action."""
    (folder / ".git").mkdir()
    shutil.copy(ROOT / "action.yml", folder)
    workflows = folder / ".github" / "workflows"
    workflows.mkdir(parents=True)
    for name, text in texts.items():
        (workflows / f"{name}.yml").write_text(re.sub(rf"{OURS}@\w+.*", "./", text))
    done = subprocess.run([program, "-no-color", "-oneline"], cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def test_actionlint_finds_nothing(actionlint: str, tmp_path: Path) -> None:
    """Syntax, expressions, contexts, inputs of our own action, and scripts where shellcheck is installed."""
    texts = {file.stem: file.read_text() for file in WORKFLOWS} | TEMPLATES
    assert set(texts) == {"tests", "real-meshes", "release", "github", "github-keyless"}

    assert lint(actionlint, tmp_path, texts | {"action": as_workflow((ROOT / "action.yml").read_text())}) == ""


@pytest.mark.parametrize(
    ("name", "before", "after", "found"),
    [
        ("github", "mesh: linkerd", "mash: linkerd", 'input "mash" is not defined'),
        ("action.yml", "steps.account.outputs", "steps.acount.outputs", '"acount" is not defined'),
        ("action.yml", "inputs.baseline", "inputs.base", '"base" is not defined'),
    ],
)
def test_actionlint_would_find_it(
    actionlint: str, tmp_path: Path, name: str, before: str, after: str, found: str
) -> None:
    """The same check with a mistake: in a template's use of the action, and within the action."""
    assert before in SOURCES[name]
    text = SOURCES[name].replace(before, after)

    assert found in lint(actionlint, tmp_path, {"spoiled": as_workflow(text) if name == "action.yml" else text})


def test_every_action_is_pinned_by_commit_with_its_tag() -> None:
    """A tag can be moved and a commit cannot; the tag stands beside it for people,
    and each action has one pin everywhere."""
    pins: dict[str, set[str]] = {}
    for source, text in SOURCES.items():
        uses = re.findall(r"uses: (.*)", text)
        assert uses or source == "action.yml", source
        for one in uses:
            found = re.fullmatch(r"([\w./-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)", one)
            assert found, f"{source}: {one}"
            pins.setdefault(found[1], set()).add(f"{found[2]} {found[3]}")

    assert {name: commits for name, commits in pins.items() if len(commits) > 1} == {}


@pytest.mark.parametrize("source", sorted(set(SOURCES) - {"action.yml"}))
def test_rights_are_the_least(source: str) -> None:
    """Reading is all that a workflow may do; what a job may do beyond that is one of two rights,
    and none keeps the checkout's token."""
    document = load(SOURCES[source])

    assert document["permissions"] == {"contents": "read"}
    for name, job in document["jobs"].items():
        assert "timeout-minutes" in job, name
        assert set(job.get("permissions", {}).items()) <= {
            ("contents", "read"),
            ("id-token", "write"),
            ("attestations", "write"),
        }, name
        assert "env" not in job, "secrets are given to steps"
        for step in job["steps"]:
            if "actions/checkout@" in step.get("uses", ""):
                assert step["with"]["persist-credentials"] is False
            assert "${{" not in step.get("run", "")
    assert "pull_request_target" not in document[True]


@pytest.mark.parametrize("source", [str(file.relative_to(ROOT)) for file in WORKFLOWS])
def test_a_pipe_fails_with_its_first_program(source: str) -> None:
    """GitHub sets pipefail only for a shell that is named."""
    assert load(SOURCES[source])["defaults"] == {"run": {"shell": "bash"}}


def test_pythons_are_those_of_the_metadata() -> None:
    """What the package says it runs on is what is tested, and the wheel is tried on each before it is published."""
    promised = re.findall(r"Programming Language :: Python :: (3\.\d+)", (ROOT / "pyproject.toml").read_text())
    jobs = {
        **load(SOURCES[".github/workflows/tests.yml"])["jobs"],
        **load(SOURCES[".github/workflows/release.yml"])["jobs"],
    }

    assert jobs["tests"]["strategy"]["matrix"]["python"] == promised
    assert jobs["try"]["strategy"]["matrix"]["python"] == promised


def test_make_targets_exist() -> None:
    """A workflow calls what the Makefile has."""
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    called = {name for file in WORKFLOWS for name in re.findall(r"\bmake ([\w-]+)", file.read_text())}

    assert called <= targets


@pytest.mark.parametrize(("tag", "status"), [("v{}", 0), ("{}", 1), ("v{}.1", 1)])
def test_a_release_has_the_tag_of_its_version(tag: str, status: int) -> None:
    """The step of the release that compares them, run as printed."""
    from pytest_smi import __version__

    [script] = [
        step["run"]
        for step in load(SOURCES[".github/workflows/release.yml"])["jobs"]["build"]["steps"]
        if step.get("name") == "Check that the tag is the version"
    ]
    environ = {**clean_environ(Path(sys.executable).parent), "GITHUB_REF_NAME": tag.format(__version__)}
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", script], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60
    )

    assert done.returncode == status, done.stderr
    assert ("the tag is" in done.stderr) == bool(status)


def test_what_is_published_is_what_was_built() -> None:
    """One job builds; those that try and publish take its files, and the one that publishes builds
    and checks out nothing."""
    jobs = load(SOURCES[".github/workflows/release.yml"])["jobs"]
    building = [name for name, job in jobs.items() for step in job["steps"] if "python -m build" in step.get("run", "")]

    assert building == ["build"]
    assert [step["uses"].partition("@")[0] for step in jobs["publish"]["steps"]] == [
        "actions/download-artifact",
        "pypa/gh-action-pypi-publish",
    ]
    assert jobs["publish"]["permissions"] == {"id-token": "write"}
    assert set(jobs["publish"]["needs"]) == {"build", "try"}


@pytest.mark.parametrize("form", ["wrong-verdict", "missing-mesh"])
def test_issue_forms_fit_one_screen(form: str) -> None:
    """Few questions, with unique ids; the one about a verdict asks for the report folder."""
    text = (ROOT / ".github" / "ISSUE_TEMPLATE" / f"{form}.yml").read_text()
    document = load(text)
    asked = [one for one in document["body"] if one["type"] != "markdown"]
    ids = [one["id"] for one in asked]

    assert {"name", "description", "title", "labels", "body"} == set(document)
    assert len(asked) <= 5
    assert len(text.splitlines()) <= 50
    assert len(set(ids)) == len(ids)
    assert all(one["type"] in ("input", "textarea", "dropdown") for one in asked)
    required = {one["id"] for one in asked if one.get("validations", {}).get("required")}
    assert required >= ({"requirement", "report"} if form == "wrong-verdict" else {"mesh"})


def test_links_to_the_project_have_one_name() -> None:
    """Metadata, SECURITY.md, issue forms and templates speak of one repository."""
    texts = [
        (ROOT / name).read_text() for name in ("pyproject.toml", "SECURITY.md", ".github/ISSUE_TEMPLATE/config.yml")
    ]

    assert {found for text in texts for found in re.findall(r"github\.com/([\w-]+/[\w-]+)", text)} == {OURS}
