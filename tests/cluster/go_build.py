"""Build a pinned Go program into the cache, once per set of pins."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.cluster.problem import ClusterProblem
from tests.cluster.progress import step

_OLDEST = (1, 24)
_DIGITS = 12


def key(source: Path, flags: str) -> str:
    """Return 12 hexadecimal digits over the names and contents of the files in `source`,
    and over the linker's `flags`."""
    digest = hashlib.sha256(flags.encode())
    for file in sorted(each for each in source.rglob("*") if each.is_file()):
        digest.update(f"\0{file.relative_to(source)}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:_DIGITS]


def pinned(source: Path, module: str) -> str:
    """Return the version that `source`/go.mod requires of `module`, with its `v`;
    ClusterProblem when it requires none."""
    found = re.search(rf"^(?:require)?\s+{re.escape(module)} (v\S+)", (source / "go.mod").read_text(), re.MULTILINE)
    if not found:
        raise ClusterProblem(f"{source / 'go.mod'} does not require {module}")
    return found[1]


def build(
    source: Path, cache: Path, output: str, flags: Sequence[str] = (), *, package: str = ".", toolchain: str = ""
) -> Path:
    """Return the static program `output` made from the main package in `source`; builds it unless `cache` has it.

    `flags` go to the linker; `package` may be a main package of a module that `source`/go.mod pins; `toolchain`
    (`go1.19.13`) is for modules that newer Go cannot build. Raises ClusterProblem without a Go tool,
    or with the last lines that the Go tool printed.
    """
    linker = " ".join(("-s", "-w", *flags))
    folder = cache / f"{output}-{key(source, f'{linker}{toolchain}')}"
    program = folder / output
    if program.exists():
        return program
    go = _tool()
    fresh = folder.with_name(f"{folder.name}.{os.getpid()}.new")
    with step(f"{output}: building from Go modules"):
        # What debuggers need is left out by the linker; not to make it saves an eighth of the time.
        tuned = ["-trimpath", "-buildvcs=false", "-gcflags=all=-dwarf=false", "-ldflags", linker]
        command = [go, "build", *tuned, "-o", str(fresh / output), package]
        environment = {**os.environ, "CGO_ENABLED": "0", **({"GOTOOLCHAIN": toolchain} if toolchain else {})}
        done = subprocess.run(command, cwd=source, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            last = " | ".join(done.stderr.strip().splitlines()[-3:])
            raise ClusterProblem(f"{output} was not built: {last}")
        for old in cache.glob(f"{output}-{'[0-9a-f]' * _DIGITS}"):
            shutil.rmtree(old, ignore_errors=True)
        fresh.rename(folder)
    return program


def module(source: Path, path: str, *, toolchain: str = "") -> Path:
    """Return the folder with the files of the module `path` that `source`/go.mod pins,
    downloading it when it is not there."""
    environment = {**os.environ, **({"GOTOOLCHAIN": toolchain} if toolchain else {})}
    command = [_tool(), "mod", "download", "-json", path]
    done = subprocess.run(command, cwd=source, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ClusterProblem(f"{path} was not downloaded: {' | '.join(done.stderr.strip().splitlines()[-3:])}")
    return Path(json.loads(done.stdout)["Dir"])


def _tool() -> str:
    go = shutil.which("go") or shutil.which("/usr/local/go/bin/go")
    if not go:
        raise ClusterProblem(f"there is no go on PATH: install Go {_OLDEST[0]}.{_OLDEST[1]} or newer")
    text = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=True).stdout
    found = re.match(r"go(\d+)\.(\d+)", text)
    # From 1.21 on, Go fetches the toolchain that a module asks for, unless it is told not to.
    if found and (int(found[1]), int(found[2])) < (1, 21):
        raise ClusterProblem(f"{go} is {text.strip()}: install Go {_OLDEST[0]}.{_OLDEST[1]} or newer")
    return go
