"""Enough of GitHub's runner to run the shell steps of a composite action here: inputs, expressions, `if`,
outputs of steps."""

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
_NAME = r"[A-Za-z][\w-]*"


@dataclass
class Job:
    """One use of an action in a workspace. `ran`: names of the shell steps that ran, in order; `failed`:
    the first that failed.

    `environ` is what every step has. A step that uses another action is passed over:
    what it would leave has to be there.
    """

    action: Path
    workspace: Path
    inputs: dict[str, str]
    environ: dict[str, str]
    ran: list[str] = field(default_factory=list)
    failed: str = ""
    log: str = ""
    outcomes: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        document: dict[str, Any] = yaml.safe_load(self.action.read_text())
        unknown = set(self.inputs) - set(document["inputs"])
        assert not unknown, f"the action has no input {unknown}"
        required = {name for name, one in document["inputs"].items() if one.get("required")}
        assert required <= set(self.inputs)
        self.inputs = {name: str(one.get("default", "")) for name, one in document["inputs"].items()} | self.inputs
        self.steps: list[dict[str, Any]] = document["runs"]["steps"]

    def run(self, *, first: str = "", before: str = "") -> "Job":
        """Run the steps from the one named `first` on, up to the one named `before`."""
        names = [step.get("name", "") for step in self.steps]
        start = names.index(first) if first else 0
        end = names.index(before) if before else len(names)
        for step in self.steps[start:end]:
            if "run" in step and self._wanted(step):
                self._run(step)
        return self

    def _wanted(self, step: Mapping[str, Any]) -> bool:
        condition = str(step.get("if", ""))
        found = _EXPRESSION.fullmatch(condition)
        asks_for_status = bool(found and re.search(r"(cancelled|always|failure|success)\(", found[1]))
        if self.failed and not asks_for_status:
            return False
        return bool(self._value(found[1])) if found else True

    def _run(self, step: Mapping[str, Any]) -> None:
        output = self.workspace / ".output"
        output.write_text("")
        own = {name: self._text(str(value)) for name, value in step.get("env", {}).items()}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.workspace,
            env={**self.environ, "GITHUB_OUTPUT": str(output), **own},
            capture_output=True,
            text=True,
            timeout=600,
            stdin=subprocess.DEVNULL,
        )
        name = step.get("name", "")
        self.ran.append(name)
        self.log += f"== {name}\n{done.stdout}{done.stderr}"
        if done.returncode:
            self.failed = self.failed or name
        if "id" in step:
            self.outcomes[step["id"]] = "failure" if done.returncode else "success"
            self.outputs[step["id"]] = dict(line.split("=", 1) for line in output.read_text().splitlines())

    def _text(self, text: str) -> str:
        return _EXPRESSION.sub(lambda found: self._string(self._value(found[1])), text)

    @staticmethod
    def _string(value: object) -> str:
        return str(value).lower() if isinstance(value, bool) else str(value)

    def _value(self, expression: str) -> object:
        """The value of an expression of the few forms that the action uses; anything else is an error."""
        code = re.sub(rf"\binputs\.({_NAME})", r"inputs['\1']", expression)
        code = re.sub(rf"\bsteps\.({_NAME})\.outcome", r"outcomes.get('\1', 'skipped')", code)
        code = re.sub(rf"\bsteps\.({_NAME})\.outputs\.({_NAME})", r"outputs.get('\1', {}).get('\2', '')", code)
        code = code.replace("!cancelled()", "True").replace("&&", " and ").replace("||", " or ")
        return eval(
            code, {"__builtins__": {}}, {"inputs": self.inputs, "outcomes": self.outcomes, "outputs": self.outputs}
        )


def stand_in(folder: Path, name: str, script: str = "[ -t 0 ] || cat >/dev/null") -> None:
    """Put a program of this name into a folder of PATH: by default it reads its input and says nothing."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def clean_environ(*folders: Path) -> dict[str, str]:
    """This environment without what pytest and CI put there, and with these folders first on PATH."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTEST", "SMI_", "GITHUB_", "RUNNER_", "CI_"))
    }
    return {**kept, "PATH": ":".join([*map(str, folders), kept["PATH"]])}
