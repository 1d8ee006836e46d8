"""The whole suite on the reference mesh, cluster start included; aims: 40 s with -n 2, under 1 GB,
--collect-only under 1 s."""

import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

AIM_SECONDS, AIM_BYTES, AIM_COLLECT = 40.0, 1e9, 1.0
SUITE = [sys.executable, "-m", "pytest", "--mesh=reference", "-q", "-p", "no:cacheprovider"]


def proportional_bytes(root: int) -> int:
    """The memory of a process and its descendants, shared pages divided among their users."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    total, todo = 0, [root]
    while todo:
        pid = todo.pop()
        todo += children.get(pid, [])
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    return total


def run(folder: str, *arguments: str) -> tuple[float, int]:
    """Seconds and peak bytes of one run."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [*SUITE, *arguments], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    peak, done = 0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.5):
            peak = max(peak, proportional_bytes(process.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    output, _ = process.communicate()
    done.set()
    watcher.join()
    if process.returncode:
        sys.exit(f"the run ended with status {process.returncode}:\n{output[-3000:]}")
    return time.perf_counter() - started, peak


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        collect, _ = run(folder, "--collect-only")
        print(f"--collect-only: {collect:.2f} s, {collect / AIM_COLLECT:.2f} of the aim")
        single, _ = run(folder)
        double, peak = run(folder, "-n", "2")
        print(
            f"suite: {double:.1f} s with -n 2 ({double / AIM_SECONDS:.2f} of the aim), {single:.1f} s without: "
            f"{single / double:.2f} times"
        )
        print(f"peak memory with -n 2: {peak / 1e6:.0f} MB, {peak / AIM_BYTES:.2f} of the aim")


if __name__ == "__main__":
    main()
