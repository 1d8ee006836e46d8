"""The session plugin of the process that the user started: hooks between pytest,
the targets and the collector of results."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from pytest_smi.core.catalogue import load
from pytest_smi.core.interrupts import give_lines, interrupt, noted
from pytest_smi.core.terms import Status
from pytest_smi.errors import ReportError, SmiError, UsageProblem, VerificationError
from pytest_smi.matrix.matrix import Matrix
from pytest_smi.matrix.suite import catalogue_bytes
from pytest_smi.reports.derived import derive
from pytest_smi.reports.diff import Baseline
from pytest_smi.reports.remote import load_report
from pytest_smi.reports.write import write_report
from pytest_smi.session.auto_workers import REASON
from pytest_smi.session.closing import Written, closing_lines
from pytest_smi.session.command_line import asks_for_a_part, refuse_reruns
from pytest_smi.session.exploration_options import searches
from pytest_smi.session.explorations import Explorations
from pytest_smi.session.host_project import what_selected_nothing
from pytest_smi.session.meshes import Targets
from pytest_smi.session.options import Options
from pytest_smi.session.partial import covered
from pytest_smi.session.report_folder import ReportFolder
from pytest_smi.session.report_properties import IMAGES, PROPERTY, result_of
from pytest_smi.session.results import EXIT_ERRORED, ResultCollector
from pytest_smi.signing.keys import ask_on_terminal, find_key
from pytest_smi.signing.signer import Signer
from pytest_smi.testbed.target import MeshTarget

_LETTERS = {
    Status.ERRORED: ("errored", "E", ("ERRORED", {"red": True})),
    Status.UNSUPPORTED: ("unsupported", "u", ("UNSUPPORTED", {"yellow": True})),
    Status.OBSERVED: ("observed", "o", ("OBSERVED", {"cyan": True})),
}
_COLOURS: dict[str, dict[str, bool]] = {
    "title": {"bold": True},
    "good": {"green": True},
    "bad": {"red": True},
    "warn": {"yellow": True},
    "plain": {},
    "dim": {"light": True},
}


class ControllerSession:
    """One run of the suite: from the options to the signed matrix. Raises SmiError for options that cannot be meant."""

    def __init__(self, config: pytest.Config, options: Options) -> None:
        refuse_reruns(config)
        self.options = options
        self.targets = Targets(options)
        self.collector = ResultCollector(
            self.targets, Baseline.of(load_report(options.baseline)) if options.baseline else Baseline()
        )
        self.explorations = Explorations()
        self.matrix: Matrix | None = None
        self._evidence: Mapping[str, bytes] = {}
        self._statements: Mapping[str, str] = {}
        self.moved: Path | None = None
        """Where an older report was moved to."""
        self.preparing: Callable[[str], AbstractContextManager[None]] = lambda _: nullcontext()
        """Shows what the run does before its first row."""
        self.folder = ReportFolder(options.report, replace=options.replace_report)
        self.collect_only: bool = config.getoption("collectonly")
        if not self.collect_only:
            found = find_key(options.signing_key, os.environ, ask_on_terminal)
            self.signer, self.new_key = Signer(found.key), found.origin if found.made else ""
            self.folder.claim(partial=asks_for_a_part(config, options))

    def connected(self) -> Mapping[str, MeshTarget]:
        """Return the targets, for a worker session in this process."""
        return self.targets.reached

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Start what has to be started and look at every target, before anything is deployed."""
        if self.collect_only:
            return
        signal.signal(signal.SIGTERM, interrupt)
        try:
            with self.preparing(f"preparing {', '.join(map(str, self.options.meshes))}: cluster, mesh and permissions"):
                self.targets.connect()
        except SmiError as error:
            usage = isinstance(error, UsageProblem)
            pytest.exit(f"pytest-smi: {error}", returncode=int(pytest.ExitCode.USAGE_ERROR) if usage else EXIT_ERRORED)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Without pytest-xdist: see how much of the catalogue this run is."""
        self._collected([item.nodeid for item in session.items])

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """With pytest-xdist: the same, as the first worker collected it."""
        if self.collector.coverage is None:
            self._collected(ids)

    def _collected(self, nodeids: list[str]) -> None:
        if self.collect_only:
            return
        self.collector.coverage = covered(nodeids, load(), self.targets.reached)
        try:
            self.folder.claim(partial=self.collector.coverage.partial)
        except SmiError as error:
            pytest.exit(f"pytest-smi: {error}", returncode=int(pytest.ExitCode.USAGE_ERROR))

    def pytest_report_header(self, config: pytest.Config) -> list[str]:
        """Say what is tested against what."""
        workers = config.stash.get(REASON, "")
        return [*([workers] if workers else []), *self.targets.header()]

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a pytest-xdist worker its targets."""
        if searches(self.options):
            node.workerinput["smi_spool"] = str(self.explorations.spool)
        node.workerinput["smi"] = {name: target.to_wire() for name, target in self.targets.reached.items()}

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:
        """Keep assertions that share a scene on one worker, and run alone what disturbs the mesh."""
        if config.getoption("dist") != "load":
            return None
        from pytest_smi.session.scheduling import make_scheduler, serial_tests

        profiles = {name: target.profile for name, target in self.targets.reached.items()}
        return make_scheduler(config, log, serial_tests(load(), profiles))

    @pytest.hookimpl(optionalhook=True)
    def pytest_handlecrashitem(self, crashitem: str, report: Any) -> None:
        """Give the assertion that a lost pytest-xdist worker was running a result: errored, with the reason."""
        result = self.collector.lost(crashitem, str(report.longrepr))
        if result is not None:
            report.user_properties.append((PROPERTY, json.dumps(result.to_json())))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect what the workers attached to their reports."""
        result = result_of(report)
        if result is not None:
            self.collector.add(result)
            for name, value in report.user_properties:
                if name == IMAGES:
                    mesh, images = json.loads(str(value))
                    self.collector.images[mesh] |= images
        elif report.failed:
            self.collector.problems.append(f"{report.nodeid} ({report.when})")

    def pytest_report_teststatus(
        self, report: pytest.TestReport
    ) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
        """Show errored, unsupported and observed as what they are."""
        result = result_of(report) if isinstance(report, pytest.TestReport) else None
        return _LETTERS.get(result.status) if result else None

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Remember that the run is not whole, and let pytest show where it was interrupted."""
        self.collector.interrupted = True
        give_lines(excinfo.tb)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write the report, stop what was started, and say by the exit status what came of it."""
        if self.collect_only:
            return
        with noted() as signals:
            try:
                self._write()
            except (ReportError, VerificationError) as error:
                self.collector.problems.append(str(error))
            finally:
                self.collector.problems += self.targets.clean_up()
        if signals:
            session.exitstatus = pytest.ExitCode.INTERRUPTED
            self.collector.interrupted = True
        unfinished = (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.INTERNAL_ERROR)
        if not self.collector.interrupted and exitstatus not in unfinished:
            session.exitstatus = self.collector.exit_status()

    def _write(self) -> None:
        self.explorations.read()
        self.collector.explorations, self.collector.exploration_status = (
            self.explorations.found,
            self.explorations.status,
        )
        self.collector.problems += self.explorations.problems
        built = self.collector.build()
        if built is None:
            self.explorations.write(self.folder.path)
            return
        self.moved = self.folder.make_room()
        catalogue = catalogue_bytes(self.collector.catalogue)
        write_report(self.folder.path, built.matrix, built.evidence, self.signer, catalogue=catalogue)
        self.explorations.write(self.folder.path)
        self.matrix, self._evidence = built.matrix, built.evidence
        self._statements = {record.requirement: record.statement for record in self.collector.catalogue}
        derive(self.folder.path, self._statements, keys=[self.signer.public_key])

    def pytest_unconfigure(self) -> None:
        """Let the report folder go, also where the session never began."""
        self.folder.release()
        self.explorations.close()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(self, terminalreporter: Any) -> Generator[None, None, None]:
        """Print capability per API and every requirement that did not pass, and not each failure twice."""
        failed = terminalreporter.stats.get("failed", [])
        if all(result_of(report) is not None and "\nTraceback" not in str(report.longrepr) for report in failed):
            terminalreporter.config.option.tbstyle = "no"
        self._summary(terminalreporter)
        return (yield)

    def _summary(self, terminalreporter: Any) -> None:
        terminalreporter.section("service mesh interface")
        if self.collect_only:
            return
        written = None
        if self.matrix is not None:
            written = Written(
                matrix=self.matrix,
                evidence=self._evidence,
                statements=self._statements,
                folder=self.folder.path,
                fingerprint=self.signer.fingerprint,
                moved=self.moved,
                new_key=self.new_key,
            )
        selected_nothing = what_selected_nothing(terminalreporter.config)
        if written is not None or self.explorations.status is None:
            for style, line in closing_lines(self.collector, written, selected_nothing=selected_nothing):
                terminalreporter.write_line(line, **_COLOURS[style])
        for colour, line in self.explorations.lines(self.folder.path):
            terminalreporter.write_line(line, **_COLOURS[colour])
