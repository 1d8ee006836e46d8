"""Benchmark of merging: seconds for 1,000 and for 10,000 reports, their ratio (10 is linear),
and the peak memory of the larger merge.

Seconds are of processor time, which neighbours on the machine change least; the time on the clock stands beside them.

Run it as a program; `SMI_BENCH_REPORTS` and `SMI_BENCH_RESULTS` set the larger number of reports and the results in
each. Every report is signed, verified before and after it is copied into the merged one, and has a run of its own;
only the merging is timed.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

REPORTS = int(os.environ.get("SMI_BENCH_REPORTS", "10000"))
RESULTS = int(os.environ.get("SMI_BENCH_RESULTS", "112"))
LIMIT = 500 * 1024 * 1024


def make_reports(folder: Path, count: int) -> None:
    """Write signed reports of one run each."""
    from cryptography.hazmat.primitives.asymmetric import ec

    from pytest_smi.core.canonical import canonical_bytes
    from pytest_smi.core.terms import Status
    from pytest_smi.signing.signer import Signer
    from pytest_smi.signing.statement import Statement, statements_of
    from tests.support.reports import a_matrix

    signer = Signer(ec.generate_private_key(ec.SECP256R1()))
    (folder / "key.pem").write_bytes(signer.public_pem)
    statuses = {f"TA-{number:03}": Status.PASSED for number in range(RESULTS - 4)}
    whole = a_matrix(statuses=statuses, evidence=False)[0]
    for number in range(count):
        matrix = replace(whole, runs=(replace(whole.runs[0], nonce=f"run-{number:06}"),))
        report = folder / f"{number:06}"
        report.mkdir()
        ours, theirs = statements_of(matrix, {})
        (report / "matrix.json").write_bytes(canonical_bytes(ours.predicate))
        both: tuple[Statement, Statement] = (ours, theirs)
        (report / "matrix.intoto.jsonl").write_bytes(
            b"".join(signer.sign(one.to_bytes()).to_bytes() + b"\n" for one in both)
        )


def merge(folder: Path, count: int) -> None:
    """Merge the first reports of the folder and print what it took, as JSON: in a process of its own,
    for its memory's sake."""
    from cryptography.hazmat.primitives.asymmetric import ec

    from pytest_smi.reports.merge import merge_reports
    from pytest_smi.signing.keys import load_public_key
    from pytest_smi.signing.signer import Signer
    from tests.support.reports import SUITE

    reports = [folder / f"{number:06}" for number in range(count)]
    began, began_cpu = time.perf_counter(), time.process_time()
    done = merge_reports(
        reports,
        folder / f"merged-{count}",
        keys=[load_public_key(folder / "key.pem")],
        signer=Signer(ec.generate_private_key(ec.SECP256R1())),
        suite=SUITE,
        merged_at="2026-01-01T00:00:00Z",
    )
    elapsed, seconds = time.perf_counter() - began, time.process_time() - began_cpu
    assert done.runs == count
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    size = (folder / f"merged-{count}" / "matrix.json").stat().st_size
    print(json.dumps({"seconds": seconds, "elapsed": elapsed, "peak": peak, "size": size}))


def main() -> int:
    """Print the table; status 1 when the larger merge took over 500 MB,
    or the time grew much faster than the reports."""
    small = max(1, REPORTS // 10)
    with tempfile.TemporaryDirectory(prefix="bench-merge-") as name:
        folder = Path(name)
        make_reports(folder, REPORTS)
        found = {}
        for count in (small, REPORTS):
            command = [sys.executable, __file__, "--merge", str(folder), str(count)]
            environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
            found[count] = json.loads(subprocess.run(command, capture_output=True, check=True, env=environ).stdout)
    print(f"{'reports':>9}{'results':>9}{'seconds':>9}{'ms each':>9}{'elapsed':>9}{'peak MB':>9}{'matrix MB':>11}")
    for count, one in found.items():
        each, megabytes = 1000 * one["seconds"] / count, (one["peak"] / 1e6, one["size"] / 1e6)
        times = f"{one['seconds']:>9.1f}{each:>9.1f}{one['elapsed']:>9.1f}"
        print(f"{count:>9}{RESULTS:>9}{times}{megabytes[0]:>9.0f}{megabytes[1]:>11.1f}")
    ratio = found[REPORTS]["seconds"] / found[small]["seconds"]
    print(f"ratio {ratio:.1f} for {REPORTS / small:.0f} times the reports; peak limit {LIMIT / 1e6:.0f} MB")
    return int(found[REPORTS]["peak"] > LIMIT or ratio > 1.5 * REPORTS / small)


if __name__ == "__main__":
    if "--merge" in sys.argv:
        merge(Path(sys.argv[-2]), int(sys.argv[-1]))
    else:
        sys.path.insert(0, str(Path(__file__).parents[2]))
        sys.exit(main())
