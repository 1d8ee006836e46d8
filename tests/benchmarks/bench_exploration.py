"""How many faults of the reference mesh the search finds unaided within a budget each, and how small it makes them.

`python tests/benchmarks/bench_exploration.py [TIME] [all|FAULT…]`: 60s, and ten faults of access, specs and split drawn
by a seed that stands here, so that two commits are asked the same. The aim is 85 %. `… policy [WORLDS]` measures
the worlds alone, without traffic: how many faults of the deciding classes show in so many (12) of three seeds.
"""

import json
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

AIM = 0.85
PREFIXES = ("access-", "specs-", "split-")
DRAWN, SEED = 10, 2026


def faults() -> list[str]:
    """Return the faults of these APIs, as the command lists them."""
    command = [str(Path(sys.executable).with_name("pytest-smi")), "faults", "--json"]
    listed = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return [one["name"] for one in listed if one["name"].startswith(PREFIXES)]


def explore(fault: str, budget: str, seed: int = 1) -> tuple[bool, str]:
    """Search one wrong mesh; return whether something was found, and the size of the first counterexample."""
    with tempfile.TemporaryDirectory() as name:
        command = [sys.executable, "-m", "pytest", "--mesh=reference", "-q", "-p", "no:cacheprovider"]
        command += ["-k", "smi-exploration", f"--smi-explore={budget}", f"--smi-seed={seed}", f"--smi-fault={fault}"]
        done = subprocess.run([*command, f"--smi-report={name}/report"], capture_output=True, text=True, cwd=name)
        folders = sorted(Path(name).glob("report*/counterexamples/*"))
        if not folders:
            said = re.search(r"Explored.*", done.stdout)
            return False, said.group(0) if said else done.stdout[-200:]
        steps = [list(yaml.safe_load_all(path.read_text())) for path in folders[0].glob("step-*.yaml")]
        # An object that is made, edited and deleted is one.
        objects = {
            (one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"]) for step in steps for one in step
        }
        policies = sum(kind in ("TrafficTarget", "TrafficSplit") for kind, *_ in objects)
        return True, f"{policies} target or split, {len(objects)} objects, {len(steps)} steps"


def policy(worlds: int) -> None:
    """Print which faults of the deciding classes show in so many worlds, and the share over three seeds."""
    # Imported here: the other mode needs nothing of the tests.
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from pytest_smi.reference.mesh.faults import FAULTS
    from tests.explore.reference_stage import decides, first_wrong

    names = [name for name, one in FAULTS.items() if name.startswith(PREFIXES) and decides(one)]
    shown = 0
    for name in names:
        firsts = [first_wrong(name, seed=seed, worlds=worlds) for seed in (1, 2, 3)]
        shown += sum(first is not None for first in firsts)
        print(f"{name:40} {' '.join('-' if first is None else str(first) for first in firsts)}", flush=True)
    print(f"{shown / 3 / len(names):.0%} of {len(names)} faults show in {worlds} worlds, mean of three seeds")


def main() -> None:
    if sys.argv[1:2] == ["policy"]:
        policy(int(sys.argv[2]) if len(sys.argv) > 2 else 12)
        return
    budget, asked = (sys.argv[1] if len(sys.argv) > 1 else "60s"), sys.argv[2:]
    names = faults() if asked == ["all"] else asked or sorted(random.Random(SEED).sample(faults(), DRAWN))
    found = 0
    for name in names:
        began = time.perf_counter()
        hit, told = explore(name, budget)
        found += hit
        print(f"{'found ' if hit else 'missed'}  {name:36} {time.perf_counter() - began:4.0f} s  {told}", flush=True)
    share = found / len(names)
    print(
        f"exploration finds {found} of {len(names)} faults in {budget} each, {share / AIM:.2f} of the aim of {AIM:.0%}"
    )


if __name__ == "__main__":
    main()
