"""The session plugin of the process that the user started: targets, results, report, exit status."""

from __future__ import annotations

import json
import os
import secrets
import signal
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from types import FrameType
from typing import Any

import pytest

from pytest_smi.catalogue import Assertion, load
from pytest_smi.cluster.connection import Connection
from pytest_smi.cluster.leftovers import delete_run
from pytest_smi.derived import derive
from pytest_smi.differences import Baseline
from pytest_smi.embedded import SAMPLE_APP_IMAGE, EmbeddedCluster, fault_arguments
from pytest_smi.errors import ReportError, SmiError, UsageProblem, VerificationError
from pytest_smi.keys import ask_on_terminal, find_key
from pytest_smi.matrix import Matrix, Mesh, Provenance
from pytest_smi.matrix_build import RunContext, build_matrix
from pytest_smi.options import Options
from pytest_smi.preflight import Findings, inspect
from pytest_smi.profile import Profile, known_profiles, load_profile
from pytest_smi.provenance import ci_run, image_roles
from pytest_smi.report import claim_folder, write_report
from pytest_smi.report_load import load_matrix
from pytest_smi.results import Api, Level, Result, Status
from pytest_smi.signing import Signer
from pytest_smi.suite import catalogue_of, this_suite
from pytest_smi.testbed import Setting
from pytest_smi.wire import IMAGES, Target, result_of
from pytest_smi.worker import selected

