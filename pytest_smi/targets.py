"""The meshes under test: profiles, embedded clusters that have to be started, preflight, and clean-up at the end."""

from __future__ import annotations

import secrets

from pytest_smi.cluster.connection import Connection
from pytest_smi.cluster.leftovers import delete_run
from pytest_smi.embedded import SAMPLE_APP_IMAGE, EmbeddedCluster, fault_arguments
from pytest_smi.errors import SmiError, UsageProblem
from pytest_smi.options import Options
from pytest_smi.preflight import Findings, inspect
from pytest_smi.profile import Profile, known_profiles, load_profile
from pytest_smi.testbed import Setting
from pytest_smi.wire import Target


class Targets:
    """What the options name. Raises UsageProblem or ProfileError for what cannot be meant; nothing is started yet."""

    def __init__(self, options: Options) -> None:
        self.options = options
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
        self._fault_arguments = fault_arguments(options.fault)
        self.run = secrets.token_hex(8)
        """Random name of the run; its namespaces carry it."""
        self.reached: dict[str, Target] = {}
        self.findings: dict[str, Findings] = {}
        self._clusters: list[EmbeddedCluster] = []

    def connect(self) -> None:
        """Start what has to be started and look at every target; on an error nothing stays running. Raises SmiError."""
        try:
            for choice in self.options.meshes:
                self._connect(str(choice), choice.context)
        except BaseException:
            self.stop()
            raise

    def nonce(self, name: str) -> str:
        """What tells this run of a mesh from every other: the run's name, unless several meshes share it."""
        return self.run if len(self.reached) == 1 else f"{self.run}-{list(self.reached).index(name)}"

    def clean_up(self) -> list[str]:
        """Delete what interrupted workers may have left, and stop embedded clusters; returns what could not be done."""
        problems = []
        for name, target in self.reached.items():
            if name in self._embedded or self.options.keep:
                continue
            try:
                delete_run(target.kubeconfig, target.context, self.run, target.setting.limits)
            except SmiError as error:
                problems.append(f"clean-up of {name} is incomplete: {error}; run: pytest-smi clean")
        self.stop()
        return problems

    def stop(self) -> None:
        """Stop embedded clusters."""
        while self._clusters:
            self._clusters.pop().stop()

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
        setting = Setting(
            mesh=name,
            profile=profile,
            versions=found.versions,
            absent=found.absent,
            limits=profile.limits.scaled(self.options.timeout),
            image=SAMPLE_APP_IMAGE,
            run=self.run,
            keep=self.options.keep,
        )
        self.reached[name] = Target(
            setting=setting,
            kubeconfig=str(kubeconfig) if kubeconfig else None,
            context=context,
            profile_path=str(known_profiles()[profile.name]),
        )
