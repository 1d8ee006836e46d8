"""Progress in words: rows done, running and waiting, what is waited for, the time left."""

import json
from pathlib import Path

from pytest_smi.cluster.wait import Backoff, wait_until, waits
from pytest_smi.session.progress import Progress, in_words
from pytest_smi.session.waiting import WaitReporter, read_waits


class Clock:
    """A clock that goes where it is put."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_line_counts_names_and_estimates() -> None:
    """Three of eight rows in 30 s, two running: 10 s a row, so four rows' worth are left."""
    clock = Clock()
    progress = Progress(clock, str.upper)
    rows = [f"r{number}" for number in range(8)]
    progress.expect(rows)
    assert progress.line({}) == "0 of 8 rows done, 0 running, 8 waiting; time left not known yet"

    for row in rows[:3]:
        progress.start(row)
        clock.now += 10
        progress.finish(row)
    progress.start("r3")
    progress.start("r4")
    clock.now += 0

    assert progress.line({"r3": "until a pod is Ready", "r0": "stale"}) == (
        "3 of 8 rows done, 2 running, 3 waiting; about 40 s left; R3 (0 s, waits until a pod is Ready), R4 (0 s)"
    )


def test_a_row_that_is_done_twice_counts_once() -> None:
    """A worker that is lost may have told the end of its row before."""
    progress = Progress(Clock(), str)
    progress.expect(["a", "b"])
    progress.start("a")
    progress.finish("a")
    progress.finish("a")
    progress.expect(["a", "b"])  # a second worker has collected

    assert progress.line({}).startswith("1 of 2 rows done, 0 running, 1 waiting")


def test_a_line_fits_the_terminal_and_many_rows_are_counted() -> None:
    """What is too long is cut; of many running rows four are named, the oldest first."""
    clock = Clock()
    progress = Progress(clock, str)
    for number in range(6):
        clock.now += 1
        progress.start(f"r{number}")

    assert progress.line({}).endswith("r0 (5 s), r1 (4 s), r2 (3 s), r3 (2 s) and 2 more")
    assert len(progress.line({}, 40)) == 40
    assert progress.line({}, 40).endswith("…")


def test_durations_as_people_say_them() -> None:
    """Seconds, minutes, hours."""
    assert [in_words(seconds) for seconds in (0.4, 59, 61, 3600, 4800)] == ["0 s", "59 s", "1 min", "1 h", "1 h 20 min"]


def test_a_worker_tells_what_it_waits_for(tmp_path: Path) -> None:
    """Through its file, and until the next row runs."""
    worker = WaitReporter(tmp_path / "gw0.json")
    worker.pytest_configure()
    try:
        worker.pytest_runtest_logstart("row")
        waits.info("until %s", "a pod is Ready")
        assert read_waits(tmp_path) == worker.waits == {"row": "until a pod is Ready"}
        worker.pytest_runtest_logstart("next")
        assert read_waits(tmp_path) == {"next": ""}
    finally:
        worker.pytest_unconfigure()
    waits.info("until nobody listens")
    assert read_waits(tmp_path) == {"next": ""}


def test_the_outer_wait_is_told_again_when_one_within_it_is_over() -> None:
    """While a world settles its requests are sent, which may wait for names; that wait is not told for ever."""
    worker, told = WaitReporter(), []
    worker.pytest_configure()
    try:
        worker.pytest_runtest_logstart("row")
        for number in Backoff("the world settles", longest=0.1, pause=lambda _: told.append(worker.waits["row"])):
            wait_until(lambda: True, what="a name resolves", deadline=1.0, longest_pause=0.1)
            told.append(worker.waits["row"])
            if number == 2:
                break
    finally:
        worker.pytest_unconfigure()

    assert told == ["until a name resolves", "until the world settles", "until a name resolves"]


def test_progress_is_a_courtesy(tmp_path: Path) -> None:
    """A folder that is removed, or a file that is half written, costs nothing but the detail."""
    lost = WaitReporter(tmp_path / "gone" / "gw0.json")
    lost.pytest_runtest_logstart("row")
    (tmp_path / "gw1.json").write_text("[")
    (tmp_path / "gw2.json").write_text(json.dumps(["row", "until then"]))

    assert read_waits(tmp_path / "gone") == {}
    assert read_waits(tmp_path) == {"row": "until then"}
