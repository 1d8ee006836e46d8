"""What an installed but idle plugin costs an unrelated pytest run; aim: under 15 ms."""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

AIM_MS = 15.0
RUNS = 15


def seconds(folder: Path, *arguments: str) -> float:
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return time.perf_counter() - started


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "test_nothing.py").write_text("def test_nothing():\n    pass\n")
        seconds(folder)
        # Alternating, so that whatever else the machine does hits both alike.
        pairs = [(seconds(folder, "-p", "no:smi"), seconds(folder)) for _ in range(RUNS)]
    without, with_plugin = (statistics.median(column) for column in zip(*pairs, strict=True))
    cost = 1000 * statistics.median(b - a for a, b in pairs)
    print(f"idle plugin: {with_plugin:.3f} s with, {without:.3f} s without")
    print(f"idle plugin costs {cost:.1f} ms, {cost / AIM_MS:.2f} of the aim of {AIM_MS:.0f} ms")


if __name__ == "__main__":
    main()