EXIT_ERRORED = 3
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
    """One run of the suite: from the options to the signed matrix."""

    def __init__(self, config: pytest.Config, options: Options) -> None:
        self.config, self.options = config, options
        self.profiles: dict[str, Profile] = {str(choice): load_profile(choice.name) for choice in options.meshes}
        self._embedded = {name for name, profile in self.profiles.items() if profile.provider == "embedded" and not options.kubeconfig}
        if options.fault and not self._embedded:
            raise UsageProblem(
                "--smi-fault is for the embedded reference mesh", hint="use --mesh=reference without --kubeconfig, or leave the fault out"
            )
        if options.keep and self._embedded:
            raise UsageProblem(
                "--smi-keep keeps nothing: the embedded cluster ends with the run",
                hint="start one that stays with 'pytest-smi reference up', then add --kubeconfig FILE",
            )
        self._baseline = Baseline.of(load_matrix(options.baseline)) if options.baseline else Baseline()
        self._fault_arguments = fault_arguments(options.fault)
        self._report_folder = ExitStack()
        self.collect_only: bool = config.getoption("collectonly")
        if not self.collect_only:
            found = find_key(options.signing_key, os.environ, ask_on_terminal)
            self.signer, self.new_key = Signer(found.key), found.origin if found.made else ""
            self._report_folder.enter_context(claim_folder(options.report))
        self.run = secrets.token_hex(8)
        self.targets: dict[str, Target] = {}
        self.findings: dict[str, Findings] = {}
        self.results: dict[str, list[Result]] = {name: [] for name in self.profiles}
        self.images: dict[str, dict[str, str]] = {name: {} for name in self.profiles}
        self.others_failed = 0
        self.problems: list[str] = []
        self.matrix: Matrix | None = None
        self._clusters: list[EmbeddedCluster] = []
        self._started = _now()
        self._interrupted = False

    def connected(self) -> Mapping[str, Target]:
        """Return the targets, for a worker session in this process."""
        return self.targets

    # --- start --------------------------------------------------------------------------------------------------

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Start what has to be started and look at every target, before anything is deployed."""
        if self.collect_only:
            return
        signal.signal(signal.SIGTERM, _interrupt)
        try:
            for choice in self.options.meshes:
                self._connect(str(choice), choice.context)
        except SmiError as error:
            self._stop_clusters()
            usage = isinstance(error, UsageProblem)
            pytest.exit(f"pytest-smi: {error}", returncode=int(pytest.ExitCode.USAGE_ERROR) if usage else EXIT_ERRORED)
        except BaseException:
            self._stop_clusters()
            raise

    def _connect(self, name: str, context: str | None) -> None:
        profile = self.profiles[name]
        kubeconfig = self.options.kubeconfig
        if name in self._embedded:
            cluster = EmbeddedCluster(self._fault_arguments)
            self._clusters.append(cluster)
            kubeconfig, context = cluster.kubeconfig, None
        connection = Connection(kubeconfig, context)
        found = inspect(connection, profile)
        connection.close()
        self.findings[name] = found
        self.targets[name] = Target(
            setting=Setting(
                mesh=name,
                profile=profile,
                versions=found.versions,
                absent=found.absent,
                limits=profile.limits.scaled(self.options.timeout),
                image=SAMPLE_APP_IMAGE,
                run=self.run,
                keep=self.options.keep,
            ),
            kubeconfig=str(kubeconfig) if kubeconfig else None,
            context=context,
            profile_path=str(known_profiles()[profile.name]),
        )

    def pytest_report_header(self) -> list[str]:
        """Say what is tested against what."""
        lines = []
        for name, found in self.findings.items():
            apis = ", ".join(f"{api} {version}" for api, version in found.versions.items()) or "none"
            lines.append(f"mesh: {name} {found.mesh_version} on Kubernetes {found.kubernetes}")
            lines.append(f"SMI APIs: {apis}" + (f"; fault: {self.options.fault}" if self.options.fault else ""))
        return lines

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a pytest-xdist worker its targets."""
        node.workerinput["smi"] = {name: target.to_wire() for name, target in self.targets.items()}

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:
        """Keep assertions that share a scene on one worker."""
        if config.getoption("dist") != "load":
            return None
        from pytest_smi.scheduling import make_scheduler

        return make_scheduler(config, log)

    # --- results ------------------------------------------------------------------------------------------------

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect what the workers attached to their reports."""
        result = result_of(report)
        if result is not None:
            self.results[result.mesh].append(result)
            for name, value in report.user_properties:
                if name == IMAGES:
                    mesh, images = json.loads(str(value))
                    self.images[mesh] |= images
        elif report.failed:
            self.others_failed += 1
            self.problems.append(f"{report.nodeid} ({report.when})")

    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
        """Show errored, unsupported and observed as what they are."""
        result = result_of(report) if isinstance(report, pytest.TestReport) else None
        return _LETTERS.get(result.status) if result else None

    def pytest_keyboard_interrupt(self) -> None:
        """Remember that the run is not whole."""
        self._interrupted = True

    # --- end ----------------------------------------------------------------------------------------------------

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write the report, stop what was started, and say by the exit status what came of it."""
        if self.collect_only:
            return
        try:
            self._write()
        except (ReportError, VerificationError) as error:
            self.problems.append(str(error))
        finally:
            self._clean_up()
        session.exitstatus = self._exit_status(int(exitstatus))

    def _write(self) -> None:
        contexts = []
        for name, results in self.results.items():
            if results:
                results += self._left_out(name)
                contexts.append((self._context(name), results))
        if not contexts:
            return
        built = build_matrix(this_suite(), _now(), contexts)
        write_report(self.options.report, built.matrix, built.evidence, self.signer)
        self.matrix = built.matrix
        derive(self.options.report, {record.requirement: record.statement for record in _catalogue()}, keys=[self.signer.public_key])

    def _left_out(self, mesh: str) -> list[Result]:
        """Results for the assertions that the user's options left out: skipped, and so not conformant."""
        return [
            Result(
                id=record.name,
                requirement=record.requirement,
                api=Api(record.api),
                version="",
                level=Level(record.level),
                status=Status.SKIPPED,
                reason="left out with --smi-api or --smi-level",
                source=record.source,
                duration=0.0,
                mesh=mesh,
            )
            for record in _catalogue()
            if not selected(record, self.options)
        ]

    def _context(self, name: str) -> RunContext:
        found, setting = self.findings[name], self.targets[name].setting
        weakened = setting.limits.weakened(setting.profile.limits)
        if self.options.fault:
            weakened.append(f"the reference mesh was made wrong with --smi-fault {self.options.fault}")
        return RunContext(
            mesh=Mesh(name=name, version=found.mesh_version, images={**found.images, **self.images[name]}),
            kubernetes=found.kubernetes,
            apis={Api(api): found.versions.get(api) for api in map(str, Api)},
            required={record.requirement: (Api(record.api), Level(record.level)) for record in _catalogue()},
            started_at=self._started,
            finished_at=_now(),
            # The name that the namespaces carry, unless several meshes share it.
            nonce=self.run if len(self.targets) == 1 else f"{self.run}-{list(self.targets).index(name)}",
            limits=setting.limits.to_json(),
            options={
                "apis": list(self.options.apis),
                "level": self.options.level,
                "timeout": self.options.timeout,
                "fault": self.options.fault,
            },
            weakened=tuple(weakened),
            interrupted=self._interrupted,
            provenance=Provenance(
                catalogue=catalogue_of(_catalogue()),
                crds=dict(found.crds),
                images=image_roles(found.images, self.images[name], setting.image),
                ci_run=ci_run(os.environ),
            ),
        )

    def _clean_up(self) -> None:
        """Delete what interrupted workers may have left, and stop embedded clusters."""
        if not self.options.keep:
            for name, target in self.targets.items():
                if name not in self._embedded:
                    try:
                        delete_run(target.kubeconfig, target.context, self.run, target.setting.limits)
                    except SmiError as error:
                        self.problems.append(f"clean-up of {name} is incomplete: {error}; run: pytest-smi clean")
        self._stop_clusters()
        self._report_folder.close()

    def _stop_clusters(self) -> None:
        while self._clusters:
            self._clusters.pop().stop()

    def _exit_status(self, given: int) -> int:
        if self._interrupted or given in (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.INTERNAL_ERROR):
            return given
        statuses = [result.status for results in self.results.values() for result in results]
        if len(self._known_failures()) < statuses.count(Status.FAILED):
            return int(pytest.ExitCode.TESTS_FAILED)
        ran = any(status in (Status.PASSED, Status.OBSERVED) for status in statuses)
        if Status.ERRORED in statuses or not ran or self.problems:
            return EXIT_ERRORED
        return int(pytest.ExitCode.OK)

    def _known_failures(self) -> list[Result]:
        """Failures that the baseline has too."""
        failed = [result for results in self.results.values() for result in results if result.status is Status.FAILED]
        return [result for result in failed if self._baseline.knows(result.mesh, result.requirement)]

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print capability per API and every requirement that did not pass."""
        from pytest_smi.render.terminal import summary_lines

        terminalreporter.section("service mesh interface")
        if self.matrix is not None:
            lines = summary_lines(self.matrix, report=str(self.options.report), fingerprint=self.signer.fingerprint)
            for style, line in lines:
                terminalreporter.write_line(line, **_COLOURS[style])
            if self.new_key:
                terminalreporter.write_line(f"        a signing key of your own was made: {self.new_key}")
        elif not self.collect_only:
            terminalreporter.write_line("no result, so no matrix was written", red=True)
        if known := sorted({f"{result.requirement} ({result.mesh})" for result in self._known_failures()}):
            terminalreporter.write_line(f"Known   {len(known)} failure(s) of the baseline: {', '.join(known)}", yellow=True)
        for problem in self.problems:
            terminalreporter.write_line(f"problem: {problem}", red=True)


_LOADED: list[Assertion] = []


def _catalogue() -> list[Assertion]:
    if not _LOADED:
        _LOADED.extend(load())
    return _LOADED


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt("terminated")
