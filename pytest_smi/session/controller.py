"""The session plugin of the process that the user started: hooks between pytest,
the targets and the collector of results."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import pytest

from pytest_smi.core.catalogue import load
from pytest_smi.core.interrupts import give_lines, interrupt, noted
from pytest_smi.core.printable import printable
from pytest_smi.core.terms import Status
from pytest_smi.errors import ReportError, SmiError, UsageProblem, VerificationError
from pytest_smi.matrix.matrix import Matrix
from pytest_smi.reports.derived import derive
from pytest_smi.reports.diff import Baseline
from pytest_smi.reports.remote import load_report
from pytest_smi.reports.write import write_report
from pytest_smi.session.explorations import Explorations
from pytest_smi.session.meshes import Targets
from pytest_smi.session.options import Options, asks_for_a_part, refuse_reruns
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

    def pytest_report_header(self) -> list[str]:
        """Say what is tested against what."""
        lines = []
        for name, found in self.targets.findings.items():
            apis = ", ".join(f"{api} {version}" for api, version in found.versions.items()) or "none"
            lines.append(f"mesh: {name} {found.mesh_version} on Kubernetes {found.kubernetes}")
            target = self.targets.reached[name]
            lines.append(f"SMI APIs: {apis}" + (f"; fault: {self.options.fault}" if target.faulty else ""))
            lines += [f"note: {note}" for note in target.notes]
            if not target.variant:  # every version of a mesh was looked at once
                lines += [f"{item.level}: {item.check}: {item.found}\n  fix: {item.remedy}" for item in found.warnings]
        return lines

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a pytest-xdist worker its targets."""
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
        write_report(self.folder.path, built.matrix, built.evidence, self.signer)
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
        from pytest_smi.reports.render.terminal import summary_lines

        terminalreporter.section("service mesh interface")
        if self.matrix is not None:
            lines = summary_lines(
                self.matrix,
                report=str(self.folder.path),
                fingerprint=self.signer.fingerprint,
                statements=self._statements,
                evidence=self._evidence,
            )
            for style, line in lines:
                terminalreporter.write_line(line, **_COLOURS[style])
            if self.moved is not None:
                terminalreporter.write_line(f"        the older report is in {self.moved}")
            if self.new_key:
                terminalreporter.write_line(f"        a signing key of your own was made: {self.new_key}")
            if self.collector.coverage is not None and self.collector.coverage.partial:
                terminalreporter.write_line(
                    f"{self.collector.coverage}: no capability and no conformance is claimed", yellow=True
                )
        elif not self.collect_only and self.explorations.status is None:
            terminalreporter.write_line("no result, so no matrix was written", red=True)
            if self.collector.coverage is not None and not self.collector.coverage.collected:
                terminalreporter.write_line(
                    "nothing of the suite was selected: see -k, -m, --deselect and the project's addopts", red=True
                )
        for colour, line in self.explorations.lines(self.folder.path):
            terminalreporter.write_line(line, **_COLOURS[colour])
        if known := sorted({f"{result.requirement} ({result.mesh})" for result in self.collector.known_failures()}):
            terminalreporter.write_line(
                printable(f"Known   {len(known)} failure(s) of the baseline: {', '.join(known)}"), yellow=True
            )
        for line in self.collector.unmet_recommendations():
            terminalreporter.write_line(line, yellow=True)
        if self.targets.kept:
            terminalreporter.write_line(f"kept: {', '.join(self.targets.kept)}")
            terminalreporter.write_line(
                f"  look: kubectl get pods,services,events -n {self.targets.kept[0]}; remove: pytest-smi clean"
            )
        for line in self.collector.closed_gaps():
            terminalreporter.write_line(line, yellow=True)
        for line in self.collector.silent():
            terminalreporter.write_line(line, red=True)
        for problem in self.collector.problems:
            terminalreporter.write_line(printable(f"problem: {problem}"), red=True)
